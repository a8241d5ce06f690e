"""A look into the mailbox, and what its ledger says."""

from contacts.models import SeenLetter
from contacts.services.mailbox import reading

State, Reason = SeenLetter.State, SeenLetter.Reason


def ledger():
    return list(SeenLetter.objects.order_by("folder", "uid").values_list("message_id", "state", "reason"))


def look(mailbox):
    seen = reading.look(mailbox.pk)
    mailbox.refresh_from_db()
    assert mailbox.last_error == ""
    return seen
