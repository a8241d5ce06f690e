"""Conditions as sentences that people would say, in both languages."""

import pytest
from django.utils import translation

from crm import conditions

pytestmark = pytest.mark.django_db
BERLIN = {"field": "city", "op": "is", "value": "Berlin"}
QUIET = {"not": {"has": "purchases", "within_days": 90}}
GUIDE = {"did": "guide.downloaded"}
TWICE = {"has": "purchases", "times": {"op": "at_least", "n": 2}}

SAID = [
    (
        {"all": [BERLIN, QUIET, GUIDE]},
        "People in Berlin who bought nothing in the last 90 days and downloaded a guide.",
        "Люди из города Berlin, которые ничего не покупали за последние 90 дней и скачивали руководство.",
    ),
    ({"all": [GUIDE]}, "People who downloaded a guide.", "Люди, которые скачивали руководство."),
    ({"all": [BERLIN]}, "People in Berlin.", "Люди из города Berlin."),
    ({}, "People, all of them.", "Люди: все."),
    (
        {"all": [{"field": "city", "op": "any_of", "value": ["Berlin", "Bonn"]}, TWICE]},
        "People in Berlin or Bonn who bought at least 2 times.",
        "Люди из города Berlin или Bonn, которые покупали хотя бы 2 раза.",
    ),
    (
        {"all": [{"field": "score", "op": "gte", "value": 50}, GUIDE]},
        "People who downloaded a guide and whose score is at least 50.",
        "Люди, которые скачивали руководство и у которых интерес не меньше 50.",
    ),
    (
        {"any": [{"field": "stage", "op": "is", "value": "customer"}, {"did": "email.clicked", "within_days": 1}]},
        "People whose lifecycle stage is Customer or who clicked in a letter in the last 1 day.",
        "Люди, у которых этап отношений — Клиент или которые переходили из письма за последние 1 день.",
    ),
    (
        {"any": [BERLIN, GUIDE]},
        "People whose city is Berlin or who downloaded a guide.",
        "Люди, у которых город — Berlin или которые скачивали руководство.",
    ),
    (
        {"all": [GUIDE, {"not": BERLIN}]},
        "People who downloaded a guide, except those whose city is Berlin.",
        "Люди, которые скачивали руководство, кроме тех, у которых город — Berlin.",
    ),
    (
        {"not": TWICE},
        "People except those who bought at least 2 times.",
        "Люди, кроме тех, которые покупали хотя бы 2 раза.",
    ),
    (
        {"all": [{"any": [{"has": "open_deals"}, {"has": "tickets"}]}, QUIET]},
        "People who bought nothing in the last 90 days and (who have an open deal or asked for help).",
        "Люди, которые ничего не покупали за последние 90 дней и (которые имеют открытую сделку или обращались за помощью).",
    ),
    (
        {"any": [{"all": [GUIDE, TWICE]}, {"not": BERLIN}]},
        "People (who downloaded a guide and bought at least 2 times) or not those whose city is Berlin.",
        "Люди, (которые скачивали руководство и покупали хотя бы 2 раза) или не те, у которых город — Berlin.",
    ),
    (
        {"all": [{"field": "tags", "op": "has_all", "value": ["vip", "fair"]}]},
        "People whose tags include all of vip and fair.",
        "Люди, у которых среди «метки» есть все: vip и fair.",
    ),
    (
        {"all": [{"field": "last_touch", "op": "older", "value": {"n": 2, "unit": "month"}}]},
        "People whose last touch is longer ago than 2 months.",
        "Люди, у которых последний контакт — раньше чем 2 месяца назад.",
    ),
]


@pytest.mark.parametrize(
    ("tree", "english", "russian"), SAID, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_condition_reads_as_a_sentence(workspace, tree, english, russian):
    tree = conditions.parse(tree, "contact")
    assert conditions.sentence(tree, "contact") == english
    with translation.override("ru"):
        assert conditions.sentence(tree, "contact") == russian


def test_companies_are_things_that_do_and_whose_properties_are(workspace):
    tree = {
        "all": [
            {"field": "city", "op": "is", "value": "Bonn"},
            {"has": "people"},
            {"field": "staff", "op": "gt", "value": 9},
        ]
    }
    said = conditions.sentence(conditions.parse(tree, "company"), "company")
    assert said == "Companies in Bonn that have people and whose staff is more than 9."


def test_records_that_are_nobody_keep_their_conditions_behind_where(workspace):
    tree = {"all": [{"field": "amount", "op": "gt", "value": 100}]}
    assert conditions.sentence(conditions.parse(tree, "deal"), "deal") == "Deals where amount is more than €100."
