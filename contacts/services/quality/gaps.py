"""What is wrong with one record, in words, each with the way to mend it."""

from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from contacts.models import CompanyPair, ContactPair, QualityRule
from contacts.models.quality import Dimension
from contacts.services.quality import words
from contacts.services.quality.asking import ASKED
from contacts.services.quality.checks import check_named
from contacts.services.quality.rules import MODELS, field_of, may_know

# What the page of the record edits in place; everything else stands in the form of all fields.
_IN_PLACE = {
    "contact": {"email", "phone", "job_title", "company", "stage", "language", "time_zone", "city", "birthday_on", "owner", "source"},
    "company": {"domain", "email", "phone", "industry", "staff", "inn", "country", "city", "street", "postcode", "owner", "source"},
}  # fmt: skip


@dataclass
class Gap:
    """`url` leads to where it is mended; `field` is edited in place on the page, `act` posts ("verify")."""

    rule: QualityRule
    text: str
    fix: str
    field: str = ""
    url: str = ""
    label: str = ""
    act: str = ""


@dataclass
class Scores:
    """What the page of a record shows: the whole, the dimensions that apply as (label, score), the gaps, and whether the
    person can be asked for some of what is missing."""

    total: int
    dimensions: list
    gaps: list
    can_ask: bool


def scores_of(record, user):
    """The scores of a record as last measured, with the gaps that the user may know of; None while it waits for that."""
    kind = record._meta.model_name
    found = MODELS[kind][1].objects.filter(pk=record.pk).first()
    if found is None:
        return None
    asked = [(Dimension(name).label, getattr(found, name)) for name in Dimension.values]
    shown = [(label, score) for label, score in asked if score is not None]
    gaps = gaps_of(record, found, user)
    can_ask = kind == "contact" and bool(record.email) and any(gap.rule.field in ASKED for gap in gaps)
    return Scores(found.total, shown, gaps, can_ask)


def gaps_of(record, measured, user=None):
    """The gaps of a record, the heaviest first; without those in fields that are hidden from the user."""
    rules = QualityRule.objects.filter(pk__in=measured.gaps) if measured.gaps else []
    rules = [rule for rule in rules if may_know(user, rule)]
    return [gap_of(rule, record, measured.facts, user) for rule in sorted(rules, key=lambda r: (-r.weight, r.position))]


def gap_of(rule, record, facts=(), user=None):
    check = check_named(rule.test)
    kind, field = record._meta.model_name, field_of(rule)
    field = "first_name" if (kind, field) == ("contact", "name") else field
    gap = Gap(rule, words.gap_of(rule, facts), words.fix_of(rule), act=check.act if check else "")
    page = record.get_absolute_url()
    if gap.act == "merge":
        gap.url, gap.label = _twin(kind, record, user), _("Compare")
    elif gap.act == "points":
        gap.url, gap.label = f"{page}#rows-points", _("Addresses")
    elif gap.act == "roles":
        gap.url, gap.label = f"{page}#rows-employments", _("Roles in companies")
    elif gap.act == "verify":
        gap.url, gap.label = reverse("contacts:verification_create", args=[kind, record.pk]), _("Still right")
    elif field in _IN_PLACE[kind]:
        gap.field, gap.url = field, reverse(f"contacts:{kind}_field", args=[record.pk, field])
    elif field:
        gap.url = f"{reverse(f'contacts:{kind}_edit', args=[record.pk])}#id_{field}"
    return gap


def _twin(kind, record, user):
    """Where the record and its likeliest duplicate stand side by side; the desk for those who may not merge the two."""
    pairs = (ContactPair if kind == "contact" else CompanyPair).objects.open()
    pairs = pairs.mergeable_by(user).filter(Q(first=record.pk) | Q(second=record.pk)) if user else pairs.none()
    pair = pairs.order_by("-score", "pk").first()
    if pair is None:
        return reverse("contacts:duplicates" if kind == "contact" else "contacts:company_duplicates")
    return pair.merge_url_for(user)
