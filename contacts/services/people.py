"""Acts on contacts and companies that span several tables."""

from django.db import transaction
from django.utils import timezone

from contacts.models import Company, Contact, ContactPoint, Employment, Task
from contacts.services import next_steps, points
from contacts.services.employments import keep_employment, repeat_main
from contacts.services.lifecycle import set_stage
from contacts.services.quality.measuring import measure
from crm import notes, participants, registry, tags
from crm.events import record
from crm.text import sort_key


class FieldRefused(ValueError):
    """The value cannot stand in this field; the message says why."""


class Conflict(Exception):
    """Somebody else changed the field since the page was opened. `current` is what stands there now."""

    def __init__(self, current):
        self.current = current


@transaction.atomic
def create_contact(*, by, email="", phone="", company_name="", source_event="", **fields):
    """Make a contact with its addresses and company. The maker owns it unless `owner` says otherwise."""
    owner = fields.pop("owner", None) or by
    contact = Contact(**fields)
    if owner:
        contact.assign_to(owner)
    contact.save()
    for kind, value in ((ContactPoint.Kind.EMAIL, email), (ContactPoint.Kind.PHONE, phone)):
        if value:
            points.add_point(contact, kind, value, primary=True)
    if company_name.strip():
        set_company(contact, company_name, by=by)
    measure(contact)
    tags.note(contact.tags)
    record("contact.created", contact=contact, company=contact.company, target=contact, actor=by, how=source_event)
    return contact


@transaction.atomic
def set_company(contact, name, *, by):
    """Make the company of that name the person's main one; a new name makes a new company, "" none."""
    Contact.objects.select_for_update().get(pk=contact.pk)
    company = company_named(name, by=by) if name.strip() else None
    if company:
        known = Employment.objects.filter(contact=contact, company=company, role=contact.job_title).first()
        keep_employment(
            contact, company, by=by, employment=known, role=contact.job_title, is_primary=True, has_left=False
        )
    else:
        Employment.objects.filter(contact=contact, is_primary=True).update(is_primary=False)
        repeat_main(contact)
    return company


def company_named(name, *, by):
    """The company of that name among those the person may see, else a new one of theirs."""
    found = Company.objects.visible_to(by).filter(name_key=sort_key(name)).order_by("pk").first() if by else None
    if found:
        return found
    company = Company(name=name.strip()[:200])
    if by:
        company.assign_to(by)
    company.save()
    record("company.created", company=company, target=company, actor=by)
    return company


@transaction.atomic
def change_field(contact, form, name, *, was, by):
    """Write one field of a contact as a form cleaned it.

    `was` is what the page showed: raises Conflict when the record says something else by now.
    """
    now = Contact.objects.select_for_update(of=["self"]).select_related("company", "owner").get(pk=contact.pk)
    if was is not None and shown_value(now, name) != was:
        raise Conflict(shown_value(now, name))
    value, before = form.cleaned_data[name], shown_value(now, name)
    if name in {"email", "phone"}:
        points.set_primary(now, name, value)
    elif name == "company":
        set_company(now, value, by=by)
    elif name == "owner":
        assign_contact(now, value, by=by)
    elif name == "stage":
        set_stage(now, value, by=by)
    else:
        setattr(now, name, value)
        if name == "birthday_on":
            now.birthday_has_year = form.cleaned_data.get("birthday_has_year", True)
        now.save()
    if name == "job_title":
        _follow_title(now)
    elif name == "tags":
        tags.note(value)
    now.refresh_from_db()
    measure(now)
    note_change("contact.changed", now, name, before, by=by)
    return now


@transaction.atomic
def put_back(record, before, told, *, by):
    """Give a person or a company, locked, the values back that a change of many has altered: {column: value}.

    What was told of the change, the fields `told` among them, is told of its end.
    """
    shown = {name: shown_value(record, name) for name in before.keys() & told}
    for name, value in before.items():
        if name != "stage":
            setattr(record, name, value)
    record.save()
    if "stage" in before:
        set_stage(record, before["stage"], by=by)
    if "job_title" in before:
        _follow_title(record)
    measure(record)
    for name, was in shown.items():
        note_change(f"{record.access_kind}.changed", record, name, was, by=by)


def note_change(kind, now, name, before, *, by):
    """Say in the stream that a field says something else; what has an event of its own says nothing more."""
    after = shown_value(now, name)
    if after == before or name in {"stage", "owner"}:
        return
    contact = now if isinstance(now, Contact) else None
    company = contact.company if contact else now
    data = {"field": name, "before": before[:200], "after": after[:200]}
    record(kind, contact=contact, company=company, target=now, actor=by, **data)


def _follow_title(contact):
    """The role in the main company is what the contact's job title says, unless that role stands there already."""
    mine = Employment.objects.filter(contact=contact)
    main = mine.filter(is_primary=True).first()
    if main and not mine.filter(company=main.company_id, role=contact.job_title).exists():
        mine.filter(pk=main.pk).update(role=contact.job_title)


def assign_contact(contact, owner, *, by):
    """Give a person to somebody, or to nobody."""
    contact.assign_to(owner)
    contact.save(update_fields=["owner", "team"])
    record("contact.assigned", contact=contact, company=contact.company, actor=by, to=str(owner or "–"))


def shown_value(about, name):
    """A field's value as text, as the page and the conflict check hold it."""
    value = getattr(about, name)
    if name == "tags":
        return ", ".join(value)
    if name == "owner":
        return str(about.owner_id or "")
    return "" if value is None else str(value)


@transaction.atomic
def log_talk(about, kind, text, *, by, minutes=None, uploads=()):
    """Write a note, a call or a meeting on a person, a company or a record of theirs. Returns what was written."""
    contact, company = parties_of(about)
    if contact or company:
        touch(contact or company)
    names = {"note": "note.added", "call": "call.logged", "meeting": "meeting.held"}
    data = {"minutes": minutes} if minutes else {}
    return notes.write_note(about, names[kind], text, by=by, uploads=uploads, contact=contact, company=company, **data)


def parties_of(about):
    """The (person, company) with whom a record has to do: itself and its own, or those a higher app names."""
    if isinstance(about, Contact):
        return about, about.company
    if isinstance(about, Company):
        return None, about
    return registry.work_target_of(about._meta.label_lower).parties(about)


def touch(about, at=None):
    """Note that somebody had to do with this person or company."""
    at = at or timezone.now()
    company = about.company_id if isinstance(about, Contact) else about.pk
    if isinstance(about, Contact):
        Contact.objects.filter(pk=about.pk).exclude(last_touch_at__gt=at).update(last_touch_at=at)
    if company:
        Company.objects.filter(pk=company).exclude(last_touch_at__gt=at).update(last_touch_at=at)


@transaction.atomic
def delete_contact(contact, *, by):
    """Delete a person. The stream keeps what happened, without the person's page."""
    record("contact.deleted", company=contact.company, actor=by, title=str(contact))
    participants.forget(contact)
    gone = list(contact.tasks.filter(done_at=None))
    contact.delete()
    # The company and the deals of the tasks that went with the person show another next step now.
    next_steps.refresh(*gone)


@transaction.atomic
def delete_company(company, *, by):
    """Delete a company. Its people stay, and so does what is to be done for them."""
    record("company.deleted", actor=by, title=str(company))
    Task.objects.filter(company=company, contact__isnull=False).update(company=None)
    participants.forget(company)
    company.delete()
