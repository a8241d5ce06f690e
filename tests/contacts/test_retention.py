"""Rules of retention: tried first, switched on apart, so many a day, sparing who is exempt."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.urls import reverse

from contacts.models import Contact, Erasure, LegalHold, RetentionRule, RetentionRun
from contacts.services import people
from contacts.services.privacy import requests, retention
from contacts.tasks import sweep_retention
from crm import events, files, outbox, tags
from crm.models import Event, Job, Notification, StoredFile, Tag
from deals.models import Deal, Order
from deals.services.setup import create_standard_pipeline
from tickets.models import InboundMail
from tickets.services import desk

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=800)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def crowd(workspace, alice, time_machine):
    """People of long ago: {name: contact}; each but three is exempt for a reason of their own."""
    time_machine.move_to(LONG_AGO)
    names = ["Ann", "Bea", "Cid", "Held", "Buyer", "Dealer", "Asker", "Lively"]
    found = {name: people.create_contact(by=alice, first_name=name, city="Bonn") for name in names}
    LegalHold.objects.create(contact=found["Held"], reason="A lawsuit")
    deal = Deal(name="D", contact=found["Dealer"], owner=alice, currency="EUR", amount=1)
    deal.stage = create_standard_pipeline("en").stages.first()
    deal.begin(by=alice)
    desk.open_ticket(subject="Loud", requester=found["Asker"], owner=alice, by=alice)
    time_machine.move_to(NOW)
    paid = NOW - timedelta(days=365 * 4)
    Order.objects.create(contact=found["Buyer"], owner=alice, currency="EUR", amount=1, amount_base=1, paid_at=paid)
    events.record("page.viewed", contact=found["Lively"], at=NOW - timedelta(days=30))
    return found


def _left():
    return set(Contact.objects.values_list("first_name", flat=True))


def test_nothing_goes_before_the_rule_was_tried_and_switched_on(client, admin, crowd):
    client.force_login(admin)
    form = {"name": "Sleeping leads", "act": "people", "months": 24, "bought_within": 5, "daily": 2, "f": ""}
    client.post(reverse("contacts:retention_new"), form)
    rule = RetentionRule.objects.get()
    assert not rule.is_on
    sweep_retention()
    outbox.run_due()
    client.post(reverse("contacts:retention_switch", args=[rule.pk]))
    rule.refresh_from_db()
    assert (rule.is_on, RetentionRun.objects.count(), len(_left())) == (False, 0, 8)

    client.post(reverse("contacts:retention_trial", args=[rule.pk]))
    assert "job" in client.get(rule.get_absolute_url()).context
    outbox.run_due()
    page = client.get(rule.get_absolute_url()).content.decode()
    assert "3 would go, 4 are old enough and spared" in page
    assert crowd["Ann"].get_absolute_url() in page
    assert crowd["Held"].get_absolute_url() not in page
    assert len(_left()) == 8
    client.post(reverse("contacts:retention_switch", args=[rule.pk]))

    # Two a day, however often it runs; the rest tomorrow.
    for _twice in range(2):
        sweep_retention()
        outbox.run_due()
    assert _left() == {"Cid", "Held", "Buyer", "Dealer", "Asker", "Lively"}
    retention.sweep(RetentionRule.objects.get(), NOW + timedelta(days=1))
    assert _left() == {"Held", "Buyer", "Dealer", "Asker", "Lively"}
    assert list(Erasure.objects.values_list("cause", "by_name").distinct()) == [("rule", "")]
    runs = RetentionRun.objects.filter(is_trial=False).order_by("pk").values_list("found", "done", "spared")
    assert list(runs) == [(3, 2, 4), (1, 0, 4), (1, 1, 4)]

    client.post(reverse("contacts:retention_edit", args=[rule.pk]), form | {"months": 12})
    rule.refresh_from_db()
    assert (rule.is_on, rule.months, rule.runs.filter(is_trial=True).exists()) == (False, 12, False)


def test_a_rule_takes_only_whom_its_condition_means_and_purchases_count_as_long_as_it_says(crowd):
    Contact.objects.filter(first_name="Bea").update(city="Rome")
    tree = {"all": [{"field": "city", "op": "is", "value": "Bonn"}]}
    rule = RetentionRule.objects.create(name="R", act="people", months=24, tree=tree, bought_within=3, is_on=True)

    assert retention.sweep(rule).done == 3

    assert _left() == {"Bea", "Held", "Dealer", "Asker", "Lively"}


def test_a_hold_laid_while_the_rule_is_at_work_keeps_one_and_not_the_others(client, admin, crowd, time_machine):
    rule = RetentionRule.objects.create(name="R", act="people", months=24, bought_within=5, is_on=True)
    rows, take = retention.found(rule)
    batch = list(rows)
    # Found already when somebody lays the hold.
    requests.lay_hold(crowd["Bea"], "A claim", by=admin)
    events.record("page.viewed", contact=crowd["Cid"])

    assert [contact.first_name for contact in batch] == ["Ann", "Bea", "Cid"]
    assert take(batch) == {crowd["Bea"].pk: "held", crowd["Cid"].pk: "changed"}

    assert _left() == {"Bea", "Cid", "Held", "Buyer", "Dealer", "Asker", "Lively"}
    assert [bool(erasure.digest) for erasure in Erasure.objects.all()] == [True]
    # Nobody is left who was meant: the next run has nothing to do and nothing to say.
    assert take(batch[:1]) == {}
    run = retention.sweep(rule)
    assert (run.found, run.done, run.spared, run.left) == (0, 0, 5, [])


def test_who_cannot_be_erased_is_named_in_the_run_and_the_others_go(client, admin, crowd):
    rule = RetentionRule.objects.create(name="R", act="people", months=24, bought_within=5, is_on=True, daily=2)
    # A row that the program does not know holds on to her.
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE strange (contact bigint NOT NULL REFERENCES contacts_contact (id) DEFERRABLE INITIALLY IMMEDIATE)"
        )
        cursor.execute("INSERT INTO strange VALUES (%s)", [crowd["Ann"].pk])

    run = retention.sweep(rule)

    assert (run.found, run.done, run.spared, run.left) == (3, 2, 4, [[crowd["Ann"].pk, "failed"]])
    run.refresh_from_db()
    assert run.left == [[crowd["Ann"].pk, "failed"]]
    assert _left() == {"Ann", "Held", "Buyer", "Dealer", "Asker", "Lively"}
    client.force_login(admin)
    page = client.get(rule.get_absolute_url()).content.decode()
    assert "something went wrong" in page
    assert crowd["Ann"].get_absolute_url() in page


def test_a_rule_that_was_changed_while_it_was_tried_has_not_been_tried(client, admin, crowd):
    rule = RetentionRule.objects.create(name="R", act="people", months=24)
    client.force_login(admin)
    client.post(reverse("contacts:retention_trial", args=[rule.pk]))

    def meanwhile():
        RetentionRule.objects.filter(pk=rule.pk).update(months=1)

    assert retention.trial(rule, step=meanwhile) == (None, [])

    assert not RetentionRun.objects.exists()


def test_raw_letters_visits_and_exports_go_when_they_are_old(
    workspace, alice, folder, time_machine, django_capture_on_commit_callbacks
):
    for day, number in ((LONG_AGO, 1), (NOW - timedelta(days=20), 2)):
        time_machine.move_to(day)
        raw = files.store(f"letter {number}".encode(), "letter.eml", kind="letter")
        InboundMail.objects.create(message_id=f"<{number}@x>", outcome="held", raw=raw)
        files.store(f"list {number}".encode(), "list.csv", kind="export")
        ann = people.create_contact(by=alice, first_name="Ann")
        events.record("page.viewed", contact=ann, page=f"/{number}")
    time_machine.move_to(NOW)

    with django_capture_on_commit_callbacks(execute=True):
        done = {
            act: retention.sweep(RetentionRule.objects.create(name=act, act=act, months=12, is_on=True)).done
            for act in ("raw_letters", "visits", "exports")
        }

    assert done == {"raw_letters": 1, "visits": 1, "exports": 1}
    assert [(row.message_id, bool(row.raw)) for row in InboundMail.objects.order_by("pk")] == [
        ("<1@x>", False),
        ("<2@x>", True),
    ]
    assert list(Event.objects.filter(kind="page.viewed").values_list("data__page", flat=True)) == ["/2"]
    assert sorted(path.read_bytes() for path in folder.rglob("*") if path.is_file()) == [b"letter 2", b"list 2"]
    assert StoredFile.objects.count() == 2


def test_only_who_runs_the_settings_and_may_erase_reaches_the_rules(client, alice, carol):
    rule = RetentionRule.objects.create(name="R", act="visits")
    for user in (alice, carol):
        client.force_login(user)
        for address in (reverse("contacts:retention"), rule.get_absolute_url()):
            assert client.get(address).status_code == 403
    assert not RetentionRule.objects.get().is_on


def test_a_rule_spares_the_same_people_when_their_tag_gets_another_name(crowd):
    Contact.objects.filter(first_name__in=["Ann", "Bea"]).update(tags=["vip"])
    tags.note(["vip"])
    tree = {"all": [{"field": "tags", "op": "has_none", "value": ["vip"]}]}
    rule = RetentionRule.objects.create(name="R", act="people", months=24, tree=tree)
    before = {contact.first_name for contact in retention.found(rule)[0]}

    tags.change(Tag.objects.get(name="vip"), "key account")

    rule.refresh_from_db()
    assert before == {contact.first_name for contact in retention.found(rule)[0]}
    assert {"Ann", "Bea"}.isdisjoint(before)


def test_a_rule_that_cannot_be_carried_out_keeps_no_other_waiting_and_is_told_once(client, admin, crowd):
    files.store(b"list", "list.csv", kind="export")
    StoredFile.objects.update(created_at=LONG_AGO)
    gone = {"all": [{"field": "cf_gone", "op": "is", "value": "x"}]}
    asks = RetentionRule.objects.create(name="Asks", act="people", months=24, is_on=True, tree=gone)
    # Nothing but the form kept this one out.
    ages = RetentionRule.objects.create(name="Ages", act="people", months=32767, is_on=True)
    good = RetentionRule.objects.create(name="Good", act="exports", months=1, is_on=True)

    for _night in range(2):
        sweep_retention()
        outbox.run_due()

    assert list(RetentionRun.objects.order_by("pk").values_list("rule", "found", "done", "fault")) == [
        (asks.pk, 0, 0, "condition"), (ages.pk, 0, 0, "failed"), (good.pk, 1, 1, ""),
        (asks.pk, 0, 0, "condition"), (ages.pk, 0, 0, "failed"), (good.pk, 0, 0, ""),
    ]  # fmt: skip
    assert (len(_left()), StoredFile.objects.count()) == (8, 0)
    assert [job.state for job in Job.objects.filter(kind="contacts.retention")] == ["done", "done"]
    told = Notification.objects.filter(user=admin, kind="privacy.rule_stopped").order_by("pk")
    assert [(row.text, row.url) for row in told] == [
        ("The rule of retention “Asks” stopped: its condition asks about something that is not there any more.", asks.get_absolute_url()),
        ("The rule of retention “Ages” stopped: something went wrong; the log of the program says what.", ages.get_absolute_url()),
    ]  # fmt: skip
    client.force_login(admin)
    page = client.get(asks.get_absolute_url()).content.decode()
    # Above the rule, and in its log.
    assert "Stopped:</b> its condition asks about" in page
    assert page.count("Stopped: its condition asks about") == 2
    assert client.get(reverse("contacts:retention")).content.decode().count("stopped ") == 2
    client.post(reverse("contacts:retention_trial", args=[asks.pk]))
    outbox.run_due()
    tried = Job.objects.get(kind=retention.TRIAL)
    assert (tried.state, "cf_gone" in tried.error) == ("failed", True)
    # Mended, and broken once more: that is news again.
    RetentionRule.objects.filter(pk=asks.pk).update(tree={})
    retention.sweep(RetentionRule.objects.get(pk=asks.pk), NOW - timedelta(days=9000))
    retention.sweep(asks)
    assert told.filter(text__contains="Asks").count() == 2


def test_nothing_is_kept_for_more_than_a_hundred_years(client, admin, workspace):
    client.force_login(admin)
    form = {"name": "R", "act": "people", "months": 1201, "bought_within": 101, "daily": 2, "f": ""}

    answer = client.post(reverse("contacts:retention_new"), form)

    assert (answer.status_code, set(answer.context["form"].errors)) == (422, {"months", "bought_within"})
    assert not RetentionRule.objects.exists()
    client.post(reverse("contacts:retention_new"), form | {"months": 1200, "bought_within": 100})
    assert retention.trial(RetentionRule.objects.get())[0].found == 0
