"""Addresses of people and companies, and roles in companies."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from contacts.models import Contact, ContactPoint, Employment
from contacts.services import people, points
from crm import conditions
from crm.text import norm_email
from tests.contacts.details.rows import HTMX, post_row

pytestmark = pytest.mark.django_db


# Addresses


def test_addresses_are_added_and_changed_in_place_with_what_is_known_of_them(client, alice, ann):
    client.force_login(alice)

    added = post_row(client, ann, "points", {"kind": "email", "value": "Ann+News@Example.com", "label": "news"})
    point = ann.points.get(norm="ann+news@example.com")
    changed = post_row(
        client, ann, "points",
        {"value": "Ann+News@Example.com", "label": "letters", "is_primary": "on", "verified_at": "on", "opted_out_at": "on"}, point,
    )  # fmt: skip

    point.refresh_from_db()
    assert (added.status_code, changed.status_code) == (200, 200)
    assert (point.value, point.label, point.is_primary) == ("Ann+News@Example.com", "letters", True)
    assert (bool(point.verified_at), bool(point.bounced_at), bool(point.opted_out_at)) == (True, False, True)
    assert Contact.objects.get(pk=ann.pk).email == "ann+news@example.com"


def test_another_address_is_not_verified_by_what_was_known_of_the_one_before(client, alice, ann):
    point = ann.points.get()
    ContactPoint.objects.update(verified_at=datetime(2026, 1, 1, tzinfo=UTC))
    client.force_login(alice)

    post_row(client, ann, "points", {"value": "lee@example.com", "verified_at": "on"}, point)

    point.refresh_from_db()
    assert (point.norm, point.verified_at) == ("lee@example.com", None)


def test_a_phone_without_country_code_is_read_in_the_country_of_its_person(ann):
    Contact.objects.update(country="GB")
    ann.refresh_from_db()

    assert points.add_point(ann, "phone", "020 7946 0123").norm == "+442079460123"


@pytest.mark.parametrize(
    ("written", "norm"),
    [
        ("Post@Bücher.example", "post@xn--bcher-kva.example"),
        ("почта@пример.рф", "почта@xn--e1afmkfd.xn--p1ai"),
        ("a+b@Example.COM", "a+b@example.com"),
        ("a@-.рф", "a@-.рф"),
    ],
)
def test_domains_in_other_letters_are_compared_in_the_form_in_which_they_travel(written, norm):
    assert norm_email(written) == norm


def test_an_address_somebody_has_is_hinted_and_may_be_shared(client, alice, ann):
    ben = people.create_contact(by=alice, first_name="Ben")
    client.force_login(alice)
    data = {"kind": "email", "value": "ann@example.com"}

    warned = post_row(client, ben, "points", data)
    assert (warned.status_code, ben.points.count()) == (422, 0)
    assert "Ann Lee" in warned.content.decode()

    assert post_row(client, ben, "points", data | {"anyway": "1"}).status_code == 200
    assert ben.points.get().norm == "ann@example.com"


def test_a_row_that_a_colleague_changed_meanwhile_is_not_written_over(client, alice, ann):
    point = ann.points.get()
    client.force_login(alice)
    opened = client.get(reverse("contacts:row", args=["contact", ann.pk, "points", point.pk]), **HTMX)
    was = opened.context["was"]
    ContactPoint.objects.update(label="office")

    refused = post_row(client, ann, "points", {"value": "ann@example.com", "label": "home", "was": was}, point)

    point.refresh_from_db()
    assert (refused.status_code, point.label) == (422, "office")
    again = post_row(
        client, ann, "points", {"value": "ann@example.com", "label": "home", "was": refused.context["was"]}, point
    )
    point.refresh_from_db()
    assert (again.status_code, point.label) == (200, "home")


def test_a_company_has_addresses_of_its_own_and_repeats_the_main_ones(client, alice, acme):
    client.force_login(alice)

    post_row(client, acme, "points", {"kind": "phone", "value": "+49 30 55501192"})
    post_row(client, acme, "points", {"kind": "email", "value": "office@acme.example"})

    acme.refresh_from_db()
    assert (acme.phone, acme.email) == ("+49 30 55501192", "office@acme.example")


# Roles in companies


def test_moving_to_another_company_keeps_the_history(client, alice, ann, acme):
    client.force_login(alice)

    post_row(
        client, ann, "employments", {"company": "Bolt", "role": "Director", "since_on": "2026-03-01", "moves": "on"}
    )

    ann.refresh_from_db()
    rows = list(
        ann.employments.order_by("pk").values_list("company__name", "role", "is_primary", "has_left", "until_on")
    )
    assert rows == [("Acme", "Buyer", False, True, date(2026, 3, 1)), ("Bolt", "Director", True, False, None)]
    assert (ann.company.name, ann.job_title) == ("Bolt", "Director")
    assert [e.kind for e in _events(ann)][:2] == ["contact.moved", "company.created"] or _events(ann)[
        0
    ].kind == "contact.moved"


def _events(contact):
    from crm.models import Event

    return list(Event.objects.for_contact(contact))


def test_a_person_may_have_several_roles_in_one_company_but_each_once(client, alice, ann):
    client.force_login(alice)

    assert post_row(client, ann, "employments", {"company": "Acme", "role": "Auditor"}).status_code == 200
    refused = post_row(client, ann, "employments", {"company": "Acme", "role": "Auditor"})

    assert refused.status_code == 422
    assert "stands here already" in refused.content.decode()
    assert sorted(ann.employments.values_list("role", "is_primary")) == [("Auditor", False), ("Buyer", True)]


def test_who_has_left_everywhere_has_no_main_company(client, alice, ann):
    row = ann.employments.get()
    client.force_login(alice)

    post_row(
        client, ann, "employments", {"company": "Acme", "role": "Buyer", "has_left": "on", "is_primary": "on"}, row
    )

    ann.refresh_from_db()
    row.refresh_from_db()
    assert (row.has_left, row.is_primary, row.until_on is not None, ann.company) == (True, False, True, None)


def test_a_role_that_ends_before_it_begins_is_refused(client, alice, ann):
    client.force_login(alice)

    refused = post_row(
        client, ann, "employments", {"company": "Acme", "role": "x", "since_on": "2026-03-01", "until_on": "2026-02-01"}
    )

    assert (refused.status_code, Employment.objects.count()) == (422, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Employment.objects.update(since_on="2026-03-01", until_on="2026-02-01")


@pytest.mark.parametrize(
    ("operator", "typed"),
    [("is", " Ann@Пример.рф"), ("any_of", ["x@y.example", "ANN@пример.рф"]), ("starts", "ANN@"), ("contains", "XN--")],
)
def test_an_address_is_asked_for_as_people_write_it(alice, ann, operator, typed):
    Contact.objects.filter(pk=ann.pk).update(email="ann@xn--e1afmkfd.xn--p1ai")
    tree = conditions.parse({"field": "email", "op": operator, "value": typed}, "contact", user=alice)

    assert list(conditions.matching(Contact.objects.all(), tree, "contact", user=alice)) == [ann]
