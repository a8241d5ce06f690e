"""The quality of a person once more, rule by rule in Python: slow and plain, to hold the database's formula against."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from contacts.models import CompanyQuality, ContactPair, ContactPoint, Employment
from contacts.models.quality import Dimension
from contacts.services.quality import facts
from contacts.services.quality.checks import FREE_MAIL


def scores(contact, rules, weights, now, region):
    """({dimension: score or None}, total, ids of the gaps)."""
    seen = facts.of_contact(contact, region)
    shares = [(rule, _share(rule, contact, seen, now)) for rule in rules]
    found = {
        name: _mean([(rule.weight, s) for rule, s in shares if rule.dimension == name]) for name in Dimension.values
    }
    asked = [(weights[name], score) for name, score in found.items() if score is not None]
    whole = sum(weight for weight, _score in asked)
    total = sum(weight * score for weight, score in asked) / whole if whole else Decimal(0)
    gaps = [rule.pk for rule, share in shares if share is not None and share < 0.5]
    return found, int(total.quantize(Decimal(1), ROUND_HALF_UP)), gaps


def _mean(weighed):
    asked = [(weight, share) for weight, share in weighed if share is not None]
    if not asked:
        return None
    value = 100 * sum(weight * share for weight, share in asked) / sum(weight for weight, _share in asked)
    return Decimal(f"{value:.15g}").quantize(Decimal("0.1"), ROUND_HALF_UP)


def _share(rule, contact, seen, now):
    if rule.team_id and rule.team_id != contact.team_id:
        return None
    return _TESTS[rule.test](rule, contact, seen, now)


def _filled(rule, contact, seen, now):
    return float(
        bool(contact.first_name or contact.last_name if rule.field == "name" else getattr(contact, rule.field))
    )


def _unless(code, applies):
    return lambda rule, c, seen, now: float(code not in seen) if applies(c) else None


def _bounced(rule, contact, seen, now):
    dead = any(
        p.is_primary and p.kind == "email" and p.bounced_at for p in ContactPoint.objects.filter(contact=contact)
    )
    return float(not dead) if contact.email else None


def _company(rule, contact, seen, now):
    if not contact.company:
        return None
    theirs = CompanyQuality.objects.filter(pk=contact.company_id).first()
    return float(not (theirs and "name" in theirs.facts))


def _halved(at, rule, now):
    return 0.5 ** (max((now - at).days, 0) / rule.days)


def _alone(rule, contact, seen, now):
    pairs = [
        pair
        for pair in ContactPair.objects.all()
        if contact.pk in (pair.first_id, pair.second_id) and pair.state == "open"
    ]
    return 1.0 - max((pair.score for pair in pairs), default=0.0)


def _has_left(rule, contact, seen, now):
    roles = Employment.objects.filter(contact=contact, is_primary=True)
    return float(not any(role.has_left for role in roles)) if contact.company else None


def _mail_domain(rule, contact, seen, now):
    domain = contact.email.rpartition("@")[2]
    if not contact.email or not contact.company or not contact.company.domain or domain in FREE_MAIL:
        return None
    return float(
        domain == contact.company.domain.lower().removeprefix("https://").removeprefix("www.").partition("/")[0]
    )


_TESTS = {
    "filled": _filled,
    "name": _unless("name", lambda c: c.first_name or c.last_name),
    "last_name": _unless("last_name", lambda c: c.last_name),
    "email": _unless("email", lambda c: c.email),
    "bounced": _bounced,
    "phone": _unless("phone", lambda c: c.phone),
    "company": _company,
    "owner": lambda rule, c, seen, now: float(c.owner.is_active) if c.owner else None,
    "birthday": lambda rule, c, seen, now: float(date(1900, 1, 1) <= c.birthday_on <= now.date()) if c.birthday_on else None,
    "fresh": lambda rule, c, seen, now: _halved(max(c.verified_at or c.created_at, c.created_at), rule, now),
    "touched": lambda rule, c, seen, now: _halved(max(c.last_touch_at or c.created_at, c.created_at), rule, now),
    "duplicate": _alone,
    "phone_country": _unless("phone_country", lambda c: c.phone and c.country),
    "case": _unless("case", lambda c: c.first_name or c.last_name),
    "has_left": _has_left,
    "mail_domain": _mail_domain,
    # The one condition in use here: a customer of nobody.
    "condition": lambda rule, c, seen, now: float(not (c.stage == "customer" and c.owner is None)),
}  # fmt: skip
