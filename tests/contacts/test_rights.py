"""Every route of contacts against the cast: who may not see gets 404, who may only read gets 403."""

import pytest
from django.urls import reverse

from contacts.models import Consent, Contact, Task
from contacts.services import people, tasks
from crm import access
from crm.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _workspace(workspace):
    pass


@pytest.fixture
def ann(alice):
    return people.create_contact(
        by=alice, first_name="Ann", last_name="Lee", email="ann@example.com", company_name="Acme"
    )


@pytest.fixture
def routes(alice, ann):
    """(method, url, data) of everything that touches Alice's records."""
    task = tasks.create_task(owner=alice, title="Call Ann", contact=ann, by=alice)
    point = ann.points.get()

    def to(name, *args):
        return reverse(f"contacts:{name}", args=args)

    reads = [
        to("contact_show", ann.pk),
        to("contact_field_shown", ann.pk, "city"),
        to("company_show", ann.company.pk),
        to("task_show", task.pk),
        reverse("timeline", args=["contact", ann.pk]),
        reverse("history", args=["contact", ann.pk]),
        reverse("history", args=["company", ann.company.pk]),
        *(
            reverse("panel", args=["contact", name, ann.pk])
            for name in ("tasks", "points", "consents", "files", "employments", "places", "lifecycle", "participants")
        ),
        *(
            reverse("panel", args=["company", name, ann.company.pk])
            for name in ("people", "requisites", "participants")
        ),
    ]
    writes = [
        (to("contact_edit", ann.pk), {"first_name": "Eve", "stage": "lead", "owner": alice.pk, "email": ann.email}),
        (to("contact_field", ann.pk, "city"), {"city": "Ulm", "was": ""}),
        (to("contact_talk_create", ann.pk), {"kind": "note", "text": "x"}),
        (to("rows", "contact", ann.pk, "points"), {"kind": "email", "value": "eve@example.com"}),
        (to("row", "contact", ann.pk, "points", point.pk), {"value": "ann@example.org"}),
        (to("row_main", "contact", ann.pk, "points", point.pk), {}),
        (to("row_delete", "contact", ann.pk, "points", point.pk), {}),
        (to("rows", "contact", ann.pk, "employments"), {"company": "Bolt"}),
        (to("rows", "company", ann.company.pk, "places"), {"city": "Ulm", "kind": "postal"}),
        (
            to("requisite_new", ann.company.pk),
            {"name": "Eve", "accounts-TOTAL_FORMS": "0", "accounts-INITIAL_FORMS": "0"},
        ),
        (reverse("collaborator_create", args=["contact", ann.pk]), {"user": alice.pk, "can_edit": "1"}),
        (reverse("collaborator_delete", args=["contact", ann.pk, alice.pk]), {}),
        (to("consent_create", ann.pk), {"purpose": "advertising", "given": "1", "source": "Call", "note": "Said so"}),
        (to("file_create", ann.pk), {}),
        (to("company_edit", ann.company.pk), {"name": "Eve", "owner": alice.pk}),
        (to("company_delete", ann.company.pk), {}),
        (to("task_show", task.pk), {"kind": "task", "title": "Eve", "owner": alice.pk}),
        (to("task_done", task.pk), {}),
        (to("task_reopen", task.pk), {}),
        (to("task_snooze", task.pk), {}),
        (to("task_delegate", task.pk), {"owner": alice.pk}),
        (to("contact_delete", ann.pk), {}),
    ]
    return reads, writes


def _state(ann):
    return (
        list(Contact.objects.values()),
        list(Task.objects.values()),
        list(ann.points.values()),
        Consent.objects.count(),
        Event.objects.count(),
    )


@pytest.mark.parametrize(("who", "read", "write"), [("mallory", 404, 404), ("carol", 200, 403)])
def test_those_without_the_right_change_nothing(request, client, ann, routes, who, read, write):
    reads, writes = routes
    before = _state(ann)
    client.force_login(request.getfixturevalue(who))

    assert {url: client.get(url).status_code for url in reads} == dict.fromkeys(reads, read)
    assert {url: client.post(url, data).status_code for url, data in writes} == {url: write for url, _data in writes}
    assert _state(ann) == before


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_owner_and_teammate_may_read_and_write(request, client, routes, who):
    reads, writes = routes
    client.force_login(request.getfixturevalue(who))

    assert {client.get(url).status_code for url in reads} == {200}
    assert {url: client.post(url, data).status_code for url, data in writes} == {url: 302 for url, _data in writes}


def test_who_may_only_read_is_offered_no_changes(client, ann, carol):
    client.force_login(carol)

    page = client.get(ann.get_absolute_url()).content.decode()

    assert reverse("contacts:contact_talk_create", args=[ann.pk]) not in page
    assert reverse("contacts:contact_delete", args=[ann.pk]) not in page


@pytest.mark.parametrize("name", ["contact_create", "company_create", "task_new"])
def test_who_may_only_read_makes_nothing(client, carol, name):
    client.force_login(carol)

    assert client.post(reverse(f"contacts:{name}"), {"name": "Eve", "first_name": "Eve"}).status_code == 403


@pytest.mark.parametrize(("who", "seen"), [("alice", 1), ("bob", 1), ("carol", 1), ("mallory", 0)])
def test_lists_hold_only_what_may_be_seen(request, client, routes, who, seen):
    client.force_login(request.getfixturevalue(who))

    for name, word in (("index", "Ann Lee"), ("companies", "Acme"), ("tasks", "Call Ann")):
        answer = client.get(reverse(f"contacts:{name}"))
        # The tasks of Alice are nobody's to do but hers: the page opens on one's own.
        if name != "tasks" or who == "alice":
            assert (word in answer.content.decode()) is bool(seen), name


def test_a_task_is_not_hung_on_a_person_one_may_not_see(client, ann, mallory):
    client.force_login(mallory)
    data = {"contact": ann.pk, "kind": "task", "title": "Eve", "owner": mallory.pk}

    assert client.post(reverse("contacts:task_new"), data).status_code == 404
    assert not Task.objects.exists()


def test_signed_out_people_are_sent_to_the_sign_in(client, routes):
    reads, writes = routes

    assert {client.get(url).status_code for url in reads} == {302}
    assert all("/accounts/" in client.get(url).url or "login" in client.get(url).url for url in reads)
    assert {client.post(url, data).status_code for url, data in writes} == {302}
    assert Contact.objects.get().first_name == "Ann"


def test_delete_is_offered_only_to_those_who_may(client, alice, ann):
    client.force_login(alice)
    urls = {
        ann.get_absolute_url(): reverse("contacts:contact_delete", args=[ann.pk]),
        reverse("contacts:company_edit", args=[ann.company.pk]): reverse(
            "contacts:company_delete", args=[ann.company.pk]
        ),
    }
    assert all(delete in client.get(page).content.decode() for page, delete in urls.items())

    role = alice.roles.get()
    for kind in ("contact", "company"):
        role.grants[kind] = {**role.grants[kind], "delete": access.NONE}
    role.save()

    assert not any(delete in client.get(page).content.decode() for page, delete in urls.items())
    assert {client.post(delete).status_code for delete in urls.values()} == {403}
