"""Markup planted in every text a person or a letter can write comes out as text on every page."""

import pytest
from django.apps import apps
from django.db import DatabaseError, models, transaction

from tests.test_access import ROUTES, _address, world  # noqa: F401  a fixture

PLANT = '"><script>alert(1)</script>'
# Written by the program, or read by it as something else than words.
NOT_WORDS = {
    *("time_zone", "language", "currency", "country", "week", "hours", "html", "state", "kind", "password", "secret"),
    *("content", "target_type", "token_hash", "message_id", "key", "access_kind", "url", "host", "folder", "module"),
    *("test", "field"),
}


def _words(model):
    """Names of the fields of a model that hold free words."""
    for field in model._meta.concrete_fields:
        free = isinstance(field, models.CharField | models.TextField) and not field.choices and not field.unique
        special = isinstance(field, models.EmailField | models.SlugField | models.URLField | models.FileField)
        long_enough = field.max_length is None or field.max_length >= len(PLANT)
        if free and not special and long_enough and not field.name.endswith("_key") and field.name not in NOT_WORDS:
            yield field.name


def _plant():
    """Writes the plant into every row there is; says into how many fields."""
    planted = 0
    for model in apps.get_models():
        if model._meta.app_label not in {"crm", "contacts", "deals", "tickets", "campaigns", "analytics"}:
            continue
        for name in _words(model):
            try:
                with transaction.atomic():
                    planted += bool(model._base_manager.update(**{name: PLANT}))
            except DatabaseError:
                continue  # a constraint knows better
    return planted


@pytest.mark.django_db
@pytest.mark.parametrize("htmx", [False, True], ids=["page", "fragment"])
def test_a12_a15_what_is_planted_anywhere_is_text_everywhere(client, world, alice, htmx):  # noqa: F811
    alice.is_superuser = alice.is_staff = True
    alice.save()
    client.force_login(alice)
    assert _plant() >= 60
    headers = {"hx-request": "true"} if htmx else {}
    article = world["pk"]["tickets:article"]
    type(article).objects.update(state="published")
    world["pk"] |= {"help:category": article.category, "help:article": article, "help:vote": article}

    shown, grown, broke = 0, {}, {}
    for route, parameters, _view in ROUTES:
        address = _address(route, parameters, world)
        answer = client.get(address, {"q": PLANT}, headers=headers | {"user-agent": PLANT, "referer": PLANT})
        if answer.status_code >= 500 and route != "healthz":
            broke[route] = answer.status_code
        if answer.streaming or "html" not in answer.headers.get("Content-Type", ""):
            continue
        page = answer.content.decode()
        shown += "&lt;script&gt;alert(1)" in page
        if "<script>alert(1)" in page:
            grown[route] = page[page.index("<script>alert(1)") - 200 :][:260]

    assert grown == {}
    assert broke == {}
    assert shown >= 40
