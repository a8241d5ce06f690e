"""The whole form of a person or a company while a colleague writes on the same record."""

import pytest
from django.urls import reverse

from contacts.models import Company, Contact
from contacts.services import people
from crm import tags
from crm.models import CustomField, Event, Tag
from tests import factories
from tests.filled_in import untouched

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(workspace, alice):
    made = people.create_contact(
        by=alice, first_name="Ann", last_name="Lee", email="ann@example.com", city="Bonn", company_name="Acme"
    )
    Contact.objects.filter(pk=made.pk).update(tags=["vip"])
    tags.note(["vip"])
    return made


@pytest.fixture
def acme(workspace, alice):
    return factories.company("Acme", owner=alice, city="Bonn", phone="+49 30 1234567")


def _open(client, kind, record):
    """The address of the form, and what a browser would send of it."""
    url = reverse(f"contacts:{kind}_edit", args=[record.pk])
    return url, untouched(client.get(url).content.decode())


@pytest.mark.parametrize(
    ("kind", "fixture", "mine"), [("contact", "ann", "job_title"), ("company", "acme", "industry")]
)
def test_what_a_colleague_wrote_meanwhile_in_another_field_stays(request, client, alice, kind, fixture, mine):
    record = request.getfixturevalue(fixture)
    client.force_login(alice)
    url, form = _open(client, kind, record)
    type(record).objects.filter(pk=record.pk).update(city="Berlin", source="Fair")

    answer = client.post(url, form | {mine: "Boss"})

    record.refresh_from_db()
    assert answer.status_code == 302
    assert (record.city, record.source, getattr(record, mine)) == ("Berlin", "Fair", "Boss")
    changed = Event.objects.filter(kind=f"{kind}.changed").values_list("data__field", flat=True)
    assert list(changed) == [mine]


@pytest.mark.parametrize(("kind", "fixture"), [("contact", "ann"), ("company", "acme")])
def test_the_same_field_is_refused_once_with_both_and_then_replaced(request, client, alice, kind, fixture):
    record = request.getfixturevalue(fixture)
    client.force_login(alice)
    url, form = _open(client, kind, record)
    type(record).objects.filter(pk=record.pk).update(city="Berlin", postcode="10115")

    refused = client.post(url, form | {"city": "Köln", "street": "Domstr. 1"})

    record.refresh_from_db()
    page = refused.content.decode()
    assert (refused.status_code, record.city, record.street) == (422, "Berlin", "")
    assert "Somebody saved this while you were writing" in page
    assert refused.context["form"].theirs == [("City", "Berlin")]
    again = untouched(page)
    assert (again["city"], again["street"], again["postcode"]) == ("Köln", "Domstr. 1", "10115")

    assert client.post(url, again).status_code == 302
    record.refresh_from_db()
    assert (record.city, record.street, record.postcode) == ("Köln", "Domstr. 1", "10115")


def test_both_who_write_the_same_are_of_one_mind(client, alice, ann):
    client.force_login(alice)
    url, form = _open(client, "contact", ann)
    Contact.objects.filter(pk=ann.pk).update(city="Berlin")

    assert client.post(url, form | {"city": "Berlin"}).status_code == 302


def test_an_owner_and_a_company_that_changed_meanwhile_are_told_by_name(client, alice, bob, ann):
    client.force_login(bob)
    Contact.objects.filter(pk=ann.pk).update(team=alice.team)
    url, form = _open(client, "contact", ann)
    people.assign_contact(ann, bob, by=alice)
    people.set_company(ann, "Borg", by=bob)

    refused = client.post(url, form | {"owner": "", "company": "Cyan"})

    assert refused.context["form"].theirs == [("Company", "Borg"), ("Owner", "Bob")]
    ann.refresh_from_db()
    assert (str(ann.company), ann.owner, Company.objects.filter(name="Cyan").count()) == ("Borg", bob, 0)


def test_a_renamed_tag_does_not_come_back(client, admin, ann):
    client.force_login(admin)
    url, form = _open(client, "contact", ann)
    tags.change(Tag.objects.get(name="vip"), "gold")

    assert client.post(url, form | {"job_title": "Boss"}).status_code == 302

    ann.refresh_from_db()
    assert (ann.tags, ann.job_title) == (["gold"], "Boss")


def test_own_fields_are_watched_one_by_one_too(client, admin, ann):
    for key, kind in (("floor", "number"), ("badge", "text"), ("skills", "choices")):
        choices = [{"key": name, "en": name, "ru": name} for name in ("a", "b")] if kind == "choices" else []
        CustomField.objects.create(subject="contact", key=key, kind=kind, label_en=key.title(), choices=choices)
    Contact.objects.filter(pk=ann.pk).update(custom={"floor": "1", "badge": "A", "skills": ["a"]})
    client.force_login(admin)
    url, form = _open(client, "contact", ann)
    Contact.objects.filter(pk=ann.pk).update(custom={"floor": "2", "badge": "B", "skills": ["b"]})

    assert client.post(url, form | {"job_title": "Boss"}).status_code == 302
    ann.refresh_from_db()
    assert (ann.custom, ann.job_title) == ({"floor": "2", "badge": "B", "skills": ["b"]}, "Boss")

    refused = client.post(url, form | {"cf_badge": "C"})
    ann.refresh_from_db()
    assert (refused.status_code, ann.custom["badge"]) == (422, "B")
    assert refused.context["form"].theirs == [("Badge", "B")]


def test_what_a_box_cannot_show_is_not_emptied_by_saving_the_rest(client, admin, ann, mallory):
    """An owner who has left, a choice that is retired, a zone of an older name."""
    retired = [{"key": "old", "en": "Old", "ru": "Old", "retired": True}, {"key": "new", "en": "New", "ru": "New"}]
    CustomField.objects.create(subject="contact", key="size", kind="choice", label_en="Size", choices=retired)
    needs = {"require": {"all": [{"field": "owner", "op": "empty"}]}}
    CustomField.objects.create(subject="contact", key="why", kind="text", label_en="Why nobody", rules=needs)
    mallory.is_active = False
    mallory.save()
    Contact.objects.filter(pk=ann.pk).update(owner=mallory, time_zone="CET", custom={"size": "old"})
    client.force_login(admin)
    url, form = _open(client, "contact", ann)
    assert (form["owner"], form["time_zone"], form["cf_size"]) == ("", "", "")

    assert client.post(url, form | {"job_title": "Boss"}).status_code == 302

    ann.refresh_from_db()
    assert (ann.owner, ann.time_zone, ann.custom, ann.job_title) == (mallory, "CET", {"size": "old"}, "Boss")


@pytest.mark.parametrize("opened", ["", "{", "[]", "7", '{"city": 7}', '{"city": [[]]}'])
def test_a_form_that_does_not_say_what_it_opened_with_is_taken_as_it_is(client, alice, ann, opened):
    client.force_login(alice)
    url, form = _open(client, "contact", ann)

    assert client.post(url, form | {"opened": opened, "street": "Domstr. 1"}).status_code == 302

    ann.refresh_from_db()
    assert (ann.city, ann.street) == ("Bonn", "Domstr. 1")
