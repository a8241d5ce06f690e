"""Acts on many rows: rights, exactness, the stream, taking back."""

from datetime import date, datetime, timedelta

import pghistory
import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from contacts.models import ActivityType, Company, Contact, Employment, LifecycleStay, Task
from crm import access, outbox
from crm.conditions.widgets import dump
from crm.lists.bulk import AT_ONCE
from crm.models import BusinessCalendar, Event, Job, Notification
from deals.models import Deal
from deals.services.setup import create_standard_pipeline
from tests import factories
from tickets.models import SlaTarget, Ticket
from tickets.services import desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(alice):
    """Three contacts of Alice's."""
    return [factories.contact("Ann", f"No{i}", owner=alice, team=alice.team, city="Kazan") for i in range(3)]


def act(client, name, what, *, keys=(), query="", **data):
    """Post an act as the dialog does, confirmed."""
    body = {"pick": [row.pk for row in keys], "whole": "" if keys else "1", "go": "1"} | data
    return client.post(reverse("list_bulk", args=[name, what]) + query, body)


def undo_of(client):
    """Where the toast of the last answer takes the act back."""
    page = client.get(reverse("contacts:index"))
    tags = [message.extra_tags for message in page.context["messages"]]
    return next(tag.removeprefix("undo:") for tag in tags if tag.startswith("undo:"))


def test_an_owner_is_given_to_picked_rows_with_the_team_and_the_stream(client, people, bob, alice):
    client.force_login(bob)
    other = factories.user("Other", team=factories.team("North"))

    answer = act(client, "contacts", "assign", keys=people[:2], owner=other.pk)

    assert answer.status_code == 302
    owners = dict(Contact.objects.values_list("last_name", "owner"))
    assert owners == {"No0": other.pk, "No1": other.pk, "No2": alice.pk}
    assert Contact.objects.get(pk=people[0].pk).team == other.team
    events = Event.objects.filter(kind="contact.assigned")
    assert sorted(events.values_list("contact_id", "actor_id")) == [(people[0].pk, bob.pk), (people[1].pk, bob.pk)]
    assert Notification.objects.filter(user=other, kind="records.assigned").count() == 1


def test_rows_one_may_not_change_are_left_alone_and_counted(client, people, mallory):
    own = factories.contact("Mal", "Own", owner=mallory, team=mallory.team)
    client.force_login(mallory)

    act(client, "contacts", "tag", keys=[*people, own], tag="vip", how="add")

    assert list(Contact.objects.filter(tags__contains=["vip"])) == [own]
    said = [str(m) for m in client.get(reverse("contacts:index")).context["messages"]]
    assert said == ["1 record changed. 3 were left alone: you may not change them."]


def test_who_may_only_read_gets_no_act(client, people, carol):
    client.force_login(carol)

    assert act(client, "contacts", "tag", keys=people, tag="vip", how="add").status_code == 403
    assert b"data-bulk" not in client.get(reverse("contacts:index")).content
    assert not Contact.objects.filter(tags__contains=["vip"]).exists()


def test_an_unknown_act_and_an_unknown_list_do_not_exist(client, alice):
    client.force_login(alice)

    assert act(client, "contacts", "explode").status_code == 403
    assert act(client, "nothing", "tag").status_code == 404


def test_everything_that_fits_the_filter_becomes_a_job_and_nothing_else_changes(client, people, alice):
    factories.contact("Bea", "Perm", owner=alice, team=alice.team, city="Perm")
    client.force_login(alice)
    query = "?f=" + dump({"field": "city", "op": "is", "value": "Kazan"})

    answer = act(client, "contacts", "tag", query=query, tag="vip", how="add")
    job = Job.objects.get(kind="lists.bulk")
    assert answer.url == job.get_absolute_url()
    outbox.run_due()

    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("done", 3, 3)
    assert job.result["rows"][0] == ["Changed", 3]
    assert sorted(Contact.objects.filter(tags=["vip"]).values_list("last_name", flat=True)) == ["No0", "No1", "No2"]


