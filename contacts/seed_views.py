"""Saved shapes, an alert and a feed of the demo: what people make of their filters."""

from crm.conditions.widgets import dump
from crm.lists import alerts
from crm.lists.page import Wish, page_named
from crm.models import Feed, SavedView

_CUSTOMERS = {"all": [{"field": "stage", "op": "is", "value": "customer"}]}
_HOT = {"all": [{"field": "score", "op": "gte", "value": "50"}, {"not": {"has": "open_tasks"}}]}
_NAMES = {
    "en": ("Customers by city", "By lifecycle stage", "Hot without a task", "Customers for the newsletter tool"),
    "ru": ("Клиенты по городам", "По этапам жизни", "Горячие без задачи", "Клиенты для рассылки"),
}


def seed_views(plan):
    """For those who lead sales in either language."""
    people = {"en": plan.users["owner"], "ru": plan.reps["ru"][0]}
    for language, user in people.items():
        cities, stages, hot, customers = _NAMES[language]
        views = [(cities, _CUSTOMERS, "values", "city"), (stages, {}, "board", "stage")]
        for name, tree, shape, by in views:
            SavedView.objects.create(
                list_name="contacts", name=name, owner=user, team=user.team, tree=tree, shape=shape, by=by
            )
        alerts.create(_wish(user, _HOT), hot)
        Feed.objects.create(owner=user, name=customers, wish=_wish(user, _CUSTOMERS).frozen())


def _wish(user, tree):
    return Wish(page_named("contacts"), user, {"f": dump(tree), "cols": "email,company,city"})
