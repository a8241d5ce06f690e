"""Own kinds of the demo company, which makes measuring instruments: its contracts, and the instruments at its clients."""

from crm.custom import indexes
from crm.models import CustomField, ObjectKind, ObjectRelation
from crm.objects import kind_acts
from crm.objects.relations import links_of

Kind = CustomField.Kind


def _choices(**names):
    return [{"key": key, "en": en, "ru": ru, "retired": False} for key, (en, ru) in names.items()]


CONTRACT_FIELDS = [
    {"key": "type", "kind": Kind.CHOICE, "label_en": "Type", "label_ru": "Вид", "is_filterable": True,
     "choices": _choices(supply=("Supply", "Поставка"), service=("Service", "Сервис"), frame=("Frame", "Рамочный"))},
    {"key": "signed_on", "kind": Kind.DATE, "label_en": "Signed on", "label_ru": "Подписан", "is_filterable": True},
    {"key": "valid_until", "kind": Kind.DATE, "label_en": "Valid until", "label_ru": "Действует до", "is_filterable": True},
    {"key": "amount", "kind": Kind.MONEY, "label_en": "Amount", "label_ru": "Сумма", "currency": "EUR"},
    {"key": "scan", "kind": Kind.FILE, "label_en": "Signed copy", "label_ru": "Подписанный экземпляр"},
    {"key": "terms", "kind": Kind.LONG, "label_en": "Special terms", "label_ru": "Особые условия"},
]  # fmt: skip
EQUIPMENT_FIELDS = [
    {"key": "model", "kind": Kind.CHOICE, "label_en": "Model", "label_ru": "Модель", "is_filterable": True,
     "choices": _choices(fm300=("FM-300", "FM-300"), fm500=("FM-500", "FM-500"), tc20=("TC-20", "TC-20"))},
    {"key": "installed_on", "kind": Kind.DATE, "label_en": "Installed on", "label_ru": "Установлен"},
    {"key": "warranty_until", "kind": Kind.DATE, "label_en": "Warranty until", "label_ru": "Гарантия до", "is_filterable": True},
    {"key": "site", "kind": Kind.TEXT, "label_en": "Where it stands", "label_ru": "Где стоит"},
]  # fmt: skip

# Where the records of a kind stand: company, moment, and the number they get.
PLACES = {
    "contract": """
        SELECT id, 0 AS m, owner_id, team_id, created_at + (%(now)s::timestamptz - created_at) * pg_temp.unit(id, 944) AS at
        FROM contacts_company WHERE pg_temp.pick(id, 945, 3) = 0
        """,
    "equipment": """
        SELECT id, m, owner_id, team_id,
          created_at + (%(now)s::timestamptz - created_at) * pg_temp.unit(id * 10 + m, 953) AS at
        FROM contacts_company CROSS JOIN generate_series(1, 2) AS m WHERE pg_temp.pick(id * 10 + m, 954, 3) = 0
        """,
}
TITLES = {
    "contract": (
        "'C-' || year || '-' || n",
        "'c-' || lpad(year::text, 6, '0') || '-' || lpad(n::text, 6, '0')",
        "NULL",
    ),
    "equipment": ("'HI-' || (10000 + n)",) + ("'hi-' || lpad((10000 + n)::text, 6, '0')",) * 2,
}
VALUES = {
    "contract": """
        jsonb_build_object('type', pg_temp.word(n, 941, ARRAY['supply','service','service','frame']),
          'signed_on', at::date::text, 'valid_until', (at::date + 365 * (1 + pg_temp.pick(n, 942, 3)))::text,
          'amount', (1200 + 150 * pg_temp.pick(n, 943, 200))::text || '.00')
        """,
    "equipment": """
        jsonb_build_object('model', pg_temp.word(n, 951, ARRAY['fm300','fm300','fm500','tc20']),
          'installed_on', at::date::text, 'warranty_until', (at::date + 730)::text,
          'site', pg_temp.word(n, 952, ARRAY['Hall 1','Hall 2','Laboratory','Test bench','Цех № 2','Лаборатория']))
        """,
}


