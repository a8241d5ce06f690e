"""Which column is which field: by the headers that other systems write, in English and Russian."""

import re

from django.utils.translation import gettext_lazy as _

# Field -> (label, headers by which it is known, lower case without punctuation).
FIELDS = {
    "full_name": (_("Full name"), ["name", "full name", "contact name", "display name", "фио", "имя и фамилия", "полное имя", "контакт", "наименование"]),
    "first_name": (_("First name"), ["first name", "firstname", "given name", "имя", "имя контакта"]),
    "last_name": (_("Last name"), ["last name", "lastname", "surname", "family name", "фамилия"]),
    "middle_name": (_("Middle name or patronymic"), ["middle name", "additional name", "second name", "отчество"]),
    "email": (_("Email"), ["email", "e mail", "email address", "e mail 1 value", "email 1 value", "work email", "рабочий email", "рабочий e mail", "электронная почта", "почта", "адрес электронной почты", "email рабочий", "e mail рабочий"]),
    "phone": (_("Phone"), ["phone", "phone number", "phone 1 value", "mobile", "mobile phone", "mobile phone number", "work phone", "телефон", "рабочий телефон", "мобильный телефон", "мобильный", "номер телефона", "phone mobile", "phone office"]),
    "company": (_("Company"), ["company", "company name", "associated company", "account name", "account", "organization", "organization 1 name", "organization name", "организация", "компания", "название компании", "место работы"]),
    "job_title": (_("Job title"), ["job title", "title", "position", "organization 1 title", "organization title", "должность", "позиция"]),
    "city": (_("City"), ["city", "address city", "mailing city", "primary address city", "address 1 city", "город", "населенный пункт"]),
    "region": (_("Region"), ["state", "region", "state region", "province", "address state", "регион", "область"]),
    "country": (_("Country"), ["country", "country region", "country code", "address country", "страна"]),
    "street": (_("Street"), ["street", "address", "street address", "address street", "адрес", "улица"]),
    "postcode": (_("Postcode"), ["zip", "postal code", "postcode", "zip code", "address postal code", "индекс", "почтовый индекс"]),
    "birthday_on": (_("Birthday"), ["birthday", "date of birth", "birth date", "birthdate", "день рождения", "дата рождения"]),
    "language": (_("Language"), ["language", "preferred language", "locale", "язык"]),
    "source": (_("Source"), ["source", "lead source", "original source", "источник", "источник контакта"]),
    "tags": (_("Tags"), ["tags", "labels", "group membership", "теги", "тег", "метки"]),
    "note": (_("Note"), ["notes", "note", "description", "comment", "comments", "комментарий", "примечание", "описание"]),
}  # fmt: skip


def normal_header(text):
    """A header as it is compared: lower case, ё as е, punctuation as blanks."""
    text = re.sub(r"[\W_]+", " ", text.casefold().replace("ё", "е"))
    return " ".join(text.split())


def guess(headers):
    """{column index as text: field} for the headers that are known; of two for one field the first wins."""
    known = {name: field for field, (_label, names) in FIELDS.items() for name in [*names, field.replace("_", " ")]}
    mapping, taken = {}, set()
    for index, header in enumerate(headers):
        field = known.get(normal_header(header))
        if field and field not in taken:
            mapping[str(index)] = field
            taken.add(field)
    if "full_name" in taken and "last_name" in taken and "first_name" not in taken:
        # “Имя” and “name” stand beside a last name: then it is the first name.
        index = next(i for i, field in mapping.items() if field == "full_name")
        mapping[index] = "first_name"
    return mapping


def columns(mapping):
    """The same as a list of (column index, field)."""
    return [(int(index), field) for index, field in mapping.items()]
