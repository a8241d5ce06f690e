"""Formulas: exact figures, and the database computes what Python computes."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.models import Contact
from crm import custom
from crm.custom import formulas, sql, values
from crm.custom.formulas.grammar import FormulaError, parse
from crm.models import CustomField
from tests import factories

KINDS = {"n": "number", "m": "number", "t": "text", "d": "date", "e": "date", "b": "boolean"}


@pytest.fixture
def fields(make):
    make("n", "number", places=6), make("m", "money"), make("t", "text"), make("d", "date"), make("e", "date")
    make("b", "yes_no")


def _formula(text, places=6):
    return CustomField(subject="contact", key="f", kind="formula", label_en="F", formula=text, places=places)


def _both(text, contact, places=6):
    """The value computed by Python and by the database, as they are stored."""
    field = _formula(text, places)
    found = (
        Contact.objects.annotate(found=formulas.expression(field)).values_list("found", flat=True).get(pk=contact.pk)
    )
    if isinstance(found, Decimal):
        found = values.decimal_text(found)
    elif isinstance(found, date):
        found = found.isoformat()
    return formulas.computed(field, contact), found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n * 2 + m", "25.5"),
        ("n / 3", "3.333333"),
        ("-n + 0.1 + 0.2", "-9.7"),
        ("round(n / 3, 2) * 3", "9.99"),
        ("m / 0", None),
        ('n & " of " & t', '10 of a "b"'),
        ('if(n > 9, "many", "few")', "many"),
        ('if(d > e, "late", "on time")', "on time"),
        ("d + 30", "2026-03-02"),
        ("d - 31", "2025-12-31"),
        ("days(e, d)", "59"),
        ("year(d) * 100 + month(d)", "202601"),
        ("first(d, e)", "2026-01-31"),
        ("max(n, m)", "10"),
        ("b and_", None),
        ("not(b)", False),
        ("and(b, n = 10, empty(m) = false)", True),
        ('"5 > 3 & ""x"""', '5 > 3 & "x"'),
        ("n * 1000000000 * 1000000000", None),
        ("d + 200000", None),
        ("city & t", 'Romea "b"'),
    ],
)
def test_exact_values(fields, ann, text, value):
    ann.city = "Rome"
    ann.save()
    custom.write(ann, {"n": 10, "m": "5.5", "t": 'a "b"', "d": "2026-01-31", "e": "2026-03-31", "b": True})
    if text == "b and_":
        with pytest.raises(FormulaError):
            parse(text, KINDS)
        return

    assert _both(text, ann) == (value, value)


def test_nothing_is_computed_of_an_empty_field(fields, ann):
    for text in ("n + 1", "t & n", "days(d, e)", "d + 1", "n = m", "abs(n)"):
        assert _both(text, ann) == (None, None)
    assert _both("first(n, 7)", ann) == ("7", "7")
    assert _both('if(n > 1, "a", "b")', ann) == ("b", "b")


