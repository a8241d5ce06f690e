"""The same values through every route: page, form, cell, many rows, program; and out through list, file, filter."""

import json

import pytest
from django.urls import reverse

from contacts.models import Contact
from crm import custom, jobs
from crm.models import Job, StoredFile
from tests import factories

FLOOR = {"field": "cf_floor", "op": "gte", "value": "3"}


@pytest.fixture
def floor(make):
    return make("floor", "number", label="Floor", label_ru="Этаж")


def _custom(contact):
    return Contact.objects.get(pk=contact.pk).custom


def test_a_new_field_stands_on_the_page_and_is_changed_in_place(client, alice, ann, floor):
    client.force_login(alice)

    page = client.get(ann.get_absolute_url()).content.decode()
    url = reverse("custom_field", args=["contact", ann.pk, "floor"])
    form = client.get(url, headers={"HX-Request": "true"}).content.decode()
    saved = client.post(url, {"cf_floor": "3,5", "was": ""}, headers={"HX-Request": "true"})

    assert "Floor" in page
    assert url in page
    assert 'name="cf_floor"' in form
    assert saved.status_code == 200
    assert "3.5" in saved.content.decode()
    assert _custom(ann) == {"floor": "3.5"}


def test_a_wrong_value_is_refused_and_what_was_typed_stays(client, alice, ann, floor):
    client.force_login(alice)

    response = client.post(reverse("custom_field", args=["contact", ann.pk, "floor"]), {"cf_floor": "high", "was": ""})

    assert response.status_code == 422
    assert "Give a number." in response.content.decode()
    assert 'value="high"' in response.content.decode()
    assert _custom(ann) == {}


def test_two_people_at_once_lose_nothing(client, alice, ann, floor, make):
    make("room", "text")
    custom.write(ann, {"floor": "1"}, by=alice)
    client.force_login(alice)
    url = reverse("custom_field", args=["contact", ann.pk, "floor"])

    conflict = client.post(url, {"cf_floor": "2", "was": "9"})
    custom.write(ann, {"room": "R1"}, by=alice)
    client.post(url, {"cf_floor": "2", "was": "1"})

    assert conflict.status_code == 422
    assert "meanwhile" in conflict.content.decode()
    assert _custom(ann) == {"floor": "2", "room": "R1"}


def test_the_form_takes_custom_fields_and_their_defaults(client, alice, floor, make):
    make("level", "choice", default="silver")
    make("likes", "choices")
    client.force_login(alice)

    form = client.get(reverse("contacts:contact_new")).content.decode()
    made = {"first_name": "Bo", "stage": "lead", "cf_floor": "7", "cf_level": "gold", "cf_likes": ["gold", "silver"]}
    client.post(reverse("contacts:contact_create"), made)
    bo = Contact.objects.get(first_name="Bo")
    client.post(reverse("contacts:contact_edit", args=[bo.pk]), {"first_name": "Bob", "stage": "lead", "cf_floor": ""})

    assert '<option value="silver" selected>' in form
    assert bo.custom == {"floor": "7", "level": "gold", "likes": ["gold", "silver"]}
    bo.refresh_from_db()
    assert (bo.first_name, bo.custom) == ("Bob", {"level": "gold", "likes": ["gold", "silver"]})


def test_a_form_with_a_wrong_value_writes_nothing(client, alice, ann, floor):
    client.force_login(alice)

    data = {"first_name": "Anna", "stage": "lead", "cf_floor": "x"}
    response = client.post(reverse("contacts:contact_edit", args=[ann.pk]), data)

    assert response.status_code == 422
    assert "Give a number." in response.content.decode()
    ann.refresh_from_db()
    assert (ann.first_name, ann.custom) == ("Ann", {})


def test_cell_and_many_rows_write_the_same_values(client, alice, ann, floor):
    bo = factories.contact("Bo", "Ray", owner=alice, team=alice.team)
    client.force_login(alice)

    cell = client.post(
        reverse("list_cell", args=["contacts", ann.pk, "cf_floor"]),
        {"cf_floor": "1 000,5", "was": ""},
        headers={"HX-Request": "true"},
    )
    client.post(
        reverse("list_bulk", args=["contacts", "edit"]),
        {"pick": [ann.pk, bo.pk], "whole": "", "field": "cf_floor", "asked": "1", "cf_floor": "4", "go": "1"},
    )

    assert "1,000.5" in cell.content.decode()
    assert (_custom(ann), _custom(bo)) == ({"floor": "4"}, {"floor": "4"})


def test_list_sorts_filters_adds_up_and_exports(client, alice, floor, make):
    make("price", "money", currency="USD")
    people = [factories.contact(f"P{n}", "X", owner=alice, team=alice.team) for n in range(4)]
    for person, level in zip(people, ["10", "9", None, "100"], strict=True):
        custom.write(person, {"floor": level, "price": level}, by=alice)
    client.force_login(alice)
    url = reverse("contacts:index")

    page = client.get(url, {"sort": "cf_floor", "cols": "cf_floor,cf_price"})
    down = client.get(url, {"sort": "-cf_floor", "cols": "cf_floor"})
    some = client.get(url, {"f": json.dumps({"all": [FLOOR]}), "cols": "cf_floor"})
    foot = client.get(reverse("list_foot", args=["contacts"]), {"cols": "cf_price"}).content.decode()

    assert [row.first_name for row, _cells in page.context["rows"]] == ["P1", "P0", "P3", "P2"]
    assert [row.first_name for row, _cells in down.context["rows"]] == ["P3", "P0", "P1", "P2"]
    assert some.context["count"] == 3
    assert "$119" in foot
    client.post(reverse("list_export", args=["contacts"]) + "?cols=cf_floor,cf_price&sort=cf_floor", {"separator": ","})
    job = Job.objects.get(kind="lists.export")
    jobs.run({"job": job.pk})
    job.refresh_from_db()
    text = StoredFile.objects.get(pk=job.result["file"]).content.read().decode("utf-8-sig")
    assert text.split("\r\n")[1:-1] == ["P0 X,10,10.00", "P1 X,9,9.00", "P2 X,,", "P3 X,100,100.00"]
