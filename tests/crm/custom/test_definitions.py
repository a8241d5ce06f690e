"""Defining fields: in the browser, with hostile names, retired and brought back, moved to another kind."""

import pytest
from django.urls import reverse
from django.utils import translation

from contacts.models import Contact
from crm import custom, jobs
from crm.custom import kinds
from crm.models import CustomField, Job
from tests import factories

HOSTILE = [
    "'; DROP TABLE contacts_contact; --",
    '"><script>alert(1)</script>',
    "{{ 7*7 }}{% load x %}{value}%s%(n)s",
    "\u202eevil",
]


@pytest.fixture
def browser(client, admin):
    client.force_login(admin)
    return client


def _post(browser, **data):
    given = {"label_en": "Floor", "kind": "number", "places": "2"} | data
    return browser.post(reverse("custom_field_new", args=["contact"]), given)


def _choices(*rows):
    return dict(
        zip(("choice_key", "choice_en", "choice_ru", "choice_state"), map(list, zip(*rows, strict=True)), strict=True)
    )


def test_a_field_is_defined_in_the_browser(browser, admin):
    assert _post(browser, label_en="", label_ru="Этаж").status_code == 422
    answer = _post(browser, label_ru="Этаж", help_en="Counted from the street.", section_en="Building")
    twin = _post(browser)

    assert answer.status_code == 302
    assert twin.status_code == 302
    first, second = CustomField.objects.order_by("pk")
    assert (first.key, first.kind, first.label_ru, first.position) == ("floor", "number", "Этаж", 1)
    assert (second.key, second.position) == ("floor_2", 2)
    with translation.override("ru"):
        assert (first.label, first.help) == ("Этаж", "Counted from the street.")


@pytest.mark.parametrize("key", ["Floor", "a__b", "_a", "1a", "a'b", "x" * 300, "name; --", "ключ"])
def test_a_key_that_could_be_read_as_something_else_is_refused(browser, key):
    assert _post(browser, key=key).status_code == 422
    assert not CustomField.objects.exists()


@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_name_is_only_a_name(browser, ann, label):
    choices = _choices(("", label, label, ""), ("", "Plain", "", ""))
    assert _post(browser, label_en=label, kind="choice", help_en=label, **choices).status_code == 302
    field = CustomField.objects.get()
    custom.write(ann, {field.key: field.choices[0]["key"]})

    pages = [
        reverse("custom_fields"),
        reverse("custom_field_edit", args=[field.pk]),
        ann.get_absolute_url(),
        reverse("custom_field", args=["contact", ann.pk, field.key]),
        reverse("contacts:contact_new"),
        reverse("contacts:index") + f"?cols={field.name}&sort={field.name}",
        reverse("history", args=["contact", ann.pk]),
    ]
    for url in pages:
        page = browser.get(url)
        assert page.status_code == 200, url
        assert "<script>alert" not in page.content.decode()
    assert Contact.objects.filter(pk=ann.pk).exists()


def test_too_long_a_name_and_a_doubled_key_are_refused(browser, make):
    make("floor", "number")

    assert _post(browser, label_en="x" * 300).status_code == 422
    assert _post(browser, key="floor").status_code == 422
    assert CustomField.objects.count() == 1


def test_choices_keep_their_keys_and_values_move_with_them(browser, admin, ann, make):
    field = make("level", "choice")
    custom.write(ann, {"level": "silver"})
    rows = [("gold", "Gold", "Золото", ""), ("silver", "Silver", "", "gold"), ("", "Платина", "", "")]

    data = {"label_en": "Level", "version": field.version, **_choices(*rows)}
    browser.post(reverse("custom_field_edit", args=[field.pk]), data)
    job = Job.objects.get(kind="custom.choices")
    jobs.run({"job": job.pk})

    field.refresh_from_db()
    assert [(c["key"], c["en"], c["retired"]) for c in field.choices] == [
        ("gold", "Gold", False),
        ("silver", "Silver", True),
        ("platina", "Платина", False),
        ("bronze", "Bronze", True),
    ]
    ann.refresh_from_db()
    assert ann.custom == {"level": "gold"}


def test_two_who_change_a_definition_at_once_are_told(browser, make):
    field = make("floor", "number")

    stale = browser.post(
        reverse("custom_field_edit", args=[field.pk]), {"label_en": "New", "places": "2", "version": "9"}
    )

    assert stale.status_code == 422
    field.refresh_from_db()
    assert field.label_en == "Floor"


