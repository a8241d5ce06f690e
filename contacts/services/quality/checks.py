"""The built-in checks: what share of a rule a record keeps, as an expression of the database.

`share(rule)` gives a number from 0 to 1, or NULL where the rule does not apply to the record.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    Max,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import CompanyPair, ContactPair, ContactPoint, Employment

FREE_MAIL = [
    "gmail.com", "googlemail.com", "yahoo.com", "outlook.com", "hotmail.com", "live.com", "icloud.com", "gmx.de", "gmx.net",
    "web.de", "t-online.de", "mail.ru", "yandex.ru", "ya.ru", "bk.ru", "inbox.ru", "list.ru", "rambler.ru", "proton.me",
]  # fmt: skip
FIELDS = {
    "contact": (
        "name", "email", "phone", "company", "owner", "job_title", "city", "country", "language", "time_zone", "birthday_on",
        "street", "postcode", "source",
    ),
    "company": (
        "domain", "email", "phone", "industry", "staff", "inn", "city", "country", "street", "postcode", "owner", "source",
    ),
}  # fmt: skip
_RELATIONS = {"company", "owner", "birthday_on", "staff"}


@dataclass(frozen=True)
class Check:
    """`label` names the check, `gap` and `fix` are its words when it is broken; {days} is the rule's.

    `field` is where the gap is mended, `act` names another way: "verify", "merge", "points", "roles".
    """

    name: str
    dimension: str
    subjects: tuple
    label: str
    gap: str
    fix: str
    share: Callable
    field: str = ""
    act: str = ""
    days: int | None = None
    choose_field: bool = False


_checks: dict[str, Check] = {}


def check_named(name):
    """The check, or None."""
    return _checks.get(name)


def checks_of(subject):
    """Those that a kind of record has."""
    return [check for check in _checks.values() if subject in check.subjects]


def _add(name, dimension, share, label, gap, fix, *, subjects=("contact", "company"), **more):
    _checks[name] = Check(name, dimension, subjects, label, gap, fix, share, **more)


def holds(kept, applies=None):
    """1 where `kept`, else 0; NULL where it does not apply."""
    whens = [When(~applies, then=Value(None, FloatField()))] if applies is not None else []
    return Case(*whens, When(kept, then=Value(1.0)), default=Value(0.0), output_field=FloatField())


def has_name():
    return ~Q(first_name="", last_name="")


def _filled(rule):
    if rule.field == "name":
        return holds(has_name())
    empty = Q(**{f"{rule.field}__isnull": True}) if rule.field in _RELATIONS else Q(**{rule.field: ""})
    return holds(~empty)


def _fact(code, applies):
    """A check of the texts: broken where the program has noted this fact."""
    return lambda rule: holds(~Q(measured__facts__contains=[code]), applies(rule.subject))


def _any_name(subject):
    return has_name() if subject == "contact" else Q(pk__isnull=False)


def _given(*names):
    return lambda subject: Q(*[~Q(**{name: ""}) for name in names])


def _bounced(rule):
    dead = ContactPoint.objects.filter(
        **{rule.subject: OuterRef("pk")}, kind="email", is_primary=True, bounced_at__isnull=False
    )
    return holds(~Exists(dead), ~Q(email=""))


def _owner(rule):
    return holds(Q(owner__is_active=True), Q(owner__isnull=False))


def _company(rule):
    return holds(
        ~Q(company__measured__facts__contains=["name"]) | Q(company__measured__isnull=True), Q(company__isnull=False)
    )


def _birthday(rule):
    return holds(Q(birthday_on__gte="1900-01-01", birthday_on__lte=timezone.localdate()), Q(birthday_on__isnull=False))


class Halved(Func):
    """2^(−age ÷ half-life) of an instant, by whole days; what lies in the future is of now."""

    function = ""
    template = (
        "power(0.5::float8, greatest(floor(extract(epoch FROM (%(expressions)s)) / 86400), 0)::float8 / %(days)s)"
    )
    arg_joiner = " - "

    def __init__(self, at, days):
        super().__init__(Value(timezone.now(), DateTimeField()), at, days=int(days), output_field=FloatField())


def _fresh(rule):
    return Halved(
        Greatest(Coalesce("verified_at", "created_at"), "created_at", output_field=DateTimeField()), rule.days
    )


def _touched(rule):
    return Halved(
        Greatest(Coalesce("last_touch_at", "created_at"), "created_at", output_field=DateTimeField()), rule.days
    )


def _alone(rule):
    """One minus the probability of the likeliest open duplicate."""
    pairs = (ContactPair if rule.subject == "contact" else CompanyPair).objects.open()
    best = [
        Coalesce(
            Subquery(pairs.filter(**{side: OuterRef("pk")}).order_by().values(side).annotate(n=Max("score")).values("n")),
            Value(0.0), output_field=FloatField(),
        )
        for side in ("first", "second")
    ]  # fmt: skip
    return ExpressionWrapper(Value(1.0) - Greatest(*best), output_field=FloatField())


def _has_left(rule):
    gone = Employment.objects.filter(contact=OuterRef("pk"), is_primary=True, has_left=True)
    return holds(~Exists(gone), Q(company__isnull=False))


class Host(Func):
    """The domain of an email address or of a website, without www."""

    function = "regexp_replace"
    template = "regexp_replace(lower(%(expressions)s), '^(.*@|https?://)?(www\\.)?|[/?#:].*$', '', 'g')"


def _mail_domain(rule):
    site = "company__domain" if rule.subject == "contact" else "domain"
    mine, theirs = Host(F("email")), Host(F(site))
    free = Q()
    for domain in FREE_MAIL:
        free |= Q(email__endswith=f"@{domain}")
    applies = ~Q(email="") & Q(**{f"{site}__gt": ""}) & ~free
    return holds(Q(Exact(mine, theirs)), applies)


_add(
    "filled", "completeness", _filled, _("A field is filled"), _("{field} is missing"), _("Fill it in."), choose_field=True,
)  # fmt: skip
_add(
    "name", "validity", _fact("name", _any_name), _("The name can be used in a greeting"),
    _("The name cannot be used in a greeting"), _("Write the name as the person is addressed."),
    subjects=("contact",), field="first_name",
)  # fmt: skip
_add(
    "company_name", "validity", _fact("name", _any_name), _("The name can be that of a company"),
    _("The name is none of a company"), _("Write the name of the company."), subjects=("company",), field="name",
)  # fmt: skip
_add(
    "last_name", "validity", _fact("last_name", lambda subject: ~Q(last_name="")), _("The last name can be one"),
    _("The last name cannot be one"), _("Write the last name without signs and in one alphabet."),
    subjects=("contact",), field="last_name",
)  # fmt: skip
_add(
    "email", "validity", _fact("email", _given("email")), _("The email address can be one"),
    _("The email address cannot be one"), _("Correct the address."), field="email",
)  # fmt: skip
_add(
    "bounced", "validity", _bounced, _("Letters arrive"), _("Letters to this address come back"),
    _("Ask for another address, or make another one the main one."), field="email", act="points",
)  # fmt: skip
_add(
    "phone", "validity", _fact("phone", _given("phone")), _("The phone number can be one"),
    _("The phone number cannot be one"), _("Correct the number."), field="phone",
)  # fmt: skip
_add(
    "company", "validity", _company, _("The company is a real one"), _("The company is a placeholder"),
    _("Write where the person works."), subjects=("contact",), field="company",
)  # fmt: skip
_add(
    "owner", "validity", _owner, _("The owner still works here"), _("The owner does not work here any more"),
    _("Give the record to somebody."), field="owner",
)  # fmt: skip
_add(
    "birthday", "validity", _birthday, _("The birthday can be one"), _("The birthday cannot be one"),
    _("Correct the day."), subjects=("contact",), field="birthday_on",
)  # fmt: skip
_add(
    "inn", "validity", _fact("inn", _given("inn")), _("The taxpayer number has right check digits"),
    _("The taxpayer number has a wrong digit"), _("Correct the number."), subjects=("company",), field="inn",
)  # fmt: skip
_add(
    "domain", "validity", _fact("domain", _given("domain")), _("The website can be one"), _("The website cannot be one"),
    _("Write it like example.com."), subjects=("company",), field="domain",
)  # fmt: skip
_add(
    "fresh", "freshness", _fresh, _("Somebody has looked it through lately"), _("Not looked through for {days} days"),
    _("Look it through, then press “Still right”."), act="verify", days=365,
)  # fmt: skip
_add(
    "touched", "freshness", _touched, _("Somebody had to do with it lately"), _("Nobody had to do with it for {days} days"),
    _("Call or write, or let it go."), days=365,
)  # fmt: skip
_add(
    "duplicate", "uniqueness", _alone, _("It is there once"), _("Likely a duplicate"),
    _("Compare the two and merge them, or say that they are two."), act="merge",
)  # fmt: skip
_add(
    "phone_country", "consistency", _fact("phone_country", _given("phone", "country")), _("The phone fits the country"),
    _("The phone is from another country"), _("Correct the phone or the country."), field="phone",
)  # fmt: skip
_add(
    "case", "consistency", _fact("case", _any_name), _("The name is written as names are"),
    _("The name is all capitals or all small"), _("Write the name with one capital."), subjects=("contact",), field="first_name",
)  # fmt: skip
_add(
    "has_left", "consistency", _has_left, _("The person still works there"), _("Has left the main company"),
    _("Write where the person works now."), subjects=("contact",), field="company", act="roles",
)  # fmt: skip
_add(
    "mail_domain", "consistency", _mail_domain, _("The email address is of the company"),
    _("The email address is of another domain than the website"), _("Correct the address, the company or the website."), field="email",
)  # fmt: skip
