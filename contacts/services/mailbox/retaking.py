"""Judging letters of the ledger once more: what failed, and what was skipped while its people were not known."""

import imaplib
from collections import defaultdict

from contacts.models import ContactPoint, PersonalMailbox, SeenLetter
from contacts.services.mailbox import accounts, reading
from crm import outbox, outside
from crm.kept import keeping
from crm.mail import imap
from crm.models import User

State, Reason = SeenLetter.State, SeenLetter.Reason
# What can come out otherwise the next time. What was stored stays as it is.
OPEN = (Reason.UNKNOWN, Reason.EXCLUDED, Reason.INTERNAL, Reason.OLD)
MOST = 500


def retake(user, keys):
    """Look at these rows of the user's ledger again. Returns how many could not be: the server is away, or they are
    stored."""
    rows = SeenLetter.objects.visible_to(user).filter(pk__in=keys).exclude(state=State.STORED)
    rows = rows.filter(reason__in=[*OPEN, Reason.WITHHELD, Reason.BROKEN])
    found = list(rows.select_related("folder__mailbox__user", "letter").order_by("folder", "uid")[:MOST])
    try:
        return len(keys) - _again(found)
    except (OSError, imaplib.IMAP4.error, imap.SignInRefused, outside.Refused, accounts.NoToken):
        return len(keys)


def _again(rows):
    by_folder = defaultdict(list)
    for row in rows:
        by_folder[row.folder].append(row)
    if not by_folder:
        return 0
    mailbox, done = rows[0].folder.mailbox, 0
    if mailbox.state != PersonalMailbox.State.ACTIVE:
        return 0
    with keeping(), imap.mailbox(accounts.server_of(mailbox, "imap")) as box:
        for folder, some in by_folder.items():
            if box.look_at(folder.path) != folder.uid_validity:
                continue  # numbered anew: the next look reads the whole folder again
            heads = box.heads([row.uid for row in some])
            for row in some:
                row.attempts, row.detail = row.attempts + 1, ""
                reading.take_one(box, mailbox, row, heads.get(row.uid))
                done += row.state != State.FAILED
    return done


def note_contact(event):
    """Somebody made a contact: letters with this person that were skipped in his own mailbox are looked at again."""
    mailbox = PersonalMailbox.objects.filter(user=event.actor_id, state=PersonalMailbox.State.ACTIVE).first()
    if mailbox and event.contact_id:
        outbox.put("mailbox.retake", f"{mailbox.pk}:{event.contact_id}", {"user": event.actor_id, "contact": event.contact_id})  # fmt: skip


@outbox.handler("mailbox.retake", queue="events", atomic=False)
def retake_of(payload):
    """Look again at the skipped letters of a person who is known now."""
    user = User.objects.filter(pk=payload["user"]).first()
    norms = ContactPoint.objects.filter(contact=payload["contact"], kind="email").values_list("norm", flat=True)
    rows = SeenLetter.objects.visible_to(user).filter(state=State.SKIPPED, reason=Reason.UNKNOWN)
    for norm in norms if user else []:
        mine = rows.filter(sender=norm) | rows.filter(recipients__contains=norm)
        retake(user, list(mine.order_by("-pk").values_list("pk", flat=True)[:MOST]))
