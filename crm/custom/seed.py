"""Own fields of the demo company, which makes measuring instruments: service contracts, tenders, serial numbers."""

from crm.custom import definitions, indexes
from crm.models import CustomField

Kind = CustomField.Kind


def _choices(**names):
    return [{"key": key, "en": en, "ru": ru, "retired": False} for key, (en, ru) in names.items()]


_SERVICE = {"section_en": "Service contract", "section_ru": "Сервисный договор"}
_HAS_CONTRACT = {"all": [{"field": "cf_service_level", "op": "not_empty"}]}
_IS_TENDER = {"all": [{"field": "cf_tender", "op": "is", "value": True}]}

FIELDS = {
    "contact": [
        {"key": "channel", "kind": Kind.CHOICE, "label_en": "Prefers to be reached by", "label_ru": "Удобный способ связи",
         "choices": _choices(email=("Email", "Почта"), phone=("Phone", "Телефон"), messenger=("Messenger", "Мессенджер"))},
        {"key": "voice", "kind": Kind.CHOICE, "label_en": "Say in purchases", "label_ru": "Роль в закупке", "is_filterable": True,
         "choices": _choices(decides=("Decides", "Решает"), advises=("Advises", "Советует"), uses=("Uses it", "Пользуется"))},
        {"key": "first_met", "kind": Kind.DATE, "label_en": "First met", "label_ru": "Знакомы с"},
    ],
    "company": [
        {"key": "service_level", "kind": Kind.CHOICE, "label_en": "Service level", "label_ru": "Уровень сервиса", **_SERVICE,
         "choices": _choices(basic=("Basic", "Базовый"), plus=("Plus", "Плюс"), full=("Full care", "Всё включено")),
         "is_filterable": True},
        {"key": "contract_no", "kind": Kind.TEXT, "label_en": "Contract no.", "label_ru": "Номер договора", **_SERVICE,
         "is_searchable": True, "rules": {"show": _HAS_CONTRACT, "require": _HAS_CONTRACT}},
        {"key": "contract_until", "kind": Kind.DATE, "label_en": "Contract until", "label_ru": "Договор до", **_SERVICE,
         "is_filterable": True, "rules": {"show": _HAS_CONTRACT}},
        {"key": "yearly_fee", "kind": Kind.MONEY, "label_en": "Yearly fee", "label_ru": "Плата за год", "currency": "EUR", **_SERVICE,
         "rules": {"show": _HAS_CONTRACT}},
        {"key": "days_left", "kind": Kind.FORMULA, "label_en": "Days left", "label_ru": "Осталось дней", "places": 0, **_SERVICE,
         "formula": "days(contract_until, today())", "rules": {"show": _HAS_CONTRACT}},
        {"key": "instruments", "kind": Kind.NUMBER, "label_en": "Instruments in use", "label_ru": "Приборов в работе", "places": 0},
    ],
    "deal": [
        {"key": "tender", "kind": Kind.YES_NO, "label_en": "Public tender", "label_ru": "Тендер"},
        {"key": "tender_no", "kind": Kind.TEXT, "label_en": "Tender no.", "label_ru": "Номер закупки", "is_searchable": True,
         "rules": {"show": _IS_TENDER, "require": _IS_TENDER}},
        {"key": "delivery_weeks", "kind": Kind.NUMBER, "label_en": "Delivery, weeks", "label_ru": "Срок поставки, недель", "places": 0},
    ],
    "ticket": [
        {"key": "serial_no", "kind": Kind.TEXT, "label_en": "Serial no.", "label_ru": "Серийный номер", "is_searchable": True},
        {"key": "cause", "kind": Kind.CHOICE, "label_en": "Cause", "label_ru": "Причина",
         "choices": _choices(wear=("Wear", "Износ"), handling=("Handling", "Обращение"), defect=("Defect", "Брак"),
                             unknown=("Not known yet", "Пока неясно"))},
    ],
}  # fmt: skip

# What some of the records hold. Amounts and numbers are decimal text, days ISO text, as `values` stores them.
VALUES = {
    "contact": """
        jsonb_build_object('channel', pg_temp.word(id, 901, ARRAY['email','phone','messenger']),
          'voice', pg_temp.word(id, 902, ARRAY['decides','advises','uses']),
          'first_met', (created_at - make_interval(days => pg_temp.pick(id, 903, 900)))::date::text)
        """,
    "company": """
        jsonb_build_object('instruments', (1 + pg_temp.pick(id, 911, 40))::text)
          || CASE WHEN pg_temp.pick(id, 912, 3) > 0 THEN jsonb_build_object(
            'service_level', pg_temp.word(id, 913, ARRAY['basic','basic','plus','full']),
            'contract_no', 'SC-' || to_char(created_at, 'YYYY') || '-' || lpad(id::text, 4, '0'),
            'contract_until', (%(now)s::timestamptz + make_interval(days => pg_temp.pick(id, 914, 700) - 90))::date::text,
            'yearly_fee', (400 + 50 * pg_temp.pick(id, 915, 60))::text || '.00') ELSE '{}'::jsonb END
        """,
    "deal": """
        jsonb_build_object('delivery_weeks', (2 + pg_temp.pick(id, 921, 10))::text)
          || CASE WHEN pg_temp.pick(id, 922, 6) = 0 THEN jsonb_build_object('tender', true,
            'tender_no', 'T-' || lpad(pg_temp.pick(id, 923, 99999)::text, 5, '0')) ELSE '{}'::jsonb END
        """,
    "ticket": """
        jsonb_build_object('serial_no', 'FM-300/' || lpad((1000 + pg_temp.pick(id, 931, 9000))::text, 4, '0'),
          'cause', pg_temp.word(id, 932, ARRAY['wear','handling','defect','unknown']))
        """,
}
# One of so many records has them: to write all of a million would be most of the work.
ONE_OF = {"contact": 4, "company": 1, "deal": 1, "ticket": 2}


def seed(plan):
    """Definitions, values, indexes."""
    for subject, rows in FIELDS.items():
        fields = [
            CustomField.objects.create(subject=subject, position=place, **row) for place, row in enumerate(rows, 1)
        ]
        table = definitions.target_of(subject).model._meta.db_table
        plan.run(f"UPDATE {table} SET custom = {VALUES[subject]} WHERE id %% {ONE_OF[subject]} = 0")  # noqa: S608
        for field in fields:
            indexes.build_now(field)
