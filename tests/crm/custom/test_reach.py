"""Where custom fields reach: letters, search, the audit trail, imports; and what they cost."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import Letter
from campaigns.services import letters
from contacts.imports.fields import say
from contacts.imports.targets import targets
from contacts.imports.values import Unfit
from crm import audit, conditions, custom
from crm.models import CustomField
from crm.search import search
from tests import factories


def test_a_letter_says_the_value_or_its_fallback(ann, make):
    make("device", "choice"), make("secret", "text", seen_by=["rep"])
    letter = Letter(
        name="L", language="ru", subject="{cf_device|прибор}", body="{cf_device|прибор} {cf_secret|–} {cf_gone|нет}"
    )
    letters.keep(letter)

    empty = letters.fill(letter, ann)
    custom.write(ann, {"device": "gold", "secret": "plan"})
    filled = letters.fill(letter, ann)

    assert empty[0] == "прибор"
    assert filled[0] == "Золото"
    assert "Золото – нет" in filled[1]
    assert "plan" not in filled[2]
    assert letters.faulty_holes(letter.body)[0] == ["{cf_gone|нет}"]


def test_a_value_in_a_letter_is_escaped_and_read_as_nothing_else(ann, make):
    make("note", "text")
    custom.write(ann, {"note": "<b>{first_name}</b> [x](https://evil.example)"})
    letter = letters.keep(Letter(name="L", subject="s", body="{cf_note|–}"))

    _subject, text, html = letters.fill(letter, ann)

    assert "<b>{first_name}</b> [x](https://evil.example)" in text
    assert "&lt;b&gt;{first_name}&lt;/b&gt; [x](https://evil.example)" in html


def test_the_search_finds_the_beginning_of_a_searchable_field(alice, mallory, carol, ann, make):
    serial = make("serial", "text", is_searchable=True, index_state="ready", seen_by=["rep"])
    custom.write(ann, {"serial": "FM-300/0042"})

    def found(user):
        return [hit for source, hits in search(user, "fm-300") if source.kind == "contact" for hit in hits]

    assert found(alice) == [ann]
    assert found(mallory) == []
    assert found(carol) == []
    CustomField.objects.filter(pk=serial.pk).update(index_state="building")
    assert found(alice) == []


def test_the_audit_trail_tells_each_field_by_its_name(client, alice, carol, ann, make):
    make("level", "choice", label="Level"), make("secret", "text", seen_by=["rep"])
    custom.write(ann, {"level": "silver", "secret": "a"})
    custom.write(ann, {"level": "gold", "secret": "b"})
    ann.refresh_from_db()

    def told(user):
        return [(c.label, c.before, c.after) for c in audit.changes_of(ann, user=user)]

    assert told(alice) == [
        ("Level", "Silver", "Gold"),
        ("Secret", "a", "b"),
        ("Level", "", "Silver"),
        ("Secret", "", "a"),
    ]
    assert told(carol) == [("Level", "Silver", "Gold"), ("Level", "", "Silver")]


def test_an_import_gets_parsers_and_the_rules_of_a_row(alice, carol, ann, make):
    make("level", "choice", is_required=True), make("boss", "contact"), make("secret", "text", edited_by=["rep"])
    make("net", "formula", formula="1 + 1"), make("scan", "file")

    targets = {target.key: target for target in custom.import_targets("contact", alice)}

    assert list(targets) == ["level", "boss", "secret"]
    assert targets["level"].is_required
    assert targets["level"].parse("Золото") == "gold"
    assert targets["boss"].parse("Ann Lee") == ann.pk
    assert targets["level"].parse(" ") is None
    with pytest.raises(custom.CustomRefused, match="Fill in “Level”"):
        custom.new_values("contact", {"secret": "x"}, by=alice, whole=True)
    assert custom.new_values("contact", {"level": "gold"}, by=alice, whole=True) == {"level": "gold"}
    assert "secret" not in {target.key for target in custom.import_targets("contact", carol)}


def test_columns_of_own_fields_cost_no_query_a_row(client, alice, ann, make):
    kinds = ["text", "number", "money", "date", "choice", "choices", "yes_no", "link", "person", "contact"]
    for kind in kinds:
        make(f"f_{kind}", kind)
    given = ["x", "1", "2", "2026-01-31", "gold", ["gold"], True, "a.example", alice.pk, ann.pk]
    values = custom.cleaned("contact", {f"f_{k}": v for k, v in zip(kinds, given, strict=True)})
    client.force_login(alice)
    url = reverse("contacts:index") + "?cols=" + ",".join(f"cf_f_{kind}" for kind in kinds)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    queries()
    few = queries()
    for n in range(30):
        factories.contact(f"P{n}", owner=alice, team=alice.team, custom=values)
    many = queries()

    # One for the colleagues, one for the contacts that the rows name.
    assert many == few + 2
    page = client.get(url).content.decode()
    assert "Ann Lee" in page
    assert "€2" in page


def test_the_record_page_costs_a_constant_number_of_queries(client, alice, ann, make):
    client.force_login(alice)
    url = ann.get_absolute_url()
    client.get(url)
    with CaptureQueriesContext(connection) as without:
        client.get(url)
    for n in range(40):
        make(f"f{n}", "contact" if n % 2 else "person")
    ann.custom = {f"f{n}": ann.pk if n % 2 else alice.pk for n in range(40)}
    ann.save()

    with CaptureQueriesContext(connection) as with_many:
        page = client.get(url)

    assert page.status_code == 200
    assert len(with_many) <= len(without) + 2


def test_a_file_fills_own_fields_of_people_and_companies(alice, ann, make):
    make("level", "choice", label="Level", rules={"lock": {"all": [{"field": "city", "op": "is", "value": "Rome"}]}})
    make("contract", "text", subject="company", label="Contract"), make("secret", "text", edited_by=["boss"])
    kinds = targets()

    assert {"person_cf_level", "company_cf_contract"} <= kinds.keys()
    assert "person_cf_secret" not in kinds
    assert kinds["person_cf_level"].clean("Золото") == "gold"
    with pytest.raises(Unfit, match="Level: “Lead” is not one of the choices"):
        kinds["person_cf_level"].clean("Lead")
    assert say(ann, {"person_cf_level": "gold"}, kinds, overwrites=False)
    ann.city = "Rome"
    assert not say(ann, {"person_cf_level": "silver"}, kinds, overwrites=True)
    assert ann.custom == {"level": "gold"}


def test_a_formula_goes_no_further_than_the_fields_it_is_computed_of(client, alice, carol, ann, make):
    """Whoever may not see a field could else read it off the formula, or ask for it by filter and order."""
    make("cost", "number", seen_by=["reader"]), make("weight", "number")
    make("margin", "formula", formula="cost * 2"), make("heavy", "formula", formula="weight * 2")
    custom.write(ann, {"cost": "731", "weight": "8"})
    asking = json.dumps({"field": "cf_margin", "op": "gt", "value": "1461"})
    letter = letters.keep(Letter(name="L", subject="s", body="{cf_margin|–} {cf_heavy|–}"))

    def seen(user):
        client.force_login(user)
        page = client.get(ann.get_absolute_url()).content.decode()
        ways = [{"cols": "cf_margin"}, {"cols": "cf_heavy"}, {"sort": "cf_margin"}, {"f": asking}]
        return "1,462" in page, *(client.get(reverse("contacts:index"), way).status_code for way in ways)

    assert seen(carol) == (True, 200, 200, 200, 200)
    assert seen(alice) == (False, 400, 200, 400, 400)
    assert conditions.field_named("contact", "cf_margin", alice) is None
    assert letters.fill(letter, ann)[1].startswith("– 16\n")
