"""Writing many rows at once gives what writing them singly gives."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from contacts.models import Company, Contact, ContactPoint
from crm import bulk
from crm.events import EventRow, record_many, subscribe
from crm.models import Event, OutboxMessage

pytestmark = pytest.mark.django_db

ODD = ["plain", "", "tab\there", "line\nend\r\n", "back\\slash", "\\N", "\\.", "ünï ё 🙂", "'quote\" {a,b}", "\x01\x7f"]


def test_copied_text_numbers_days_and_lists_are_those_that_were_given(admin):
    now = timezone.now()
    made = [
        Contact(
            first_name=text,
            tags=[text, "x"],
            custom={"said": text, "n": [1, None]},
            created_at=now,
            owner=admin,
            birthday_on="1984-05-31" if text else None,
            score=i,
        )
        for i, text in enumerate(ODD)
    ]

    bulk.insert(made)

    for kept, given in zip(Contact.objects.order_by("pk"), made, strict=True):
        for field in Contact._meta.concrete_fields:
            value = getattr(given, field.attname)
            assert getattr(kept, field.attname) == (value if field.name != "birthday_on" else kept.birthday_on)
        assert str(kept.birthday_on) == str(given.birthday_on)


def test_keys_are_drawn_in_order_and_later_rows_do_not_meet_them(admin):
    made = [Company(name=f"Works {i}") for i in range(3)]

    bulk.insert(made)

    assert [c.pk for c in made] == list(range(made[0].pk, made[0].pk + 3))
    assert Company.objects.create(name="After").pk == made[2].pk + 1


def test_an_update_writes_the_named_fields_of_all_objects_and_no_others(admin):
    people = [Contact.objects.create(first_name=text, city="Ulm", job_title="Kept") for text in ODD]
    for i, person in enumerate(people):
        person.city, person.tags, person.birthday_on = person.first_name, [person.first_name], f"1984-05-{i + 1:02}"
        person.job_title = "not written"

    bulk.update(people, ["city", "tags", "birthday_on"])

    for i, person in enumerate(Contact.objects.order_by("pk")):
        assert (person.city, person.tags, str(person.birthday_on), person.job_title) == (
            ODD[i],
            [ODD[i]],
            f"1984-05-{i + 1:02}",
            "Kept",
        )


def test_a_broken_constraint_is_an_error_of_django_and_writes_nothing(admin):
    rows = [ContactPoint(kind="email", value="a@x.test", norm="a@x.test", created_at=timezone.now())]

    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(rows)

    assert not ContactPoint.objects.exists()


def test_nothing_to_write_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        bulk.insert([])
        bulk.update([], ["name"])
        bulk.copy(Contact, ["first_name"], [])


def test_many_events_are_written_in_order_with_a_delivery_for_each_subscriber(admin, monkeypatch):
    monkeypatch.setattr("crm.events._subscribers", {})
    monkeypatch.setattr("crm.events._by_name", {})
    subscribe("test.happened", name="test.hears")(print)

    written = record_many([EventRow("test.happened", contact_id=i, data={"n": i}) for i in range(5)])

    assert [row[3] for row in written] == [0, 1, 2, 3, 4]
    assert list(Event.objects.order_by("id").values_list("contact_id", "data")) == [(i, {"n": i}) for i in range(5)]
    assert OutboxMessage.objects.filter(kind="event").count() == 5


def test_what_nobody_set_gets_the_default_of_the_database(admin):
    made = [Company(name="Acme", name_key="acme"), Company(name="Beta", name_key="beta", next_step="Call")]

    bulk.insert(made[:1])
    bulk.insert([made[1], Company(name="Gamma", name_key="gamma")])

    assert list(Company.objects.order_by("name").values_list("name", "next_step")) == [
        ("Acme", ""),
        ("Beta", "Call"),
        ("Gamma", ""),
    ]