@pytest.mark.parametrize(
    "text",
    [
        "", "n +", "(n", "n n", "x + 1", "n & b", "t + 1", "n > t", "t > t", "d + d", "if(n, 1, 2)", 'if(b, 1, "a")',
        "__import__(1)", "n.real", "n; 1", "n ** 2", "lambda: 1", "round(n, m)", "eval(t)", "n" + " + n" * 100,
        "(" * 40 + "n" + ")" * 40, "-" * 40 + "n", "x" * 2000, "1e9", "t & '", "d + 1 + 1 + 1 + 1 + 1 + 1", "'a'", "%s", "{n}",
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused_with_a_sentence(text):
    with pytest.raises(FormulaError, match=r"\.$"):
        parse(text, KINDS)


LEAVES = {
    "number": st.sampled_from(["n", "m", "0", "1", "3", "0.000001", "7.25", "999999999999"]),
    "text": st.sampled_from(["t", '""', '"a"', '"ё ""q"" %"']),
    "date": st.sampled_from(["d", "e", "today()"]),
    "boolean": st.sampled_from(["b", "true", "false"]),
}


def _trees(kind, depth):
    if not depth:
        return LEAVES[kind]
    number, text, day, boolean = (_trees(k, depth - 1) for k in ("number", "text", "date", "boolean"))
    same = _trees(kind, depth - 1)
    made = [
        LEAVES[kind],
        st.builds("if({}, {}, {})".format, boolean, same, same),
        st.builds("first({}, {})".format, same, same),
    ]
    if kind == "number":
        made += [
            st.builds("({} {} {})".format, number, st.sampled_from("+-*/"), number),
            st.builds("round({}, {})".format, number, st.integers(0, 6)),
            st.builds("{}({})".format, st.sampled_from(["abs", "-"]), number),
            st.builds("{}({})".format, st.sampled_from(["year", "month", "day"]), day),
            st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), number, number),
            st.builds("days({}, {})".format, day, day),
        ]
    elif kind == "text":
        made += [st.builds("({} & {})".format, text, st.one_of(text, number, day))]
    elif kind == "date":
        made += [st.builds("({} {} {})".format, day, st.sampled_from("+-"), number)]
    else:
        made += [
            st.builds("({} {} {})".format, number, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), number),
            st.builds("({} {} {})".format, text, st.sampled_from(["=", "<>"]), text),
            st.builds("({} {} {})".format, day, st.sampled_from(["<", ">="]), day),
            st.builds("{}({}, {})".format, st.sampled_from(["and", "or"]), boolean, boolean),
            st.builds("not({})".format, boolean),
            st.builds("empty({})".format, st.one_of(number, text, day)),
        ]
    return st.one_of(made)


NUMBERS = st.one_of(st.none(), st.decimals(-999_999_999_999, 999_999_999_999, places=6))
DAYS = st.one_of(st.none(), st.dates(date(1800, 1, 1), date(2300, 12, 31)))
TEXTS = st.one_of(st.none(), st.sampled_from(["a", "A", "é %s", "12.50"]))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.one_of([_trees(kind, 3) for kind in LEAVES]),
    row=st.fixed_dictionaries(
        {
            "n": NUMBERS,
            "m": NUMBERS.map(lambda x: x and round(x, 2)),
            "t": TEXTS,
            "d": DAYS,
            "e": DAYS,
            "b": st.sampled_from([None, True, False]),
        }
    ),
)
def test_the_database_computes_what_python_computes(fields, ann, text, row):
    try:
        parse(text, KINDS)
    except FormulaError:
        return  # too many parts
    ann.custom = custom.check("contact", None, custom.cleaned("contact", row))
    ann.save()

    python, database = _both(text, ann)

    assert python == database


def test_a_formula_stands_on_pages_and_in_lists_and_is_written_by_nobody(client, alice, ann, make):
    make("price", "money", currency="EUR"), make("share", "number")
    make("net", "formula", formula="price * (1 - share / 100)", places=2)
    bo = factories.contact("Bo", "Ray", owner=alice, team=alice.team)
    custom.write(ann, {"price": "200", "share": "10"})
    custom.write(bo, {"price": "100", "share": "0"})
    client.force_login(alice)
    url = reverse("contacts:index")

    page = client.get(ann.get_absolute_url()).content.decode()
    listed = client.get(url, {"sort": "cf_net", "cols": "cf_net"})
    some = client.get(url, {"f": '{"field":"cf_net","op":"gt","value":"100"}'})

    assert ">180<" in page.replace("\n", "").replace(" ", "")
    assert [row.first_name for row, _cells in listed.context["rows"]] == ["Bo", "Ann"]
    assert [row.first_name for row, _cells in some.context["rows"]] == ["Ann"]
    with pytest.raises(custom.CustomRefused):
        custom.write(ann, {"net": "1"}, by=alice)
    assert client.get(reverse("custom_field", args=["contact", ann.pk, "net"])).status_code == 404


def test_a_formula_is_checked_when_it_is_defined(client, admin, make):
    make("price", "money")
    client.force_login(admin)
    url = reverse("custom_field_new", args=["contact"])

    wrong = client.post(url, {"label_en": "Net", "kind": "formula", "formula": "prise * 2"})
    right = client.post(url, {"label_en": "Net", "kind": "formula", "formula": "price * 2"})

    assert wrong.status_code == 422
    assert "There is no field “prise”" in wrong.content.decode()
    assert right.status_code == 302
    assert sql.order(CustomField.objects.get(key="net")) is not None