def test_more_rows_than_one_request_takes_are_all_changed(client, alice):
    many = [Contact(first_name="Ann", last_name=f"{i}", owner=alice, team=alice.team) for i in range(AT_ONCE + 1)]
    for contact in many:
        contact.save()
    client.force_login(alice)

    act(client, "contacts", "tag", keys=many, tag="vip", how="add")
    outbox.run_due()

    assert Contact.objects.filter(tags=["vip"]).count() == AT_ONCE + 1


def test_a_right_taken_away_before_the_job_runs_stops_it(client, people, alice):
    client.force_login(alice)
    act(client, "contacts", "tag", tag="vip", how="add")
    alice.roles.all().update(grants={"contact": {"view": access.ALL}})

    outbox.run_due()

    assert Job.objects.get(kind="lists.bulk").state == "failed"
    assert not Contact.objects.filter(tags=["vip"]).exists()


def test_a_wrong_number_typed_deletes_nothing_and_keeps_the_question(client, alice):
    many = [factories.contact("Ann", f"{i}", owner=alice, team=alice.team) for i in range(10)]
    client.force_login(alice)

    refused = act(client, "contacts", "delete", keys=many, typed="9")
    assert refused.status_code == 422
    assert "This is not the number of selected records." in refused.content.decode()
    assert Contact.objects.count() == 10

    act(client, "contacts", "delete", keys=many, typed="10")
    assert Contact.objects.count() == 0
    assert Event.objects.filter(kind="contact.deleted").count() == 10


def test_a_bad_form_keeps_what_was_picked_and_typed(client, people, alice):
    client.force_login(alice)

    answer = act(client, "contacts", "tag", keys=people[:2], tag="", how="add")

    assert answer.status_code == 422
    assert answer.context["keys"] == [people[0].pk, people[1].pk]
    assert not Contact.objects.exclude(tags=[]).exists()


def test_a_deal_in_the_books_outlives_a_bulk_delete(client, alice, workspace, people):
    create_standard_pipeline("en")
    stage = Deal._meta.get_field("stage").related_model.objects.filter(kind="open").first()
    held, free = (
        Deal(name=name, stage=stage, amount=100, currency="EUR", contact=people[0], owner=alice, team=alice.team)
        for name in ("Held", "Free")
    )
    held.begin(by=alice)
    free.begin(by=alice)
    held.win(by=alice)
    client.force_login(alice)

    act(client, "deals", "delete", keys=[held, free])

    assert list(Deal.objects.values_list("name", flat=True)) == ["Held"]
    assert [e.data["title"] for e in Event.objects.filter(kind="deal.deleted")] == ["Free"]


def test_every_list_tells_the_stream_who_gave_what_to_whom(client, alice, workspace, people):
    create_standard_pipeline("en")
    stage = Deal._meta.get_field("stage").related_model.objects.filter(kind="open").first()
    fields = {"owner": alice, "team": alice.team}
    deal = Deal(name="Pump", stage=stage, currency="EUR", contact=people[0], **fields)
    deal.begin(by=alice)
    ticket = Ticket.objects.create(number=1, subject="Zero", requester=people[0], **fields)
    task = Task.objects.create(title="Call", contact=people[0], **fields)
    company = Company.objects.create(name="Acme", **fields)
    other = factories.user("Other", team=factories.team("North"))
    client.force_login(alice)

    for name, row in {"deals": deal, "tickets": ticket, "tasks": task, "companies": company}.items():
        act(client, name, "assign", keys=[row], owner=other.pk)
        row.refresh_from_db()
        assert (row.owner, row.team) == (other, other.team), name

    kinds = Event.objects.filter(kind__in=["deal.assigned", "ticket.assigned", "task.delegated"])
    assert sorted(kinds.values_list("kind", flat=True)) == ["deal.assigned", "task.delegated", "ticket.assigned"]


