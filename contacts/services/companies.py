"""Acts on a company."""

from django.db import transaction

from contacts.models import Company
from contacts.services.people import Conflict, shown_value
from crm.events import record


@transaction.atomic
def change_field(company, form, name, *, was, by):
    """Write one field of a company as a form cleaned it.

    `was` is what the page showed: raises Conflict when the record says something else by now.
    """
    now = Company.objects.select_for_update(of=["self"]).select_related("owner").get(pk=company.pk)
    if was is not None and shown_value(now, name) != was:
        raise Conflict(shown_value(now, name))
    value = form.cleaned_data[name]
    if name == "owner":
        now.assign_to(value)
        record("company.assigned", company=now, actor=by, to=str(value or ""))
    else:
        setattr(now, name, value)
    now.save()
    return now
