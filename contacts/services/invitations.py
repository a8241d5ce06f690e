"""Invitations by mail to people outside, and their answers (RFC 5546, RFC 6047)."""

import email
import email.policy
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.template.defaultfilters import linebreaks
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from contacts.models import Contact, Participant, Task
from contacts.services import letters
from contacts.templatetags.work import when
from crm import ical
from crm.events import record
from crm.mail import Content, queue_mail, renderer
from crm.mail.addresses import company_sender, message_domain
from crm.models import Workspace
from crm.notify import notify
from crm.templatetags.ui import day_and_clock

PURPOSE = "contacts.invitation"
SHORTEST = 30  # minutes that a task without an end takes in a calendar outside
HOLD = timedelta(seconds=12)  # in which a deletion can be taken back before anybody hears of it
ANSWERS = {
    "ACCEPTED": Participant.Answer.ACCEPTED,
    "TENTATIVE": Participant.Answer.TENTATIVE,
    "DECLINED": Participant.Answer.DECLINED,
}


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
        _queue(task, guest, "REQUEST", subject, by)
        guest.told = task.revision
        # A new time asks anew.
        guest.answer, guest.answered_at = Participant.Answer.ASKED, None
        guest.save(update_fields=["told", "answer", "answered_at"])
    if guests:
        _note("task.invited", task, by, to=", ".join(map(str, guests)))
    return len(guests)


def cancel(task, *, by, only=None):
    """Tell those who were invited that it does not take place, or not for them."""
    told = (task.participants.all() if only is None else only).filter(user=None, told__gte=0)
    for guest in told.exclude(answer=Participant.Answer.DECLINED).select_related("contact"):
        _queue(task, guest, "CANCEL", gettext_noop("Cancelled: %(title)s"), by)


def tell_colleague(task, user, by):
    """A colleague takes part: he learns it in the program."""
    with override(user.language), timezone.override(user.time_zone):
        values = {"by": by or _("The program"), "title": task.title, "when": when(task)}
        text = _("%(by)s counts on you: %(title)s, %(when)s") % values
    notify(user, "task.invited", text, task.get_absolute_url(), key=f"{task.pk}:{user.pk}")


def answer(task, participant, value, *, by=None, text="", at=None):
    """Note an answer; the owner is told. An answer older than the one we have changes nothing. Says whether it did."""
    at = at or timezone.now()
    rows = Participant.objects.filter(pk=participant.pk).exclude(answer=value).exclude(answered_at__gt=at)
    if not rows.update(answer=value, answered_at=at):
        return False
    participant.answer = value
    _note("task.answered", task, by, name=str(participant), answer=participant.get_answer_display(), text=text)
    if task.owner and task.owner != by:
        with override(task.owner.language):
            words = {"name": participant, "answer": participant.get_answer_display(), "title": task.title}
            said = _("%(name)s: %(answer)s (%(title)s)") % words
        notify(task.owner, "task.answered", said, task.get_absolute_url(), key=f"{participant.pk}:{at.isoformat()}")
    return True


def take_reply(raw, sender):
    """Take the answer to an invitation out of a letter. Returns what became of it in words, "" when it holds none.

    Whoever holds the invitation may answer for himself only: the sender has to be the guest.
    """
    method, events = _calendar_in(raw)
    if method not in {"REPLY", "COUNTER"}:
        return ""
    for entry in events:
        task = (
            Task.objects.filter(uid=_uid_of(entry))
            .exclude(uid="")
            .select_related("owner", "contact", "company")
            .first()
        )
        if task is None:
            return "an answer to an invitation that is not ours or no longer there"
        guest = task.participants.filter(email=sender.lower(), user=None).first()
        if guest is None:
            return "an answer by somebody who was not invited"
        return _take(task, guest, method, entry, sender)
    return "an answer without an event"


def _take(task, guest, method, entry, sender):
    if method == "COUNTER":
        _tell_proposal(task, guest, entry)
        return "another time was proposed"
    value = next((ANSWERS.get(state) for who, state in _states(entry) if who == sender.lower()), None)
    if value is None:
        return "an answer that says neither yes nor no"
    if int(entry.get("sequence", task.revision)) < guest.told:
        return "an answer to an earlier version of the invitation"
    stamp = entry.get("dtstamp")
    at = min(stamp.dt.astimezone(UTC), timezone.now()) if stamp and isinstance(stamp.dt, datetime) else None
    comment = str(entry.get("comment", ""))[:1000]
    return f"answer to an invitation: {value}" if answer(task, guest, value, text=comment, at=at) else "known already"


