"""The letters that carry invitations (RFC 6047): what stands in the calendar of people outside."""

from datetime import timedelta

from django.template.defaultfilters import linebreaks
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import Contact
from contacts.services import ical_series, rule_words
from contacts.templatetags.work import when
from crm import ical
from crm import recurrence as rules
from crm.events import record
from crm.mail import Content, queue_mail, renderer
from crm.mail.addresses import company_sender, message_domain
from crm.models import Workspace

PURPOSE = "contacts.invitation"
SHORTEST = 30  # minutes that a task without an end takes in a calendar outside
HOLD = timedelta(seconds=12)  # in which a deletion can be taken back before anybody hears of it


def entry_of(task, *, title=None, text="", place="", url="", status="CONFIRMED", uid="", zone="", revision=None):
    """The task as an entry of a calendar outside, under its own name unless `uid` gives that of what repeats."""
    end = task.ends_at or task.due_at + timedelta(minutes=task.type.minutes if task.type_id else SHORTEST)
    return ical.event(
        f"{uid or task.uid or f'task-{task.pk}'}@{message_domain()}",
        title=title or task.title,
        start=task.day_on or task.due_at,
        end=task.last_on + timedelta(days=1) if task.day_on else end,
        zone=zone,
        stamp=timezone.now(),
        sequence=task.revision if revision is None else revision,
        status=status,
        text=text,
        place=place,
        url=url,
    )


def entry_for_guests(task, **more):
    """The task as people outside may see it: never the note, which is ours."""
    return entry_of(task, place=task.place, text=task.place_url, **more)


def known_to(row):
    """Addresses of those outside who have a rule in their calendar."""
    return {person["email"].lower() for person in row.people if person.get("told", -1) >= 0} if row else set()


def queue_for(task, guest, method, subject, by, *, held=False):
    """One letter about one task. Who has its rule in the calendar gets it as an occurrence of that."""
    row = task.recurrence
    is_part = (
        bool(row and task.slot)
        and guest.email in known_to(row)
        and rules.has(row.rule, row.first, rules.slot_of(task.slot))
    )
    more = ical_series.name_in(row, task) if is_part else {}
    entry = entry_for_guests(task, status="CANCELLED" if method == "CANCEL" else "CONFIRMED", **more)
    if is_part:
        ical.instead(entry, rules.slot_of(task.slot), row.zone, whole=row.whole_day)
    key = f"invitation:{task.pk}:{guest.pk}:{method}:{task.revision}"
    queue(task, guest, method, subject, by, entries=[entry], key=key, held=held)


def queue(task, guest, method, subject, by, *, entries, key, held=False, first=None, rule="", refs=None):
    """Put one letter with its calendar part into the queue, in the language of the guest. `held` ones can be taken back
    for some seconds. About what repeats it tells the `first` one and the `rule` instead of the task."""
    said = first or task
    contact = guest.contact
    language = (contact.language if contact else "") or Workspace.get().language
    with override(language if language in {"en", "ru"} else "en"), timezone.override(Workspace.get().time_zone):
        subject = _(subject) % {"title": said.title}
        at = when(said) if said.day_on else f"{when(said)} ({timezone.get_current_timezone_name()})"
        lines = [subject, at, rule and rule_words.sentence(rule), said.place]
        text = "\n".join(filter(None, lines)) + f"\n\n-- \n{said.owner or by or Workspace.get().name}"
    name, address = company_sender()
    for entry in entries:
        ical.invite(entry, organizer=(str(said.owner or name), address), guest=(str(guest), guest.email))
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
        key=key,
        due_at=timezone.now() + HOLD if held else None,
        refs={"method": method, "calendar": ical.calendar(entries, method=method).decode()} | (refs or {}),
    )


@renderer(PURPOSE)
def render(deliveries):
    return {
        d.pk: Content(d.subject, d.text, d.html, calendar=(d.refs["method"], d.refs["calendar"])) for d in deliveries
    }


def note(kind, task, by, **data):
    """An event of a task in the stream."""
    record(kind, contact=task.contact, company=task.company, target=task, actor=by, title=task.title, **data)
