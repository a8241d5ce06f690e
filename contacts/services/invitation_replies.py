"""Answers of people outside to invitations, out of the letters that bring them (RFC 5546, RFC 6047)."""

import email
import email.policy
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import Participant, Task
from contacts.services import series_guests
from contacts.services.invitations import answer
from crm import ical
from crm.notify import notify
from crm.templatetags.ui import day_and_clock

ANSWERS = {
    "ACCEPTED": Participant.Answer.ACCEPTED,
    "TENTATIVE": Participant.Answer.TENTATIVE,
    "DECLINED": Participant.Answer.DECLINED,
}


def take_reply(raw, sender):
    """Take the answer to an invitation out of a letter. Returns what became of it in words, "" when it holds none.

    Whoever holds the invitation may answer for himself only: the sender has to be the guest.
    """
    method, events = _calendar_in(raw)
    if method not in {"REPLY", "COUNTER"}:
        return ""
    for entry in events:
        task, guest, is_of_all = _asked(entry, sender)
        if task is None:
            return "an answer to an invitation that is not ours or no longer there"
        if guest is None:
            return "an answer by somebody who was not invited"
        return _take(task, guest, method, entry, sender, is_of_all)
    return "an answer without an event"


def _asked(entry, sender):
    """(task, guest, whether it speaks for all of what repeats) that an answer is about; None for what is not there."""
    task = Task.objects.filter(uid=_uid_in(entry)).exclude(uid="").select_related("owner", "contact", "company").first()
    if task:
        return task, task.participants.filter(email=sender.lower(), user=None).first(), False
    found = series_guests.asked(_uid_in(entry), entry, sender) or (None, None)
    return *found, bool(found[1]) and "recurrence-id" not in entry


def _take(task, guest, method, entry, sender, is_of_all):
    if method == "COUNTER":
        _tell_proposal(task, guest, entry)
        return "another time was proposed"
    value = next((ANSWERS.get(state) for who, state in _states(entry) if who == sender.lower()), None)
    if value is None:
        return "an answer that says neither yes nor no"
    told = series_guests.told_to(task.recurrence, guest.email) if is_of_all else guest.told
    if int(entry.get("sequence", told)) < told:
        return "an answer to an earlier version of the invitation"
    stamp = entry.get("dtstamp")
    now = timezone.now()
    at = min(stamp.dt.astimezone(UTC), now) if stamp and isinstance(stamp.dt, datetime) else now
    take = series_guests.answer_all if is_of_all else answer
    is_news = take(task, guest, value, text=str(entry.get("comment", ""))[:1000], at=at)
    return f"answer to an invitation: {value}" if is_news else "known already"


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


def _uid_in(entry):
    """The name of the task or rule that an entry from outside is about."""
    return str(entry.get("uid", "")).partition("@")[0][:32]


def _states(entry):
    """(address, PARTSTAT) of those an answer speaks for."""
    people = entry.get("attendee", [])
    for person in people if isinstance(people, list) else [people]:
        yield str(person).lower().removeprefix("mailto:"), str(person.params.get("PARTSTAT", "")).upper()
