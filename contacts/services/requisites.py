"""Legal entities of a company; the main one's number is repeated on the company."""

from django.db import transaction

from contacts.models import Company, Requisite
from crm.events import record


@transaction.atomic
def keep_requisite(requisite, accounts, *, by):
    """Save an entity and its accounts (a bound formset, or None). The first entity of a company is the main one."""
    company = Company.objects.select_for_update().get(pk=requisite.company_id)
    is_new = requisite.pk is None
    others = Requisite.objects.filter(company=company).exclude(pk=requisite.pk)
    if requisite.is_primary:
        others.update(is_primary=False)
    elif not others.filter(is_primary=True).exists():
        requisite.is_primary = True
    requisite.version = 1 if is_new else requisite.version + 1
    requisite.save()
    if accounts is not None:
        accounts.instance = requisite
        accounts.save()
    _repeat_number(company)
    kind = "requisites.added" if is_new else "requisites.changed"
    record(kind, company=company, target=company, actor=by, title=str(requisite))
    return requisite


@transaction.atomic
def remove_requisite(requisite, *, by):
    """Remove an entity with its accounts; the oldest of those left becomes the main one."""
    company = Company.objects.select_for_update().get(pk=requisite.company_id)
    title = str(requisite)
    requisite.delete()
    left = Requisite.objects.filter(company=company)
    if not left.filter(is_primary=True).exists() and (oldest := left.order_by("pk").first()):
        left.filter(pk=oldest.pk).update(is_primary=True)
    _repeat_number(company)
    record("requisites.removed", company=company, target=company, actor=by, title=title)


def _repeat_number(company):
    """The number of the main entity, for lists, search and duplicates. A company without one keeps what it had."""
    main = Requisite.objects.filter(company=company, is_primary=True).first()
    if main and (number := main.inn or main.vat_id):
        Company.objects.filter(pk=company.pk).update(inn=number)


def twins_of(requisite, user):
    """Requisites of the same legal entity at other companies that the user may see: at most five."""
    companies = Company.objects.visible_to(user).exclude(pk=requisite.company_id)
    found = Requisite.objects.same_entity(requisite).filter(company__in=companies)
    return list(found.select_related("company")[:5])
