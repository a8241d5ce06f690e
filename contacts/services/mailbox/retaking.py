"""Judging letters of the ledger once more: what failed, and what was skipped while its people were not known.

A row is marked and the next look at its mailbox takes it up: whoever asks waits for no server, and what was asked for
is not lost when a worker dies.
"""

from django.db.models import Q
from django.utils import timezone

from contacts.models import ContactPoint, PersonalMailbox, SeenLetter

State, Reason = SeenLetter.State, SeenLetter.Reason
# What can come out otherwise the next time. What was stored stays as it is, what is gone from the server is gone.
OPEN = (Reason.UNKNOWN, Reason.EXCLUDED, Reason.INTERNAL, Reason.OLD, Reason.WITHHELD, Reason.BROKEN)


def retake(user, keys):
    """Have these rows of the user's ledger judged again within a minute. Returns how many are left as they are, because
    nothing else can come of them or their mailbox is not read."""
    rows = SeenLetter.objects.visible_to(user).filter(pk__in=keys)
    return len(keys) - _mark(user, rows)


def note_contact(event):
    """Somebody made a contact: letters with this person that were skipped in his own mailbox are looked at again."""
    norms = ContactPoint.objects.filter(contact=event.contact_id, kind=ContactPoint.Kind.EMAIL).values_list(
        "norm", flat=True
    )
    with_them = Q(pk__in=[])
    for norm in norms:
        with_them |= Q(sender=norm) | Q(recipients__contains=norm)
    _mark(
        event.actor_id,
        SeenLetter.objects.filter(with_them, folder__mailbox__user=event.actor_id, reason=Reason.UNKNOWN),
    )


def _mark(user, rows):
    mailboxes = PersonalMailbox.objects.filter(user=user, state=PersonalMailbox.State.ACTIVE)
    rows = rows.filter(state__in=[State.SKIPPED, State.FAILED], reason__in=OPEN, folder__mailbox__in=mailboxes)
    marked = rows.update(state=State.AGAIN)
    if marked:
        mailboxes.update(next_at=timezone.now())
    return marked