def _tell_proposal(task, guest, entry):
    start = entry.get("dtstart")
    if task.owner is None or start is None or not isinstance(start.dt, datetime):
        return
    with override(task.owner.language), timezone.override(task.owner.time_zone):
        moment = start.dt if start.dt.tzinfo else timezone.make_aware(start.dt)
        text = _("%(name)s proposes another time for %(title)s: %(when)s") % {
            "name": guest, "title": task.title, "when": day_and_clock(moment),
        }  # fmt: skip
    notify(task.owner, "task.answered", text, task.get_absolute_url(), key=f"{guest.pk}:{moment.isoformat()}")


def _calendar_in(raw):
    """(method, events) of the first calendar in a letter; ("", []) when there is none that can be read."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    for part in message.walk():
        if part.get_content_type() == "text/calendar":
            content = part.get_payload(decode=True) or b""
            try:
                return ical.read(content.decode(part.get_content_charset() or "utf-8", "replace"))
            except (ValueError, LookupError, IndexError, KeyError):
                return "", []
    return "", []


def _uid_of(entry):
    return str(entry.get("uid", "")).partition("@")[0][:32]


def _states(entry):
    """(address, PARTSTAT) of those an answer speaks for."""
    people = entry.get("attendee", [])
    for person in people if isinstance(people, list) else [people]:
        yield str(person).lower().removeprefix("mailto:"), str(person.params.get("PARTSTAT", "")).upper()


def entry_of(task, *, title=None, text="", place="", url="", status="CONFIRMED", uid="", zone=""):
    """The task as an entry of a calendar outside, under its own name unless `uid` gives that of what repeats."""
    end = task.ends_at or task.due_at + timedelta(minutes=task.type.minutes if task.type_id else SHORTEST)
    return ical.event(
        f"{uid or task.uid or f'task-{task.pk}'}@{message_domain()}",
        title=title or task.title,
        start=task.day_on or task.due_at,
        end=task.last_on + timedelta(days=1) if task.day_on else end,
        zone=zone,
        stamp=timezone.now(),
        sequence=task.revision,
        status=status,
        text=text,
        place=place,
        url=url,
    )


def _queue(task, guest, method, subject, by):
    """Put one letter with its calendar part into the queue, in the language of the guest."""
    contact = guest.contact
    language = (contact.language if contact else "") or Workspace.get().language
    with override(language if language in {"en", "ru"} else "en"), timezone.override(Workspace.get().time_zone):
        subject = _(subject) % {"title": task.title}
        lines = [subject, f"{day_and_clock(task.due_at)} ({timezone.get_current_timezone_name()})", task.place]
        text = "\n".join(filter(None, lines)) + f"\n\n-- \n{task.owner or by or Workspace.get().name}"
    name, address = company_sender()
    entry = entry_of(
        task, place=task.place, text=_shown(task), status="CANCELLED" if method == "CANCEL" else "CONFIRMED"
    )
    ical.invite(entry, organizer=(str(task.owner or name), address), guest=(str(guest), guest.email))
    queue_mail(
        to=guest.email,
        to_name=guest.name,
        subject=subject,
        text=text,
        html=linebreaks(text, autoescape=True),
        contact=contact if isinstance(contact, Contact) else None,
        target=task,
        by=by,
        purpose=PURPOSE,
        key=f"invitation:{task.pk}:{guest.pk}:{method}:{task.revision}",
        due_at=timezone.now() + HOLD if method == "CANCEL" else None,
        refs={"method": method, "calendar": ical.calendar([entry], method=method).decode()},
    )


def _shown(task):
    """What a guest reads in the entry: never the note, which is ours."""
    return task.place_url


@renderer(PURPOSE)
def render(deliveries):
    return {
        d.pk: Content(d.subject, d.text, d.html, calendar=(d.refs["method"], d.refs["calendar"])) for d in deliveries
    }


def _note(kind, task, by, **data):
    record(kind, contact=task.contact, company=task.company, target=task, actor=by, title=task.title, **data)