def test_taking_back_restores_what_nobody_has_changed_since(client, people, bob, alice):
    other = factories.user("Other", team=factories.team("North"))
    client.force_login(bob)
    act(client, "contacts", "assign", keys=people, owner=other.pk)
    back = undo_of(client)
    Contact.objects.filter(pk=people[2].pk).update(owner=bob, team=bob.team)
    Contact.objects.filter(pk__in=[p.pk for p in people[:2]]).update(team=bob.team)

    # Two of them have another team by now: their owner is not given back behind anybody's back.
    client.post(back)
    assert set(Contact.objects.values_list("owner", flat=True)) == {other.pk, bob.pk}

    Contact.objects.filter(owner=other).update(team=other.team)
    bob.roles.all().update(grants={"contact": {"view": access.ALL, "edit": access.ALL}})
    client.post(back)
    owners = dict(Contact.objects.values_list("last_name", "owner"))
    assert owners == {"No0": alice.pk, "No1": alice.pk, "No2": bob.pk}
    assert Contact.objects.get(pk=people[0].pk).team == alice.team


def test_what_is_taken_back_stands_in_the_timeline_as_what_was_done(client, people, alice):
    ann = people[0]
    employment = Employment.objects.create(
        contact=ann,
        company=Company.objects.create(name="Acme", owner=alice, team=alice.team),
        role="Buyer",
        is_primary=True,
    )
    Contact.objects.filter(pk=ann.pk).update(job_title="Buyer", city="Bonn")
    client.force_login(alice)
    for field, value in {"stage": "qualified", "job_title": "Director", "city": "Kiel"}.items():
        act(client, "contacts", "edit", keys=[ann], field=field, asked="1", **{field: value})
        client.post(undo_of(client))

    ann.refresh_from_db(), employment.refresh_from_db()
    assert (ann.stage, ann.job_title, ann.city, employment.role) == ("lead", "Buyer", "Bonn", "Buyer")
    stages = Event.objects.filter(kind="contact.stage_changed").order_by("pk")
    assert [(e.data["before"], e.data["after"]) for e in stages] == [("lead", "qualified"), ("qualified", "lead")]
    told = Event.objects.filter(kind="contact.changed").order_by("pk")
    assert [(e.data["before"], e.data["after"]) for e in told] == [
        ("Buyer", "Director"), ("Director", "Buyer"), ("Bonn", "Kiel"), ("Kiel", "Bonn"),
    ]  # fmt: skip
    stays = LifecycleStay.objects.filter(contact=ann).order_by("pk")
    assert list(stays.values_list("stage", "by", "how"))[1:] == [
        ("qualified", alice.pk, "hand"), ("lead", alice.pk, "hand"),
    ]  # fmt: skip


def _columns(row):
    """All that a row holds, but for the moment of its last change."""
    found = type(row).objects.filter(pk=row.pk).values().get()
    return {name: value for name, value in found.items() if name not in {"updated_at", "version"}}


def test_the_priority_of_a_ticket_is_taken_back_with_its_promises_but_no_state(client, admin, people, alice):
    office = BusinessCalendar.objects.create(name="Office", time_zone="Europe/Berlin", week="0-6 00:00-24:00")
    for priority, minutes in {"normal": 480, "urgent": 240}.items():
        SlaTarget.objects.create(priority=priority, calendar=office, resolution=minutes)
    ticket = desk.open_ticket(subject="Zero", requester=people[0], owner=alice, by=alice)
    before = _columns(ticket)
    client.force_login(admin)
    act(client, "tickets", "edit", keys=[ticket], field="priority", asked="1", priority="urgent")
    assert _columns(ticket) != before
    client.post(undo_of(client))
    after = _columns(ticket)
    act(client, "tickets", "edit", keys=[ticket], field="status", asked="1", status="resolved")
    page = client.get(reverse("contacts:index"))

    assert {k: (v, after[k]) for k, v in before.items() if v != after[k]} == {}
    assert not [m for m in page.context["messages"] if "undo:" in m.extra_tags]
    told = Event.objects.filter(target_id=ticket.pk, target_type="tickets.ticket", actor_id=admin.pk).order_by("pk")
    assert [(event.kind, event.data["label"]) for event in told] == [
        ("ticket.priority_changed", "urgent"), ("ticket.priority_changed", "normal"), ("ticket.resolved", "resolved"),
    ]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), [("due_at", "2026-12-20T10:00"), ("kind", "call")])
