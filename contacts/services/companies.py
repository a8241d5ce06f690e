"""Acts on a company."""

from django.db import transaction

from contacts.models import Company
from contacts.services import group, points
from contacts.services.people import Conflict, company_named, note_change, shown_value
from contacts.services.quality.measuring import measure
from crm import tags
from crm.events import record

# Fields of which the record holds only a repetition, or that are acts of their own.
_ACTS = ("email", "phone", "parent", "owner")


@transaction.atomic
def create_company(form, *, by):
    """Make a company of what a form cleaned. The maker owns it unless the form names an owner."""
    data = form.cleaned_data
    company = Company(**{name: value for name, value in data.items() if name not in _ACTS}, custom=form.custom_values)
    company.assign_to(data["owner"] or by)
    company.save()
    tags.note(company.tags)
    record("company.created", company=company, target=company, actor=by)
    for name in ("email", "phone", "parent"):
        if data.get(name):
            _write(company, name, data[name], by=by)
    measure(company)
    return company


@transaction.atomic
def change_field(company, form, name, *, was, by):
    """Write one field of a company as a form cleaned it.

    `was` is what the page showed: raises Conflict when the record says something else by now, RingRefused when the
    group would close to a ring.
    """
    now = Company.objects.select_for_update(of=["self"]).select_related("owner", "parent").get(pk=company.pk)
    if was is not None and shown_value(now, name) != was:
        raise Conflict(shown_value(now, name))
    before = shown_value(now, name)
    _write(now, name, form.cleaned_data[name], by=by)
    now.refresh_from_db()
    measure(now)
    if name != "parent":
        note_change("company.changed", now, name, before, by=by)
    return now


def _write(company, name, value, *, by):
    if name in {"email", "phone"}:
        points.set_primary(company, name, value)
    elif name == "parent":
        group.put_below(company, company_named(value, by=by) if value.strip() else None, by=by)
    elif name == "owner":
        company.assign_to(value)
        company.save()
        record("company.assigned", company=company, actor=by, to=str(value or ""))
    else:
        setattr(company, name, value)
        company.save()
        if name == "tags":
            tags.note(value)
