"""The fields of people and companies that roles can limit, with everything that repeats them."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.models import (
    Address,
    BankAccount,
    Company,
    Consent,
    Contact,
    ContactPoint,
    Participant,
    PersonalLetter,
    Requisite,
)
from contacts.models.address import PARTS
from crm.field_access import guard, stands_in
from crm.models import Delivery


def _points(subject, kind):
    """The rows of one kind of address of a person or a company."""
    return lambda row: row.kind == kind and getattr(row, f"{subject}_id") is not None


def _places(subject):
    return lambda row: getattr(row, f"{subject}_id") is not None


for _subject, _model in (("contact", Contact), ("company", Company)):
    for _kind, _label in (("email", _("Email")), ("phone", _("Phone")), ("messenger", _("Messenger"))):
        guard(_subject, _kind, _label, fields={} if _kind == "messenger" else {_model: [_kind]})
        _rows = {ContactPoint: ["value", "norm", "label", "digits_reversed"]}
        guard(_subject, _kind, "", fields=_rows, asks=["point.value", "point.label"], when=_points(_subject, _kind))
    guard(_subject, "address", _("Postal address"), fields={_model: PARTS})
    guard(_subject, "address", "", fields={Address: [*PARTS, "label"]}, when=_places(_subject))
    guard(_subject, "source", _("Source"), fields={_model: ["source"]})

# Letters and invitations repeat the address of the person to whom they go, and so does the ledger of consents.
guard(
    "contact", "email", "", fields={Delivery: ["to"], Participant: ["email"], PersonalLetter: ["sender", "recipients"]}
)
guard("contact", "email", "", fields={Consent: ["point"]}, when=lambda row: "@" in row.__dict__.get("point", ""))
guard("contact", "phone", "", fields={Consent: ["point"]}, when=lambda row: "@" not in row.__dict__.get("point", ""))

# Who has no name is sorted and found by the address.
stands_in(Contact, "name_key", "contact", "email", Q(first_name="", middle_name="", last_name=""))

guard("contact", "job_title", _("Job title"), fields={Contact: ["job_title"]})
guard("contact", "birthday", _("Birthday"), fields={Contact: ["birthday_on", "birthday_words"]})
guard("contact", "score", _("Score"), fields={Contact: ["score"]})

guard("company", "domain", _("Website"), fields={Company: ["domain"]})
guard("company", "industry", _("Industry"), fields={Company: ["industry"]})
guard("company", "staff", _("Staff"), fields={Company: ["staff"]})
_ENTITY = ["name", "form", "country", "inn", "kpp", "ogrn", "vat_id", "registration_no", "address"]
guard("company", "requisites", _("Requisites"), fields={Company: ["inn"], Requisite: _ENTITY})
_ACCOUNT = ["bank", "bik", "account", "correspondent", "iban", "bic"]
guard("company", "bank", _("Bank accounts"), fields={BankAccount: _ACCOUNT})