def test_a_task_is_of_whole_days_and_of_its_own_type_again(client, alice, field, value):
    own = ActivityType.objects.create(name_en="Demo", kind="meeting")
    due = timezone.make_aware(datetime(2026, 12, 7, 17))
    task = Task.objects.create(
        title="Fair", kind="meeting", type=own, owner=alice, team=alice.team, day_on=date(2026, 12, 7), due_at=due,
        ends_at=due + timedelta(days=2),
    )  # fmt: skip
    before = _columns(task)
    client.force_login(alice)
    act(client, "tasks", "edit", keys=[task], field=field, asked="1", **{field: value})
    assert _columns(task) != before

    client.post(undo_of(client))

    revision = {"revision"} if field == "due_at" else set()
    assert {k: v for k, v in _columns(task).items() if k not in revision} == {
        k: v for k, v in before.items() if k not in revision
    }


def test_taking_a_tag_back_leaves_later_tags_alone(client, people, alice):
    Contact.objects.filter(pk=people[0].pk).update(tags=["old"])
    client.force_login(alice)
    act(client, "contacts", "tag", keys=people[:2], tag="vip", how="add")
    back = undo_of(client)
    Contact.objects.filter(pk=people[1].pk).update(tags=["vip", "new"])

    answer = client.post(back)

    told = [str(message) for message in get_messages(answer.wsgi_request)]
    assert told[-1] == "1 record is as it was. 1 has been changed since and stays: Ann No1"
    assert Contact.objects.get(pk=people[0].pk).tags == ["old"]
    assert Contact.objects.get(pk=people[1].pk).tags == ["vip", "new"]


@pytest.mark.parametrize(
    ("open_page", "shown"),
    [
        ("http://testserver/contacts/?q=ann", "/contacts/?q=ann"),
        ("http://testserver/deals/", "/contacts/"),
        ("https://evil.example/contacts/?q=ann", "/contacts/"),
    ],
)
def test_taking_back_leaves_the_list_as_it_is_open(client, people, alice, open_page, shown):
    client.force_login(alice)
    act(client, "contacts", "tag", keys=people[:2], tag="vip", how="add")

    answer = client.post(undo_of(client), headers={"HX-Request": "true", "HX-Current-URL": open_page})

    assert answer.headers["HX-Redirect"] == shown


def test_a_whole_list_is_taken_back_by_a_job_from_its_result_page(client, alice):
    for i in range(AT_ONCE + 5):
        factories.contact("Ann", f"{i}", owner=alice, team=alice.team)
    client.force_login(alice)
    act(client, "contacts", "tag", tag="vip", how="add")
    outbox.run_due()
    page = client.get(Job.objects.get(kind="lists.bulk").get_absolute_url()).content.decode()
    back = Job.objects.get(kind="lists.bulk").result["undo"]
    assert back in page

    changed = Contact.objects.get(last_name="7")
    with pghistory.context(user=alice.pk):
        Contact.objects.filter(pk=changed.pk).update(tags=["vip", "mine"])
    client.post(back)
    outbox.run_due()

    job = Job.objects.get(kind="lists.undo")
    assert (job.state, job.result["rows"][0]) == ("done", ["Taken back", AT_ONCE + 4])
    assert job.result["records"] == [["Ann 7", changed.get_absolute_url()]]
    assert list(Contact.objects.exclude(tags=[]).values_list("pk", flat=True)) == [changed.pk]


def test_nobody_else_takes_it_back(client, people, alice, bob):
    client.force_login(alice)
    act(client, "contacts", "tag", keys=people, tag="vip", how="add")
    back = undo_of(client)
    client.force_login(bob)

    assert client.post(back).status_code == 404
    assert client.post(back[:-5] + "xxxx/").status_code == 404
    assert Contact.objects.filter(tags=["vip"]).count() == 3
