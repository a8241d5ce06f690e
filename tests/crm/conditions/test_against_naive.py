"""Random trees on random people: SQL and the naive evaluator never differ."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.models import Contact
from crm import conditions
from crm.conditions.operators import BY_KIND, PERIODS
from tests import factories
from tests.crm.conditions import specimen, world
from tests.crm.conditions.naive import Naive

specimen.register()

SPANS = st.builds(
    lambda n, unit: {"n": n, "unit": unit},
    st.sampled_from([0, 1, 2, 4, 13]),
    st.sampled_from(["day", "week", "month", "year"]),
)
DAYS = st.sampled_from(["2024-02-27", "2024-02-28", "2024-02-29", "2023-02-28", "1984-02-29", "1980-02-28"])
NUMBERS = st.sampled_from(["0", "1", "2.5", "-3", "3", "50", "100"])
TEXTS = {
    "city": st.sampled_from(["Berlin", "москва", "%", "_", "o'h", "b", "ONE", "1"]),
    "name": st.sampled_from(["ann", "елка", "zoe 7", "12", "Ann 12"]),
    "email": st.sampled_from(["a@x.ru", "A@x.ru", "@x", "b"]),
    "company_city": st.sampled_from(["berlin", "омск", "o"]),
    "colour": st.sampled_from(["RED", "Синий", "e"]),
    "phone": st.sampled_from(["+491", "49", "9"]),
    "guide": st.sampled_from(["FM-300", "fm", "0"]),
    "title": st.sampled_from(["call", "back"]),
    "tags": st.sampled_from([*world.TAGS, "none"]),
    "interests": st.sampled_from(["a", "b"]),
    "stage": st.sampled_from(Contact.Stage.values[:4]),
    "list": st.sampled_from(["1", "2"]),
}


def _values(field):
    if field.kind in {"number", "money"}:
        return NUMBERS
    if field.kind in {"date", "datetime"}:
        return DAYS
    if field.kind == "boolean":
        return st.booleans()
    if field.kind in {"person", "record"}:
        return st.integers(1, 4)
    return TEXTS[field.name]


@st.composite
def comparisons(draw, subject):
    field = draw(st.sampled_from([f for f in conditions.fields_of(subject) if f.name != "secret"]))
    operator = draw(st.sampled_from(list(BY_KIND[field.kind].values())))
    value = {
        "none": lambda: None,
        "one": lambda: draw(_values(field)),
        "two": lambda: [draw(_values(field)), draw(_values(field))],
        "many": lambda: draw(st.lists(_values(field), min_size=1, max_size=3)),
        "span": lambda: draw(SPANS),
        "period": lambda: draw(st.sampled_from(list(PERIODS))),
    }[operator.shape]()
    leaf = {"field": field.name, "op": operator.name}
    return leaf if operator.shape == "none" else leaf | {"value": value}


@st.composite
def happenings(draw):
    what, below = draw(
        st.sampled_from(
            [
                ({"did": "specimen.downloaded"}, "event:specimen.downloaded"),
                ({"has": "tasks"}, "specimen_task"),
                ({"has": "paid"}, "specimen_task"),
            ]
        )
    )
    node = dict(what)
    if draw(st.booleans()):
        op = draw(st.sampled_from(["at_least", "at_most", "exactly"]))
        node["times"] = {"op": op, "n": draw(st.integers(0, 3))}
    if node.get("has") == "paid" and draw(st.booleans()):
        node["sum"] = {"at_least": draw(st.sampled_from(["1", "11", "500"]))}
        node["times"] = {"op": "at_least", "n": draw(st.integers(1, 2))}
    if draw(st.booleans()):
        node["within_days"] = draw(st.sampled_from([1, 30, 31, 90, 366]))
    if draw(st.integers(0, 3)) == 0:
        node[draw(st.sampled_from(["since", "until"]))] = draw(DAYS)
    if draw(st.booleans()):
        node["where"] = draw(comparisons(below))
    return node


TREES = st.recursive(
    st.one_of(comparisons("specimen"), comparisons("specimen"), happenings()),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"all": nodes}),
        st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"any": nodes}),
        inner.map(lambda node: {"not": node}),
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("seed", range(5))
def test_sql_and_the_naive_evaluator_agree(seed, db):
    users = [factories.user(name) for name in ("Una", "Uwe")]
    people = world.build(seed, users)
    naive = Naive(world.NOW, world.ZONE)
    keys = [contact.pk for contact, _row in people]

    @settings(max_examples=440, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(raw=TREES, few=st.booleans())
    def agree(raw, few):
        raw = _with_real_keys(raw, users)
        tree = conditions.parse(raw, "specimen")
        rows = Contact.objects.filter(pk__in=keys)
        found = conditions.matching(rows, tree, "specimen", now=world.NOW, zone=world.ZONE, few=few)
        rest = conditions.matching(rows, {"all": [{"not": tree}]}, "specimen", now=world.NOW, zone=world.ZONE)

        expected = {contact.pk for contact, row in people if naive.fits(tree, row)}
        assert set(found.values_list("pk", flat=True)) == expected
        assert set(rest.values_list("pk", flat=True)) == set(keys) - expected
        assert conditions.parse(tree, "specimen") == tree

    agree()


def _with_real_keys(node, users):
    """Owners of the tree become people of this world."""
    if isinstance(node, list):
        return [_with_real_keys(n, users) for n in node]
    if not isinstance(node, dict):
        return node
    if node.get("field") == "owner" and "value" in node:
        keys = [u.pk for u in users] + [999_999_999]
        value = node["value"]
        picked = [keys[v % 3] for v in value] if isinstance(value, list) else keys[value % 3]
        return {**node, "value": picked}
    return {k: _with_real_keys(v, users) for k, v in node.items()}
