"""Own fields that name a person or a company, on whatever kind of record."""

from contacts.models import Company, Contact
from contacts.services.merging.pointers import rule
from crm import custom
from crm.custom import sql
from crm.models import CustomField


@rule(Contact, CustomField)
def people_named_in_own_fields(changes, kept, gone):
    """What named the one that goes names the one that stays; retired fields too, for they may come back."""
    _rename(changes, CustomField.Kind.CONTACT, kept, gone)


@rule(Company, CustomField)
def companies_named_in_own_fields(changes, kept, gone):
    _rename(changes, CustomField.Kind.COMPANY, kept, gone)


def _rename(changes, kind, kept, gone):
    for field in CustomField.objects.filter(kind=kind).order_by("pk"):
        target = custom.target_of(field.subject)
        if target is None:
            continue
        rows = target.rows().annotate(named=sql.value(field)).filter(named=gone.pk)
        if isinstance(kept, target.model):
            # What stands on the two themselves is merged with their other fields.
            rows = rows.exclude(pk__in=[kept.pk, gone.pk])
        for row in rows:
            changes.update(target.model, [row.pk], custom=row.custom | {field.key: kept.pk})