def seed(plan):
    """Kinds, fields, relations, records and their ties, events that they were added."""
    contracts = _kind(
        "contract",
        ("Contract", "Contracts", "Договор", "Договоры"),
        "file-text",
        CONTRACT_FIELDS,
        pattern="C-{year}-{n}",
    )
    equipment = _kind(
        "equipment", ("Instrument", "Equipment", "Прибор", "Оборудование"), "microscope", EQUIPMENT_FIELDS,
        unique_by="title", title_en="Serial no.", title_ru="Серийный номер",
    )  # fmt: skip
    for kind in (contracts, equipment):
        _records(plan, kind)
        customer = _relation(kind, "company", "Customer", "Заказчик", is_single=True)
        _tie(plan, customer, kind, "SELECT record, company FROM placed")
        signer = _relation(kind, "contact", *_PERSON[kind.code])
        _tie(plan, signer, kind, """
            SELECT record, min(p.id) FROM placed JOIN contacts_contact p ON p.company_id = placed.company GROUP BY record
        """)  # fmt: skip
        if kind is contracts:
            _tie(plan, _relation(kind, "deal", "Deal", "Сделка"), kind, """
                SELECT record, min(d.id) FROM placed JOIN deals_deal d ON d.company_id = placed.company
                WHERE d.state = 'won' GROUP BY record
            """)  # fmt: skip
        plan.run("DROP TABLE pg_temp.own_places")
    covered = _relation(
        equipment, contracts.subject, "Covered by", "Обслуживается по", back=("Equipment", "Оборудование")
    )
    _cover(plan, covered, contracts, equipment)


_PERSON = {"contract": ("Signed by", "Подписал"), "equipment": ("Works with it", "Работает с прибором")}


def _kind(code, names, icon, fields, **more):
    one, many, one_ru, many_ru = names
    kind = ObjectKind(
        code=code, name_en=one, plural_en=many, name_ru=one_ru, plural_ru=many_ru, icon=icon,
        position=ObjectKind.objects.count() + 1, **more,
    )  # fmt: skip
    kind_acts.create_kind(kind, like="company")
    for place, row in enumerate(fields, 1):
        indexes.build_now(CustomField.objects.create(subject=kind.subject, position=place, **row))
    return kind


def _relation(kind, target, english, russian, *, back=("", ""), **more):
    return ObjectRelation.objects.create(
        kind=kind, target=target, label_en=english, label_ru=russian, back_en=back[0], back_ru=back[1],
        position=kind.relations.count() + 1, **more,
    )  # fmt: skip


def _records(plan, kind):
    """The records of a kind; `own_places` keeps for whom they were made until they are tied."""
    title, key, unique = TITLES[kind.code]
    plan.run(
        "CREATE TEMP TABLE own_places AS SELECT *, row_number() OVER (ORDER BY at, id, m) AS n,"  # noqa: S608  our own names
        f" extract(year FROM at AT TIME ZONE 'Europe/Berlin')::int AS year FROM ({PLACES[kind.code]}) AS chosen"
    )
    plan.run(
        "INSERT INTO crm_objectrecord"  # noqa: S608  our own names
        " (kind_id, number, title, name_key, unique_value, custom, owner_id, team_id, created_at,"
        f" updated_at, version) SELECT %(kind)s, n, {title}, {key}, {unique}, {VALUES[kind.code]}, owner_id, team_id, at, at, 1"
        " FROM pg_temp.own_places",
        kind=kind.pk,
    )
    plan.run(
        "UPDATE crm_objectkind SET last_number = (SELECT count(*) FROM pg_temp.own_places) WHERE id = %(kind)s",
        kind=kind.pk,
    )
    plan.run(
        """
        INSERT INTO crm_event (occurred_at, kind, actor_id, target_type, target_id, data)
        SELECT created_at, 'object.created', owner_id, 'crm.objectrecord', id, jsonb_build_object('title', title)
        FROM crm_objectrecord WHERE kind_id = %(kind)s
        """,
        kind=kind.pk,
    )


def _tie(plan, relation, kind, pairs):
    """Tie records by a query of pairs over `placed` (record, company)."""
    table = links_of(relation).model._meta.db_table
    placed = "SELECT r.id AS record, c.id AS company FROM pg_temp.own_places c JOIN crm_objectrecord r ON r.number = c.n AND r.kind_id = %(kind)s"
    plan.run(
        f"INSERT INTO {table} (relation_id, record_id, target_id, is_single, created_at)"  # noqa: S608  our own names
        f" SELECT %(relation)s, record, target, %(single)s, %(now)s FROM (WITH placed AS ({placed}) {pairs}) AS t (record, target)",
        relation=relation.pk,
        kind=kind.pk,
        single=relation.is_single,
    )


def _cover(plan, relation, contracts, equipment):
    """An instrument is covered by the service contract of its company."""
    company = {kind.pk: kind.relations.get(target="company").pk for kind in (contracts, equipment)}
    plan.run(
        """
        INSERT INTO crm_recordlink (relation_id, record_id, target_id, is_single, created_at)
        SELECT %(relation)s, e.record_id, c.record_id, false, %(now)s
        FROM contacts_companylink e JOIN contacts_companylink c USING (target_id)
        JOIN crm_objectrecord r ON r.id = c.record_id AND r.custom->>'type' = 'service'
        WHERE e.relation_id = %(equipment)s AND c.relation_id = %(contracts)s
        """,
        relation=relation.pk,
        equipment=company[equipment.pk],
        contracts=company[contracts.pk],
    )
