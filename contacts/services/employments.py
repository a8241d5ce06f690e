"""The roles of people in companies; the main one is repeated on the contact for lists."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import Contact, Employment
from crm.events import record


class EmploymentRefused(ValueError):
    """The role cannot be kept; the message says why."""


@transaction.atomic
def keep_employment(contact, company, *, by, employment=None, **fields):
    """Add a role in a company or change one. The first one that has not been left is the main one."""
    Contact.objects.select_for_update().get(pk=contact.pk)
    row = employment or Employment(contact=contact)
    row.company = company
    for name, value in fields.items():
        setattr(row, name, value)
    if row.has_left and not row.until_on:
        row.until_on = timezone.localdate()
    wish = row.is_primary and not row.has_left
    row.is_primary = False
    others = Employment.objects.filter(contact=contact).exclude(pk=row.pk)
    if wish or (not row.has_left and not others.filter(is_primary=True).exists()):
        others.update(is_primary=False)
        row.is_primary = True
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise EmploymentRefused(_("This role in this company stands here already. Change that one."))
    _settle_main(contact)
    return row


@transaction.atomic
def move_to_company(contact, company, *, by, role="", since_on=None):
    """The person left the main company and works in another one now. What was before stays as history."""
    since_on = since_on or timezone.localdate()
    main = Employment.objects.select_for_update().filter(contact=contact, is_primary=True).first()
    if main and main.company_id != company.pk:
        until = max(since_on, main.since_on) if main.since_on else since_on
        Employment.objects.filter(contact=contact, company=main.company_id, has_left=False).update(
            is_primary=False, has_left=True, until_on=until
        )
    row = keep_employment(
        contact, company, by=by, employment=_same(contact, company, role),
        role=role, since_on=since_on, until_on=None, has_left=False, is_primary=True,
    )  # fmt: skip
    before = main.company if main else None
    record("contact.moved", contact=contact, company=company, actor=by, before=str(before or "–"), after=str(company))
    return row


def _same(contact, company, role):
    return Employment.objects.filter(contact=contact, company=company, role=role).first()


@transaction.atomic
def remove_employment(employment):
    """Take out a role that was entered by mistake; one that was left is kept as history instead."""
    contact = employment.contact
    employment.delete()
    _settle_main(contact)


def _settle_main(contact):
    """Give a person without a main role the oldest that was not left, and write it onto the contact."""
    mine = Employment.objects.filter(contact=contact)
    if not mine.filter(is_primary=True).exists() and (next_one := mine.filter(has_left=False).order_by("pk").first()):
        mine.filter(pk=next_one.pk).update(is_primary=True)
    repeat_main(contact)


def repeat_main(contact):
    """Write the main company and the role in it onto the contact."""
    main = Employment.objects.filter(contact=contact, is_primary=True).select_related("company").first()
    contact.company = main.company if main else None
    if main:
        contact.job_title = main.role
    Contact.objects.filter(pk=contact.pk).update(company=contact.company, job_title=contact.job_title)


def employments_of(contact):
    """The present roles, the main one first, then those that were left, the latest first."""
    rows = Employment.objects.filter(contact=contact).select_related("company")
    return rows.order_by("has_left", "-is_primary", "-until_on", "-since_on", "pk")
