"""What a column of a file may become. One registry: a new field of a person or company joins by one line here.

    target(Target("nickname", _("Nickname"), ["nickname", "прозвище"], text(60), attr="nickname"))

Fields that exist only in the database (custom fields) come from a provider, asked anew each time:

    @provider
    def custom_fields():
        return [Target(f"custom_{field.key}", field.label, [field.label], field.clean, custom=field.key) for field in …]
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from contacts.imports import values
from contacts.models import Company, Contact
from crm import field_access

PERSON, COMPANY = "person", "company"


@dataclass(frozen=True)
class Target:
    """A place for the values of a column.

    `headers` are the names by which other systems call it, as `headers.normal` writes them. `clean` takes the text and
    returns the value or raises `values.Unfit`. The value goes to the field `attr` of the person or company (`on`), or
    into its further fields under `custom`; with neither, `contacts.imports` knows what to do with it. `many` columns
    may become it.
    """

    name: str
    label: str
    headers: tuple | list = ()
    clean: Callable = values.text(200)
    attr: str = ""
    custom: str = ""
    on: str = PERSON
    many: bool = False


_targets: dict[str, Target] = {}
# What roles call the targets that are written elsewhere than onto the record.
_REQUISITES = dict.fromkeys(["company_legal_name", "company_kpp", "company_ogrn"], "requisites")
_providers = []


def target(item):
    """Make a target known."""
    _targets[item.name] = item


def provider(fn):
    """Decorator: `fn()` returns further targets."""
    _providers.append(fn)
    return fn


def targets():
    """{name: target}, in the order of registration."""
    return _targets | {item.name: item for fn in _providers for item in fn()}


def open_to(user):
    """The targets that the user may write: those of fields that no role of his limits."""
    return {name: item for name, item in targets().items() if may_write(user, item)}


def may_write(user, item):
    """Whether the user may fill a target from a file."""
    subject, model = ("company", Company) if item.on == COMPANY else ("contact", Contact)
    if item.custom:
        return field_access.may_change(user, subject, f"cf_{item.custom}")
    if item.attr:
        return field_access.level_of_field(user, model, item.attr) == field_access.EDIT
    return field_access.may_change(user, subject, _REQUISITES.get(item.name, item.name))


def written(on):
    """The fields of a person or a company that imports write straight onto it."""
    return [item.attr for item in _targets.values() if item.on == on and item.attr]


def _plain(name, label, headers, clean, **more):
    target(Target(name, label, headers, clean, attr=more.pop("attr", name), **more))


text = values.text
# fmt: off
target(Target("full_name", _("Full name"), ["name", "full name", "contact name", "display name", "file as", "фио", "имя и фамилия", "полное имя", "полное имя контакта", "контакт", "наименование", "основной контакт", "имя фамилия"], text(300), many=True))
_plain("first_name", _("First name"), ["first name", "given name", "имя", "имя контакта"], text(100))
_plain("last_name", _("Last name"), ["last name", "surname", "family name", "фамилия"], text(100))
_plain("middle_name", _("Middle name or patronymic"), ["middle name", "additional name", "second name", "отчество"], text(100))
target(Target("email", _("Email"), ["email", "e mail", "email address", "e mail address", "email value", "e mail value", "work email", "work e mail", "home email", "home e mail", "personal email", "private email", "other email", "other e mail", "newsletters email", "additional email addresses", "additional emails", "email addresses", "primary email", "рабочий email", "рабочий e mail", "личный email", "личный e mail", "частный e mail", "частный email", "другой email", "другой e mail", "e mail для рассылок", "email для рассылок", "электронная почта", "почта", "адрес электронной почты", "эл почта", "email рабочий", "e mail рабочий", "email контакта"], many=True))
target(Target("phone", _("Phone"), ["phone", "phone number", "phone value", "mobile", "mobile phone", "mobile phone number", "mobile number", "cell phone", "work phone", "work direct phone", "business phone", "home phone", "other phone", "main phone", "primary phone", "company main phone", "sms marketing phone", "whatsapp phone number", "phone mobile", "phone office", "telephone", "tel", "телефон", "телефоны", "рабочий телефон", "рабочий прямой телефон", "мобильный телефон", "мобильный", "домашний телефон", "другой телефон", "телефон для рассылок", "номер телефона", "телефон рабочий", "телефон мобильный", "сотовый", "сотовый телефон", "тел"], many=True))
target(Target("messenger", _("Messenger"), ["telegram", "контакт telegram", "телеграм", "whatsapp", "контакт whatsapp", "skype", "контакт skype", "viber", "контакт viber", "im value", "мессенджер"], many=True))
target(Target("external_id", _("Number in the other system"), ["id", "record id", "contact id", "ид", "ид контакта", "id контакта", "uid", "external id", "внешний id"]))
_plain("job_title", _("Job title or role"), ["job title", "title", "position", "role", "organization title", "account title", "account role", "должность", "позиция", "роль"], text(150))
_plain("stage", _("Lifecycle stage"), ["lifecycle stage", "lead status", "стадия", "этап жизненного цикла"], values.stage)
_plain("language", _("Language"), ["language", "preferred language", "locale", "язык"], values.language)
_plain("birthday_on", _("Birthday"), ["birthday", "date of birth", "birth date", "birthdate", "день рождения", "дата рождения"], values.day)
_plain("city", _("City"), ["city", "address city", "mailing city", "primary address city", "home city", "business city", "город", "населенный пункт", "адрес город"], text(100))
_plain("region", _("Region"), ["state", "region", "state region", "province", "address state", "address region", "mailing state", "регион", "область", "адрес регион"], text(100))
_plain("country", _("Country"), ["country", "country region", "country code", "address country", "mailing country", "страна", "адрес страна"], values.country)
_plain("street", _("Street"), ["street", "address", "street address", "address street", "mailing street", "business street", "home street", "адрес", "улица", "улица номер дома", "адрес улица"], text(200))
_plain("postcode", _("Postcode"), ["zip", "postal code", "postcode", "zip code", "zip postal code", "address postal code", "mailing zip", "индекс", "почтовый индекс", "адрес индекс"], text(20))
_plain("source", _("Source"), ["source", "lead source", "original source", "contact source", "источник", "источник контакта"], text(100))
target(Target("tags", _("Tags"), ["tags", "labels", "group membership", "categories", "теги", "тег", "метки"], values.tags, many=True))
target(Target("owner", _("Owner of new people"), ["owner", "contact owner", "responsible person", "responsible user", "responsible", "assigned user", "assigned user name", "ответственный"]))
target(Target("opted_out", _("Wants no letters"), ["unsubscribed from all email", "opted out of email", "email opt out", "email address is opted out", "отписан", "отписался от рассылки"], values.yes_no))
target(Target("note", _("Note"), ["notes", "note", "description", "comment", "comments", "комментарий", "примечание", "описание"], values.long_text, many=True))
target(Target("company", _("Company: name"), ["company", "company name", "associated company", "associated company primary", "account name", "account", "accounts", "organization", "organization name", "организация", "компания", "название компании", "компания контакта", "место работы", "контрагент", "юридическое лицо"], values.names, on=COMPANY, many=True))
target(Target("company_external_id", _("Company: number in the other system"), ["associated company ids", "associated company id", "associated company ids primary", "company id", "account id", "id компании", "ид компании"], values.names, on=COMPANY))
_plain("company_inn", _("Company: INN or VAT ID"), ["inn", "инн", "инн компании", "vat", "vat id", "vat number", "tax id", "tax number", "реквизит инн"], values.inn, on=COMPANY, attr="inn")
target(Target("company_legal_name", _("Company: legal name"), ["legal name", "юридическое название", "реквизит название компании", "полное наименование"], text(300), on=COMPANY))
target(Target("company_kpp", _("Company: KPP"), ["kpp", "кпп", "реквизит кпп"], values.digits_of(9), on=COMPANY))
target(Target("company_ogrn", _("Company: OGRN"), ["ogrn", "огрн", "огрнип", "реквизит огрн", "реквизит огрнип"], values.digits_of(13, 15), on=COMPANY))
_plain("company_domain", _("Company: website"), ["company website", "company domain", "company domain name", "website", "website url", "website value", "web site", "web", "corporate website", "сайт", "корпоративный сайт", "сайт компании", "url"], values.domain, on=COMPANY, attr="domain")
_plain("company_email", _("Company: email"), ["company email", "email компании", "почта компании"], values.email, on=COMPANY, attr="email")
_plain("company_phone", _("Company: phone"), ["company phone", "company phone number", "телефон компании"], text(40), on=COMPANY, attr="phone")
_plain("company_industry", _("Company: industry"), ["industry", "company industry", "отрасль", "сфера деятельности"], text(100), on=COMPANY, attr="industry")
_plain("company_staff", _("Company: staff"), ["number of employees", "company size", "employees", "staff", "кол во сотрудников", "количество сотрудников"], values.number, on=COMPANY, attr="staff")
_plain("company_country", _("Company: country"), ["company country", "company country region", "страна компании"], values.country, on=COMPANY, attr="country")
_plain("company_region", _("Company: region"), ["company state", "company region", "регион компании"], text(100), on=COMPANY, attr="region")
_plain("company_city", _("Company: city"), ["company city", "город компании"], text(100), on=COMPANY, attr="city")
_plain("company_street", _("Company: street"), ["company street", "company address", "company street address", "адрес компании", "юридический адрес"], text(200), on=COMPANY, attr="street")
_plain("company_postcode", _("Company: postcode"), ["company zip", "company postal code", "индекс компании"], text(20), on=COMPANY, attr="postcode")
# fmt: on