def test_a_retired_field_is_hidden_with_its_values_and_comes_back_with_them(browser, admin, ann, make):
    field = make("floor", "number")
    custom.write(ann, {"floor": "3"})

    browser.post(reverse("custom_field_retire", args=[field.pk]))
    page = browser.get(ann.get_absolute_url()).content.decode()
    gone = browser.get(reverse("contacts:index"), {"f": '{"field":"cf_floor","op":"is","value":"3"}'})
    with pytest.raises(custom.CustomRefused):
        custom.write(ann, {"floor": "4"}, by=admin)
    browser.post(reverse("custom_field_restore", args=[field.pk]))

    assert "cf_floor" not in page
    assert gone.status_code == 400
    assert "cf_floor" in browser.get(ann.get_absolute_url()).content.decode()
    ann.refresh_from_db()
    assert ann.custom == {"floor": "3"}


@pytest.mark.parametrize(
    ("kind", "held", "wanted", "becomes"),
    [
        ("text", "12.5", "number", "12.5"),
        ("number", "12.5", "text", "12.5"),
        ("number", "12.5", "money", "12.5"),
        ("text", "2026-03-31", "date", "2026-03-31"),
        ("choice", "gold", "choices", ["gold"]),
        ("choices", ["gold"], "choice", "gold"),
    ],
)
def test_a_kind_changes_when_every_value_survives(browser, ann, make, kind, held, wanted, becomes):
    field = make("floor", kind)
    custom.write(ann, {"floor": held})

    browser.post(reverse("custom_field_kind", args=[field.pk]), {"kind": wanted})
    jobs.run({"job": Job.objects.get(kind="custom.kind").pk})

    field.refresh_from_db()
    ann.refresh_from_db()
    assert (field.kind, ann.custom["floor"]) == (wanted, becomes)


@pytest.mark.parametrize(
    ("kind", "held", "wanted"),
    [
        ("text", "007", "number"),
        ("text", "tomorrow", "date"),
        ("number", "1.255", "money"),
        ("choices", ["gold", "silver"], "choice"),
    ],
)
def test_a_kind_does_not_change_when_a_value_would_be_lost(browser, ann, make, kind, held, wanted):
    field = make("floor", kind, places=3)
    custom.write(ann, {"floor": held})

    answer = browser.post(reverse("custom_field_kind", args=[field.pk]), {"kind": wanted})

    assert answer.status_code == 422
    assert kinds.preview(field, wanted).refused == 1
    assert not Job.objects.exists()
    field.refresh_from_db()
    assert field.kind == kind


def test_only_those_who_may_change_settings_define_fields(client, alice, make):
    field = make("floor", "number")
    alice.roles.get().grants.pop("settings", None)
    role = alice.roles.get()
    role.grants["settings"] = {}
    role.save()
    client.force_login(type(alice).objects.get(pk=alice.pk))

    for url in (reverse("custom_fields"), reverse("custom_field_edit", args=[field.pk])):
        assert client.get(url).status_code == 403
    assert client.post(reverse("custom_field_retire", args=[field.pk])).status_code == 403
    field.refresh_from_db()
    assert not field.is_retired


def test_a_field_for_one_team_or_role_is_unknown_to_others(client, alice, bob, carol, ann, sales, make):
    make("secret", "text", team_ids=[sales.pk])
    make("seen", "text", seen_by=["reader", "rep"], edited_by=["rep"])
    custom.write(ann, {"secret": "plan", "seen": "word"})
    client.force_login(carol)

    page = client.get(ann.get_absolute_url()).content.decode()
    listed = client.get(reverse("contacts:index"), {"f": '{"field":"cf_secret","op":"is","value":"plan"}'})
    column = client.get(reverse("contacts:index"), {"cols": "cf_secret"})
    sort = client.get(reverse("contacts:index"), {"sort": "cf_secret"})

    assert "plan" not in page
    assert "word" in page
    assert [r.status_code for r in (listed, column, sort)] == [400, 400, 400]
    assert [f.key for f in custom.fields_of("contact", carol)] == ["seen"]
    assert [f.key for f in custom.fields_of("contact", alice)] == ["secret", "seen"]
    assert [f.key for f in custom.fields_of("contact", bob)] == ["secret"]
    with pytest.raises(custom.CustomRefused):
        custom.write(ann, {"seen": "other"}, by=carol)
    ann.refresh_from_db()
    assert ann.custom == {"secret": "plan", "seen": "word"}


def test_a_team_below_sees_the_fields_of_the_team_above(sales, make):
    north = factories.team("North", parent=sales)
    nina = factories.user("Nina", team=north)
    field = make("secret", "text", team_ids=[sales.pk])

    assert field.visible_to(nina)
    assert not field.visible_to(factories.user("Otto", team=factories.team("Elsewhere")))


@pytest.mark.parametrize("name", ["cf_nothing", "custom", "cf_floor__regex", "custom__floor", "owner__password"])
def test_no_unknown_name_reaches_the_database(browser, make, name):
    make("floor", "number")
    url = reverse("contacts:index")

    assert browser.get(url, {"f": f'{{"field":"{name}","op":"is","value":"1"}}'}).status_code == 400
    assert browser.get(url, {"sort": name}).status_code == 400
    assert browser.get(url, {"cols": name}).status_code == 400
