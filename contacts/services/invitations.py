"""Invitations to people outside, and what they answer (RFC 5546)."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from contacts.models import Participant
from contacts.services import invitation_letters as letters_out
from contacts.services import letters
from contacts.templatetags.work import when
from crm.notify import notify


def untold(task):
    """Guests outside who do not know the task as it is now."""
    return task.participants.filter(user=None, told__lt=task.revision)


@transaction.atomic
def send(task, *, by):
    """Invite everybody outside who does not know the task as it is now. Returns how many letters that made.

    Raises LetterRefused when a person must not be written to; nobody is then.
    """
    guests = list(untold(task).select_related("contact"))
    for guest in guests:
        if guest.contact and (why := letters.refusal(guest.contact)):
            raise letters.LetterRefused(f"{guest}: {why}")
    for guest in guests:
        subject = gettext_noop("Changed: %(title)s") if guest.told >= 0 else gettext_noop("Invitation: %(title)s")
        letters_out.queue_for(task, guest, "REQUEST", subject, by)
        guest.told = task.revision
        # A new time asks anew.
        guest.answer, guest.answered_at = Participant.Answer.ASKED, None
        guest.save(update_fields=["told", "answer", "answered_at"])
    if guests:
        letters_out.note("task.invited", task, by, to=", ".join(map(str, guests)))
    return len(guests)


def cancel(task, *, by, only=None, without=(), hold=True):
    """Tell those who were invited that it does not take place, or not for them; not those with addresses in `without`."""
    told = (task.participants.all() if only is None else only).filter(user=None, told__gte=0).exclude(email__in=without)
    for guest in told.exclude(answer=Participant.Answer.DECLINED).select_related("contact"):
        letters_out.queue_for(task, guest, "CANCEL", gettext_noop("Cancelled: %(title)s"), by, held=hold)


def tell_colleague(task, user, by):
    """A colleague takes part: he learns it in the program."""
    with override(user.language), timezone.override(user.time_zone):
        values = {"by": by or _("The program"), "title": task.title, "when": when(task)}
        text = _("%(by)s counts on you: %(title)s, %(when)s") % values
    notify(user, "task.invited", text, task.get_absolute_url(), key=f"{task.pk}:{user.pk}")


def answer(task, participant, value, *, by=None, text="", at=None):
    """Note an answer; the owner is told. An answer older than the one we have changes nothing. Says whether it did."""
    at = at or timezone.now()
    if not take_up(Participant.objects.filter(pk=participant.pk), value, at):
        return False
    participant.answer = value
    tell_answer(task, participant, by=by, text=text, at=at)
    return True


def take_up(participants, value, at):
    """Write an answer given at an instant where it is news. Returns how many rows it was."""
    return participants.exclude(answer=value).exclude(answered_at__gt=at).update(answer=value, answered_at=at)


def tell_answer(task, participant, *, by=None, text="", at):
    """Note what a participant answers, and let the owner know."""
    letters_out.note("task.answered", task, by, name=str(participant), answer=participant.answer, text=text)
    if task.owner and task.owner != by:
        with override(task.owner.language):
            words = {"name": participant, "answer": participant.get_answer_display(), "title": task.title}
            said = _("%(name)s: %(answer)s (%(title)s)") % words
        notify(task.owner, "task.answered", said, task.get_absolute_url(), key=f"{participant.pk}:{at.isoformat()}")
