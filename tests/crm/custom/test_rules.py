"""Rules that show, require or lock: held on the server by every route, and meaning what the condition language means."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.models import Contact
from crm import conditions, custom
from crm.custom import rules, writing
from crm.models import CustomField
from tests import factories

CUSTOMER = {"all": [{"field": "stage", "op": "is", "value": "customer"}]}
GOLD = {"all": [{"field": "cf_level", "op": "is", "value": "gold"}]}


@pytest.fixture
def contract(make):
    """Number of the contract: only of customers, who must have one; locked for gold ones."""
    make("level", "choice")
    return make("contract", "text", rules={"show": CUSTOMER, "require": CUSTOMER, "lock": GOLD})


def _url(contact, key="contract"):
    return reverse("custom_field", args=["contact", contact.pk, key])


def test_a_field_is_shown_only_when_its_rule_holds(client, alice, ann, contract):
    client.force_login(alice)

    before = client.get(ann.get_absolute_url()).content.decode()
    refused = client.post(_url(ann), {"cf_contract": "C-1", "was": ""})
    Contact.objects.filter(pk=ann.pk).update(stage="customer")
    after = client.get(reverse("custom_section", args=["contact", ann.pk])).content.decode()

    assert "cf_contract" not in before
    assert refused.status_code == 422
    assert "does not apply here" in refused.content.decode()
    assert "cf_contract" in after
    ann.refresh_from_db()
    assert ann.custom == {}


@pytest.mark.parametrize("route", ["place", "cell", "form", "bulk", "program"])
def test_no_route_goes_round_a_lock(client, alice, ann, contract, route):
    ann.stage, ann.custom = "customer", {"contract": "C-1", "level": "gold"}
    ann.save()
    client.force_login(alice)

    if route == "place":
        assert client.post(_url(ann), {"cf_contract": "C-2", "was": "C-1"}).status_code == 422
    elif route == "cell":
        url = reverse("list_cell", args=["contacts", ann.pk, "cf_contract"])
        assert client.post(url, {"cf_contract": "C-2", "was": "C-1"}).status_code == 422
    elif route == "form":
        data = {"first_name": "Anna", "stage": "customer", "cf_contract": "C-2"}
        answer = client.post(reverse("contacts:contact_edit", args=[ann.pk]), data)
        assert answer.status_code == 422
    elif route == "bulk":
        data = {"pick": [ann.pk], "whole": "", "field": "cf_contract", "asked": "1", "cf_contract": "C-2", "go": "1"}
        client.post(reverse("list_bulk", args=["contacts", "edit"]), data)
    else:
        with pytest.raises(custom.CustomRefused, match="is locked now"):
            custom.write(ann, {"contract": "C-2"}, by=alice)

    ann.refresh_from_db()
    assert ann.custom == {"contract": "C-1", "level": "gold"}
    assert ann.first_name == "Ann"


def test_what_a_rule_demands_blocks_the_act_that_makes_it_needed(client, alice, ann, contract):
    client.force_login(alice)
    stage = reverse("contacts:contact_field", args=[ann.pk, "stage"])

    in_place = client.post(stage, {"stage": "customer", "was": "lead"})
    whole = client.post(reverse("contacts:contact_edit", args=[ann.pk]), {"first_name": "Ann", "stage": "customer"})
    both = client.post(
        reverse("contacts:contact_edit", args=[ann.pk]),
        {"first_name": "Ann", "stage": "customer", "owner": alice.pk, "cf_contract": "C-1"},
    )
    emptied = client.post(_url(ann), {"cf_contract": "", "was": "C-1"})

    assert in_place.status_code == 422
    assert "Fill in “Contract”." in in_place.content.decode()
    assert whole.status_code == 422
    assert both.status_code == 302
    assert emptied.status_code == 422
    ann.refresh_from_db()
    assert (ann.stage, ann.custom) == ("customer", {"contract": "C-1"})


def test_what_was_missing_before_blocks_nobody(client, alice, ann, contract):
    Contact.objects.filter(pk=ann.pk).update(stage="customer")
    ann.refresh_from_db()
    client.force_login(alice)

    city = client.post(reverse("contacts:contact_field", args=[ann.pk, "city"]), {"city": "Rome", "was": ""})
    custom.write(ann, {"level": "silver"}, by=alice)

    assert city.status_code == 302
    ann.refresh_from_db()
    assert (ann.city, ann.custom) == ("Rome", {"level": "silver"})


def test_the_form_shows_and_hides_while_it_is_filled_in(client, alice, ann, contract):
    client.force_login(alice)
    url = reverse("custom_boxes", args=["contact", 0])

    lead = client.post(url, {"first_name": "Bo", "stage": "lead"}).content.decode()
    customer = client.post(url, {"first_name": "Bo", "stage": "customer", "cf_level": "gold"}).content.decode()

    assert "cf_contract" not in lead
    assert "cf_contract" in customer
    assert "field-error" not in customer
    assert Contact.objects.count() == 1


def test_a_rule_is_made_in_the_browser_and_looks_only_at_the_record(client, admin, contract):
    client.force_login(admin)
    level = CustomField.objects.get(key="level")
    url = reverse("custom_field_rule", args=[level.pk, "require"])
    leaf = {"c.t": "group", "c.join": "all", "c.0.t": "leaf", "c.0.what": "field:city", "c.0.op": "is", "c.0.v": "Rome"}

    assert client.get(url).status_code == 200
    own = client.post(url, leaf | {"c.0.what": "field:cf_level", "c.0.v": "gold"})
    foreign = client.post(url, {"c.t": "group", "c.join": "all", "c.0.t": "leaf", "c.0.what": "has:tasks"})
    good = client.post(url, leaf)

    assert (own.status_code, foreign.status_code, good.status_code) == (422, 422, 302)
    level.refresh_from_db()
    assert level.rules == {"require": {"all": [{"field": "city", "op": "is", "value": "Rome"}]}}
    client.post(url, {"c.t": "group", "c.join": "all"})
    level.refresh_from_db()
    assert level.rules == {}


# The same meaning in Python and in the database

TEXTS = ["", "Rome", "ROME", "rom", "ё%_"]
CHOSEN = ["gold", "silver"]
DAYS = [None, *(timezone.now().date() + timedelta(days=n) for n in (-400, -30, -1, 0, 1, 5, 40)), date(2000, 2, 29)]
SPANS = st.fixed_dictionaries({"n": st.integers(0, 13), "unit": st.sampled_from(["day", "week", "month", "year"])})


NOTHING = st.none()


def _leaf(name, op, value=NOTHING):
    return value.map(lambda v: {"field": name, "op": op} | ({} if v is None else {"value": v}))


def _iso(days=DAYS):
    return st.sampled_from([d.isoformat() for d in days if d])


NUMBERS = st.sampled_from(["-1", "0", "2.5", "10"])
LEAVES = st.one_of(
    *(_leaf("city", op, st.sampled_from(TEXTS[1:])) for op in ("is", "is_not", "contains", "not_contains", "starts")),
    *(_leaf("cf_note", op, st.lists(st.sampled_from(TEXTS[1:]), min_size=1)) for op in ("any_of", "none_of")),
    *(
        _leaf(n, op)
        for n in ("city", "cf_note", "cf_n", "cf_d", "cf_many", "tags", "cf_one")
        for op in ("empty", "not_empty")
    ),
    *(_leaf("cf_n", op, NUMBERS) for op in ("is", "is_not", "gt", "gte", "lt", "lte")),
    _leaf("cf_n", "between", st.lists(NUMBERS, min_size=2, max_size=2)),
    *(_leaf("cf_d", op, _iso()) for op in ("is", "before", "after")),
    *(_leaf(n, op, SPANS) for n in ("cf_d", "cf_at") for op in ("in_last", "older", "in_next")),
    _leaf("cf_d", "anniversary", SPANS),
    _leaf("cf_d", "period", st.sampled_from(["today", "this_week", "last_month", "this_year"])),
    *(_leaf("cf_one", op, st.sampled_from(CHOSEN)) for op in ("is", "is_not")),
    *(_leaf("cf_many", op, st.lists(st.sampled_from(CHOSEN), min_size=1)) for op in ("has_any", "has_all", "has_none")),
    _leaf("tags", "has_any", st.just(["vip"])),
    _leaf("cf_yes", "is", st.booleans()),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda c: {"all": c}),
        st.lists(inner, min_size=1, max_size=3).map(lambda c: {"any": c}),
        inner.map(lambda c: {"not": c}),
    ),
    max_leaves=5,
)
ROWS = st.fixed_dictionaries(
    {
        "city": st.sampled_from(TEXTS),
        "tags": st.sampled_from([[], ["vip"]]),
        "note": st.sampled_from(TEXTS),
        "n": st.sampled_from([None, "-1", "0", "2.5", "10"]),
        "d": st.sampled_from(DAYS),
        "one": st.sampled_from([None, *CHOSEN]),
        "many": st.sampled_from([None, ["gold"], ["gold", "silver"]]),
        "yes": st.sampled_from([None, True, False]),
    }
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=TREES, row=ROWS)
def test_a_rule_means_in_python_what_it_means_in_the_database(make, alice, tree, row):
    if not CustomField.objects.exists():
        for key, kind in {
            "note": "text",
            "n": "number",
            "d": "date",
            "at": "datetime",
            "one": "choice",
            "many": "choices",
            "yes": "yes_no",
        }.items():
            make(key, kind)
    given = {k: row[k] for k in ("note", "n", "d", "one", "many", "yes")} | {"at": row["d"] and f"{row['d']}T12:00"}
    bo = factories.contact("Bo", city=row["city"], tags=row["tags"], custom=custom.new_values("contact", given))
    parsed = rules.parse(tree, "contact")

    python = rules.holds(parsed, "contact", writing.State("contact", bo, bo.custom).read)
    database = conditions.matching(Contact.objects.filter(pk=bo.pk), parsed, "contact").exists()

    bo.delete()
    assert python == database
