"""Django admin: every page opens for administrators and for nobody else."""

import pytest
from django.contrib import admin
from django.urls import reverse

from crm.models import OutboxMessage
from tests import factories

OURS = ("crm", "contacts", "deals", "tickets", "campaigns", "analytics")
MODELS = sorted((m for m in admin.site._registry if m._meta.app_label in OURS), key=lambda m: m._meta.label)


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def admin_person(db):
    return factories.user("Root", is_staff=True, is_superuser=True)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.label)
def test_every_list_opens_and_can_be_searched(
    client, admin_person, workspace, alice, model, django_assert_max_num_queries
):
    client.force_login(admin_person)
    factories.contact("Jonas", "Weber", owner=alice)

    with django_assert_max_num_queries(16):
        assert client.get(address(model, "changelist")).status_code == 200
    assert client.get(address(model, "changelist"), {"q": "weber"}).status_code == 200
    for row in model._base_manager.all()[:1]:
        assert client.get(address(model, "change", row.pk)).status_code == 200
        assert client.get(address(model, "history", row.pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.label)
def test_staff_without_rights_and_users_see_nothing(client, alice, model):
    staff = factories.user("Staff", is_staff=True)
    for person in (alice, staff):
        client.force_login(person)
        assert client.get(address(model, "changelist")).status_code in {302, 403}


def test_the_history_page_shows_each_field_before_and_after(client, admin_person, alice):
    alice.job_title = "Head of sales"
    alice.save()
    client.force_login(admin_person)

    page = client.get(address(type(alice), "history", alice.pk)).content.decode()

    assert "Head of sales" in page
    assert "job title" in page


def test_parked_messages_are_tried_again_and_others_left(client, admin_person):
    parked = OutboxMessage.objects.create(kind="x", key="1", state="parked", attempts=5)
    done = OutboxMessage.objects.create(kind="x", key="2", state="done", attempts=1)
    client.force_login(admin_person)

    client.post(address(OutboxMessage, "changelist"), {"action": "try_again", "_selected_action": [parked.pk, done.pk]})

    parked.refresh_from_db()
    done.refresh_from_db()
    assert (parked.state, parked.attempts) == ("ready", 0)
    assert (done.state, done.attempts) == ("done", 1)


def test_a_job_that_was_given_up_is_not_tried_again_and_the_page_says_so(client, admin_person):
    rows = [OutboxMessage.objects.create(kind=kind, key="1", state="parked", attempts=5) for kind in ("job", "x")]
    client.force_login(admin_person)

    answer = client.post(
        address(OutboxMessage, "changelist"),
        {"action": "try_again", "_selected_action": [row.pk for row in rows]},
        follow=True,
    )

    assert list(OutboxMessage.objects.order_by("kind").values_list("kind", "state", "attempts")) == [
        ("job", "parked", 5),
        ("x", "ready", 0),
    ]
    assert [str(message) for message in answer.context["messages"]] == [
        "1 messages are tried again.",
        "Left out, because their jobs are over: 1. Start those jobs again where they were started.",
    ]
