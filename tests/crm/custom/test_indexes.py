"""Indexes: built beside the work, used by filter and order, dropped with the mark."""

import pytest
from django.db import connection
from django.urls import reverse

from contacts.models import Contact
from crm import conditions, custom, jobs
from crm.custom import indexes, sql
from crm.models import Job
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 20_000


@pytest.fixture(autouse=True)
def _no_index_left():
    """Emptying the tables between tests leaves their indexes."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname ~ '^custom_[0-9]+_'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP INDEX "{name}"')


def _fill():
    """Twenty thousand people, one of a hundred in each group."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contacts_contact (first_name, middle_name, last_name, name_key, job_title, email, phone, stage, language,"
            " time_zone, country, region, city, street, postcode, source, tags, custom, next_step, score, quality, created_at,"
            " updated_at, version) SELECT '', '', 'P' || i, 'p' || i, '', '', '', 'lead', '', '', '', '', '', '', '', '', '{}',"
            " jsonb_build_object('n', (i / 100)::text || '.5', 'm', i::text || '.00', 'd', (date '2020-01-01' + i / 10)::text,"
            " 'at', (date '2020-01-01' + i / 10)::text || 'T10:00:00Z', 't', 'Code ' || i, 'one', 'c' || i / 100,"
            " 'many', jsonb_build_array('c' || i / 100), 'who', i),"
            " '', 0, 0, now(), now(), 1 FROM generate_series(1, %s) i",
            [PEOPLE],
        )
        cursor.execute("ANALYZE contacts_contact")


CHOICES = [{"key": f"c{n}", "en": f"C {n}", "ru": "", "retired": False} for n in range(PEOPLE // 100 + 1)]
ASKED = [
    ("n", "number", "gte", "199.5"),
    ("m", "money", "between", ["500", "510"]),
    ("d", "date", "is", "2022-01-01"),
    ("at", "datetime", "after", "2025-06-01"),
    ("t", "text", "is", "code 77"),
    ("one", "choice", "is", "c7"),
    ("many", "choices", "has_any", ["c7"]),
    ("who", "contact", "is", 7),
]


def _plan(rows):
    with connection.cursor() as cursor:
        sql_text, params = rows.query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql_text}", params)
        return "\n".join(row[0] for row in cursor.fetchall())


def _built(field, by):
    job = indexes.keep(field, by=by)
    jobs.run({"job": job.pk})
    job.refresh_from_db()
    assert job.state == "done", job.error
    field.refresh_from_db()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE contacts_contact")


def test_every_kind_is_filtered_and_sorted_by_its_index(make, admin):
    _fill()
    for key, kind, op, value in ASKED:
        field = make(key, kind, is_filterable=True, choices=CHOICES if "choice" in kind else [], places=2)
        tree = conditions.parse({"field": field.name, "op": op, "value": value}, "contact")
        rows = conditions.matching(Contact.objects.order_by(), tree, "contact")
        before = rows.count()

        assert "Seq Scan" in _plan(rows), kind
        _built(field, admin)
        plan = _plan(rows)

        assert f"custom_{field.pk}_{kind}" in plan, f"{kind}: {plan}"
        assert before
        assert rows.count() == before
        if kind in {"number", "money", "date", "datetime", "text"}:
            page = Contact.objects.annotate(o=sql.order(field)).filter(o__isnull=False).order_by("o", "pk")[:50]
            assert f"custom_{field.pk}_{kind}" in _plan(page), kind


def test_the_index_goes_with_its_mark_and_with_the_field(client, admin, make):
    field = make("n", "number", is_filterable=True)
    _built(field, admin)
    assert (field.index_state, list(indexes._there(field))) == ("ready", [f"custom_{field.pk}_number"])
    client.force_login(admin)

    client.post(reverse("custom_field_retire", args=[field.pk]))
    jobs.run({"job": Job.objects.latest("pk").pk})

    field.refresh_from_db()
    assert (field.index_state, indexes._there(field)) == ("", {})


def test_a_build_that_failed_leaves_the_field_working_and_can_be_tried_again(client, admin, make):
    field = make("n", "number", is_filterable=True)
    ann = factories.contact("Ann", custom={"n": "no number"})
    job = indexes.keep(field, by=admin)

    jobs.run({"job": job.pk})

    job.refresh_from_db()
    field.refresh_from_db()
    assert (job.state, field.index_state) == ("failed", "failed")
    assert indexes._there(field) == {}
    client.force_login(admin)
    assert "Index failed" in client.get(reverse("custom_fields")).content.decode()
    custom.write(ann, {"n": "1"}, by=admin)
    client.post(reverse("custom_field_index", args=[field.pk]))
    jobs.run({"job": Job.objects.latest("pk").pk})
    assert indexes._there(field) == {f"custom_{field.pk}_number": True}
