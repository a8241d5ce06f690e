"""What the program would write instead: names swapped back, in their case and in one alphabet, phones and addresses mended.

A proposal is only ever offered. Names and phones are held against the same facts that found the gap: what would be wrong
again is not offered.
"""

import re
import unicodedata
from types import SimpleNamespace

import phonenumbers

from contacts.imports.full_names import parts
from contacts.models import Company, ContactPoint
from contacts.services.quality import facts
from contacts.services.quality.checks import FREE_MAIL
from crm.models import Workspace
from crm.names import doubt_about, doubt_of_last_name, usable_name
from crm.text import digits, norm_phone

_NAMES = ("first_name", "middle_name", "last_name")
# Letters that look the same in both alphabets.
_CYRILLIC, _LATIN = "АВЕКМНОРСТУХаеорсухкт", "ABEKMHOPCTYXaeopcyxkt"
_TO_LATIN, _TO_CYRILLIC = str.maketrans(_CYRILLIC, _LATIN), str.maketrans(_LATIN, _CYRILLIC)
_EDGES = ' \t\u00a0.,;:<>()[]{}"«»'
_EXTENSION = re.compile(r"\s*(?:ext|доб|x|вн)\.?\s*\d+\s*$", re.IGNORECASE)


def proposals_of(record, measured):
    """{field: value as it is typed} of what would mend gaps of a record."""
    region = Workspace.get().country
    seen = set(measured.facts)
    if record._meta.model_name == "contact":
        found = _names(record, seen) | _language(record) | _belongings(record)
    else:
        found = _site(record)
    return found | _email(record, seen) | _phone(record, seen, region)


def _names(person, seen):
    """The parts of the name, where another way to write them has nothing wrong with it."""
    if not seen & {"name", "last_name", "case"}:
        return {} if person.first_name or person.last_name else _from_address(person)
    best = {name: getattr(person, name) for name in _NAMES}
    if "name:address" in seen:
        best |= {"first_name": ""}
    for mend in (_without_signs, _one_alphabet, _untitled, _apart, _swapped, _cased):
        best = mend(best, seen)
    if not best["first_name"]:
        best |= _from_address(person)
    tried = SimpleNamespace(**best)
    if doubt_about(tried) or (best["last_name"] and doubt_of_last_name(best["last_name"])):
        return {}
    return {name: value for name, value in best.items() if value != getattr(person, name)}


def _without_signs(name, seen):
    return (
        {part: _letters_only(text) for part, text in name.items()}
        if "name:signs" in seen or "last_name:signs" in seen
        else name
    )


def _letters_only(text):
    """Without emoji, digits and signs; hyphens and apostrophes inside a name stay."""
    text = "".join(c for c in unicodedata.normalize("NFC", text) if c.isalpha() or c in "-'’ ")
    return " ".join(text.split()).strip("-'’ ")


def _one_alphabet(name, seen):
    return {part: one_alphabet(text) for part, text in name.items()}


def one_alphabet(text):
    """Letters that only look like the others of the word, as letters of the alphabet of the most."""
    latin = sum("LATIN" in unicodedata.name(c, "") for c in text)
    cyrillic = sum("CYRILLIC" in unicodedata.name(c, "") for c in text)
    if not latin or not cyrillic:
        return text
    return text.translate(_TO_CYRILLIC if cyrillic >= latin else _TO_LATIN)


def _untitled(name, seen):
    """Without a form of address before it."""
    if "name:title" not in seen:
        return name
    return name | {"first_name": " ".join(name["first_name"].split()[1:])}


def _apart(name, seen):
    """A whole name in the field of the first one, cut into its parts."""
    if "name:several" not in seen:
        return name
    cut = parts(name["first_name"])
    if cut["last_name"] and name["last_name"] and cut["last_name"].casefold() != name["last_name"].casefold():
        return name
    return {part: cut[part] or name[part] for part in _NAMES}


def _swapped(name, seen):
    if "name:swapped" not in seen:
        return name
    return name | {"first_name": name["last_name"], "last_name": name["first_name"]}


def _cased(name, seen):
    return {part: usable_name(text) or text for part, text in name.items()} if "case" in seen else name


def _from_address(person):
    """First and last name out of an address like anna.weber@."""
    source = person.first_name if "@" in person.first_name else person.email
    words = re.split(r"[._-]", source.partition("@")[0])
    if len(words) != 2 or not all(len(word) > 2 and word.isalpha() for word in words):
        return {}
    first, last = (word.capitalize() for word in words)
    found = {"first_name": first} | ({} if person.last_name else {"last_name": last})
    return {} if doubt_about(SimpleNamespace(first_name=first, last_name=last)) else found


def _language(person):
    """Whoever writes the own name in Cyrillic letters reads Russian."""
    if person.language:
        return {}
    name = person.first_name + person.last_name
    return {"language": "ru"} if re.search("[А-Яа-яЁё]", name) and not re.search("[A-Za-z]", name) else {}


def _belongings(person):
    """The company by the domain of the address, the owner by the company."""
    found, company = {}, person.company
    domain = person.email.rpartition("@")[2]
    if company is None and domain and domain not in FREE_MAIL:
        company = Company.objects.filter(domain__iexact=domain).select_related("owner").order_by("pk").first()
        found |= {"company": company.name} if company else {}
    missing = person.owner_id is None or not person.owner.is_active
    if missing and company and company.owner and company.owner.is_active:
        found["owner"] = str(company.owner_id)
    return found


def _site(company):
    domain = company.email.rpartition("@")[2]
    return {"domain": domain} if domain and not company.domain and domain not in FREE_MAIL else {}


def _email(record, seen):
    """The address without what does not belong to it; for one that bounces another one of the same record."""
    mended = mended_email(record.email)
    if mended != record.email and facts.is_email(mended):
        return {"email": mended}
    if (
        not record.email
        and "@" in getattr(record, "first_name", "")
        and facts.is_email(record.first_name.strip(_EDGES))
    ):
        return {"email": record.first_name.strip(_EDGES).lower()}
    mine = ContactPoint.objects.filter(**{record._meta.model_name: record}, kind="email")
    if record.email and mine.filter(is_primary=True, bounced_at__isnull=False).exists():
        alive = mine.filter(bounced_at=None).order_by("pk").first()
        return {"email": alive.value} if alive else {}
    return {}


def mended_email(text):
    """An address as it was meant: no blanks and marks around, Latin letters, the usual slips of the big domains put right."""
    text = re.sub(r"\s+", "", text).removeprefix("mailto:").strip(_EDGES).translate(_TO_LATIN).lower()
    local, at, domain = text.rpartition("@")
    domain = domain.replace(",", ".")
    return f"{local}{at}{facts.SLIPS.get(domain, domain)}"


def _phone(record, seen, region):
    if "phone" in seen and (mended := mended_phone(record.phone, record.country or region)):
        return {"phone": mended}
    if "phone_country" in seen:
        codes = facts.regions_of(record.phone, record.country or region)
        return {"country": min(codes)} if len(codes) == 1 else {}
    return {}


def mended_phone(text, region):
    """A number that can be one, as people write it abroad; "" when there is none in the text."""
    text = _EXTENSION.sub("", text).translate(str.maketrans("OОоolIз", "0000113"))
    tries = [text, re.split(r"[,;/]", text)[0], f"+{digits(text)}", digits(text).removeprefix("00"), digits(text)[1:]]
    for tried in tries:
        norm = norm_phone(tried, region)
        if norm and phonenumbers.is_valid_number(number := phonenumbers.parse(norm)):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return ""
