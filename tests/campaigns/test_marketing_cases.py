"""Cases of `what goes wrong in marketing automation`, by their numbers: input → exactly what is expected."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns import tasks
from campaigns.models import (
    ContactScore,
    Enrolment,
    HandOffRule,
    Letter,
    ScoreRule,
    Segment,
    SegmentMembership,
    StepRun,
    Suppression,
)
from campaigns.services import checks, letters, scoring, segments, sequences, tracking
from contacts.models import Company, Contact, ContactPoint
from contacts.services import people
from crm import conditions, outbox
from crm.events import record
from crm.mail import hooks, queue_mail, queue_many, send_due, worker
from crm.mail.bounces import take_report
from crm.mail.marks import mark_of
from crm.models import Delivery, Event
from crm.models.outbox import OutboxMessage
from deals.models import Deal, PurchaseFacts
from deals.services import orders
from deals.services.setup import create_standard_pipeline
from tests import factories
from tests.smtp_sink import Sink

State = Enrolment.State
CLICK = {"event": "email.clicked", "label": "Clicked", "points": 40, "half_life": 30, "cap": 100}


def run(sequence):
    sequences.start(sequence, by=None)
    while sequences.advance_due():
        pass


def outcomes():
    """{first name: (outcome, reason)} of the steps."""
    rows = StepRun.objects.values_list("enrolment__contact__first_name", "outcome", "reason")
    return {name: (outcome, reason) for name, outcome, reason in rows}


def together(*acts):
    """Do these at the same moment, each over a connection of its own."""
    gate, faults = threading.Barrier(len(acts)), []

    def go(act):
        try:
            gate.wait(timeout=20)
            act()
        except Exception as error:
            faults.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []


@pytest.fixture
def marketer(sales):
    from crm import access

    everything = {kind.name: {"view": access.ALL, "edit": access.ALL} for kind in access.kinds()}
    return factories.user("Marta", team=sales, roles=[factories.role("marketer", everything)])


@pytest.fixture
def stages(workspace):
    return list(create_standard_pipeline("en").stages.all())


@pytest.fixture
def page(client, marketer):
    client.force_login(marketer)
    return client


# 1


def test_1_a_worker_killed_after_the_server_took_it_leaves_an_unknown_letter_and_no_second_one(sequence, person, smtp):
    person("Ann")
    run(sequence)
    [taken] = worker.claim()
    [(delivery, sender, to, raw)] = worker._prepare([taken])
    assert worker._hand_over(delivery, None)
    with worker.Connection() as wire:
        assert wire.send(sender, to, raw).outcome == "sent"
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))  # the worker is dead

    worker.sweep()
    send_due()

    assert len(smtp.letters) == 1
    assert (Delivery.objects.get().state, Delivery.objects.get().reason) == ("unknown", "worker_died")
    assert outcomes() == {"Ann": ("unknown", "worker_died")}


def test_2_a_worker_killed_before_handing_over_costs_one_lease(sequence, person, smtp):
    person("Ann")
    run(sequence)
    worker.claim()
    assert send_due() == 0
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    worker.sweep()
    send_due()

    assert len(smtp.letters) == 1
    assert outcomes() == {"Ann": ("sent", "")}


@pytest.mark.django_db(transaction=True)
def test_3_two_schedulers_at_once_queue_each_letter_once(sequence, alice):
    many = 1000
    Contact.objects.bulk_create(
        [Contact(first_name="Ann", email=f"ann{i}@example.com", city="Berlin", owner=alice) for i in range(many)]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contacts_consent (contact_id, purpose, topic, channel, is_given, text, source, at)"
            " SELECT id, 'advertising', '', 'email', true, '', '', now() FROM contacts_contact"
        )
    sequences.start(sequence, by=None)

    def sweep():
        while sequences.advance_due():
            pass

    together(sweep, sweep)

    assert StepRun.objects.filter(outcome="queued").count() == many
    assert Delivery.objects.values("key").distinct().count() == Delivery.objects.count() == many
    assert set(Enrolment.objects.values_list("position", flat=True)) == {2}


def test_4_without_a_broker_the_next_sweep_sends_everything_once(sequence, person, smtp, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    for name in ("Ann", "Ben"):
        person(name)
    run(sequence)

    assert worker.sweep() == 2
    send_due()
    send_due()

    assert sorted(letter.to[0] for letter in smtp.letters) == ["ann@example.com", "ben@example.com"]


def test_5_one_put_off_and_one_lost_connection_among_five_hundred(workspace, smtp, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    rows = [
        Delivery(
            kind="campaign", key=f"k{i}", to=f"p{i}@example.com", subject="Hi", text="Hi", message_id=f"<{i}@halden.test>"
        )
        for i in range(500)
    ]  # fmt: skip
    queue_many(rows)
    smtp.answer("p100@example.com", "451 Later")
    smtp.drop("p250@example.com")

    send_due()
    count = dict.fromkeys(("sent", "deferred", "unknown"), 0)
    for state in Delivery.objects.values_list("state", flat=True):
        count[state] += 1
    assert count == {"sent": 498, "deferred": 1, "unknown": 1}
    time_machine.move_to("2026-11-02 09:01:01+00:00", tick=False)
    send_due()

    assert dict(Delivery.objects.filter(key__in=["k100", "k250"]).values_list("key", "state")) == {
        "k100": "sent",
        "k250": "unknown",
    }
    assert len(smtp.letters) == len({letter.to[0] for letter in smtp.letters}) == 500


def test_6_a_refusal_for_one_of_a_batch_fails_one(sequence, person, smtp):
    person("Ann")
    person("Ben")
    smtp.answer("ann@example.com", "554 5.7.1 Sender identity refused")

    run(sequence)
    send_due()
    send_due()

    assert outcomes() == {"Ann": ("failed", "refused"), "Ben": ("sent", "")}
    assert [letter.to for letter in smtp.letters] == [["ben@example.com"]]
    assert not Suppression.objects.exists()


# 14


def test_14_unsubscribed_while_waiting(sequence, person, smtp, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    person("Ann")
    run(sequence)
    send_due()
    tracking.unsubscribe(Delivery.objects.get())

    time_machine.move_to("2026-11-06 09:00:00+00:00", tick=False)
    while sequences.advance_due():
        pass
    send_due()

    assert len(smtp.letters) == 1
    assert (Enrolment.objects.get().state, Enrolment.objects.get().reason) == (State.LEFT, "unsubscribed")


def test_14_unsubscribed_after_the_claim_and_before_the_handing_over(sequence, person, smtp):
    person("Ann")
    run(sequence)
    [taken] = worker.claim()
    worker._prepare([taken])
    tracking.unsubscribe(taken)

    assert worker._hand_over(taken, None) is False
    send_due()

    assert smtp.letters == []
    assert outcomes() == {"Ann": ("skipped", "unsubscribed")}


@pytest.mark.django_db(transaction=True)
def test_14_unsubscribed_between_the_last_check_and_the_handing_over(sequence, person, smtp, monkeypatch):
    person("Ann")
    run(sequence)
    asked = []

    def the_moment_after_the_check(deliveries):
        asked.append(len(deliveries))
        if len(asked) == 2:
            together(lambda: tracking.unsubscribe(deliveries[0]))
        return {}

    monkeypatch.setattr(hooks, "_guards", [*hooks._guards, the_moment_after_the_check])
    send_due()

    assert smtp.letters == []
    assert outcomes() == {"Ann": ("skipped", "unsubscribed")}


def test_14_whoever_shares_the_address_gets_nothing_either(sequence, person, smtp):
    ann, ben = person("Ann"), person("Ben")
    Contact.objects.filter(pk=ben.pk).update(email=ann.email)
    ContactPoint.objects.filter(contact=ben).update(norm=ann.email, value=ann.email)
    Suppression.objects.create(digest=Suppression.digest_of(ann.email), reason="unsubscribed")

    assert checks.blocked_reasons(Contact.objects.all()) == {ann.pk: "unsubscribed", ben.pk: "unsubscribed"}


# 16


def test_16_a_scanner_changes_nothing_and_two_one_click_posts_without_cookies_end_it(sequence, person, smtp):
    person("Ann")
    run(sequence)
    send_due()
    path = reverse("public:unsubscribe", args=[letters.token(Delivery.objects.get())])

    assert (Client().get(path).status_code, Client().head(path).status_code) == (200, 200)
    assert (Suppression.objects.count(), Event.objects.filter(kind="consent.withdrawn").count()) == (0, 0)
    for _again in range(2):
        body = "List-Unsubscribe=One-Click"
        world = Client(enforce_csrf_checks=True)
        assert world.post(path, body, content_type="application/x-www-form-urlencoded").status_code == 200

    assert Suppression.objects.get().reason == "unsubscribed"
    assert Event.objects.filter(kind="consent.withdrawn").count() == 1


# 17, 18, 19


def test_17_what_stands_in_the_data_is_never_read_as_a_link_or_a_hole(workspace):
    letter = letters.keep(
        Letter(name="T", subject="For {company|you}", body="{greeting}\n\nAt {company|x} in {city|y}: [go](https://halden.example)")
    )  # fmt: skip
    evil = "[x](https://evil.example) {{ 7*7 }} {city} @@unsubscribe@@ <script>"
    contact = Contact(first_name="Ann", city="<b>Bonn</b>", company=Company(name=evil))

    subject, text, html = letters.fill(letter, contact)

    assert subject == f"For {evil}"
    assert f"At {evil} in <b>Bonn</b>: go: " in text
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;Bonn&lt;/b&gt;" in html
    assert "<script>" not in html
    assert '<a href="https://evil.example' not in html
    assert "{{ 7*7 }} {city} @@unsubscribe@@" in html


@pytest.mark.parametrize("name", ["", "  ", "NULL", "-", "🙂", "x" * 300, "{{ 7*7 }}", "<script>alert(1)</script>"])
def test_17_a_name_that_is_none_is_greeted_without(workspace, name):
    letter = letters.keep(Letter(name="T", subject="{first_name|friend}", body="{greeting}"))

    subject, text, html = letters.fill(letter, Contact(first_name=name))

    assert (subject, text.split("\n")[0]) == ("friend", "Hello,")
    assert ("49" in text.split("http")[0], "<script>" in html) == (False, False)


@pytest.mark.parametrize("name", ["Ivan\r\nBcc: x@evil.example", "Ivan\u2028Bcc", "Ivan\x00", "Ivan\u202eBcc"])
def test_18_a_line_in_a_name_is_refused_when_it_is_saved(page, workspace, name):
    answer = page.post(reverse("contacts:contact_create"), {"first_name": name, "stage": "lead"})

    assert answer.status_code == 422
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("subject", "body", "words"),
    [
        ("Hi", "About {{ deal.amount }}", "{{ deal.amount }} cannot be filled in"),
        ("Hi {deal_amount|x}", "Text", "{deal_amount|x} cannot be filled in"),
        ("Hi", "For {company}", "Some people have nothing for {company}"),
        ("Hi {first_name}", "Text", "Some people have nothing for {first_name}"),
    ],
)
def test_19_a_hole_that_may_stay_empty_or_is_unknown_is_refused_when_the_letter_is_written(
    page, sequence, subject, body, words
):
    data = {"name": "T", "language": "en", "subject": subject, "body": body}

    answer = page.post(reverse("campaigns:letter_new", args=[sequence.pk]), data)

    assert answer.status_code == 422
    assert words in answer.content.decode().replace("&#x27;", "'")
    assert sequence.steps.count() == 3


# 22, 23, 24


def test_22_a_person_deleted_on_the_way_gets_nothing_and_the_address_stays_suppressed(sequence, person, alice, smtp):
    ann = person("Ann")
    run(sequence)
    Suppression.objects.create(digest=Suppression.digest_of(ann.email), reason="unsubscribed")
    people.delete_contact(ann, by=alice)

    send_due()
    back = person("Ann", email="ANN@example.com")
    sequences.enrol_contacts(sequence.segment, [back.pk])
    while sequences.advance_due():
        pass
    send_due()

    assert smtp.letters == []
    assert list(Delivery.objects.values_list("state", "reason", "text", "html")) == [
        ("cancelled", "person_gone", "", "")
    ]
    assert outcomes() == {"Ann": ("skipped", "unsubscribed")}
    assert "ann" not in Suppression.objects.get().digest


def test_24_one_event_delivered_twice_enrols_once(sequence, person):
    sequence.segment.tree = {"all": [{"did": "guide.downloaded"}]}
    sequence.segment.save()
    sequences.start(sequence, by=None)
    record("guide.downloaded", contact=person("Ann"), guide="G")
    outbox.run_due()
    OutboxMessage.objects.filter(kind="event").update(state="ready")
    outbox.run_due()

    assert (Enrolment.objects.count(), SegmentMembership.objects.count()) == (1, 1)


def test_24_an_event_dated_tomorrow_is_noted_as_of_now_with_its_date(person, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    tomorrow = timezone.now() + timedelta(days=1)

    record("guide.downloaded", contact=person("Ann"), at=tomorrow, guide="G")

    event = Event.objects.get(kind="guide.downloaded")
    assert (event.occurred_at, event.data) == (timezone.now(), {"guide": "G", "dated": tomorrow.isoformat()})


def test_24_events_out_of_order_count_by_their_own_time(person):
    now, ann = timezone.now(), person("Ann")
    for days in (1, 40, 20):
        record("guide.downloaded", contact=ann, at=now - timedelta(days=days), guide="G")
    tree = {"all": [{"did": "guide.downloaded", "times": {"op": "exactly", "n": 2}, "within_days": 30}]}
    tree = conditions.parse(tree, "contact")

    assert list(conditions.matching(Contact.objects.all(), tree, "contact")) == [ann]


# 26, 27, 28


def test_26_the_third_event_on_the_edge_counts_and_time_alone_ends_it(segment, person, time_machine):
    segment.tree = {"all": [{"did": "guide.downloaded", "times": {"op": "at_least", "n": 3}, "within_days": 30}]}
    segment.save()
    time_machine.move_to("2026-12-02 12:00:00+00:00", tick=False)
    ann = person("Ann")
    # Days are whole days of the company's zone: the edge is the midnight that begins the thirtieth day back.
    for at in ("2026-11-02T00:00:00+00:00", "2026-11-20T10:00:00+00:00", "2026-12-01T10:00:00+00:00"):
        record("guide.downloaded", contact=ann, at=timezone.datetime.fromisoformat(at), guide="G")

    assert segments.rebuild(segment) == ([ann.pk], 0)
    time_machine.move_to("2026-12-02 23:59:59+00:00", tick=False)
    assert segments.rebuild(segment) == ([], 0)
    time_machine.move_to("2026-12-03 00:00:00+00:00", tick=False)
    assert segments.rebuild(segment) == ([], 1)


def test_27_a_cancelled_order_takes_the_buyer_out_of_the_buyers(person, alice, stages):
    buyers = Segment.objects.create(name="Buyers", tree={"all": [{"has": "purchases"}]}, owner=alice)
    ann = person("Ann")
    deal = Deal(name="Pump", contact=ann, owner=alice, team=alice.team, stage=stages[0], currency="EUR", amount=100)
    deal.begin(by=alice)
    orders.order_from(deal, by=alice)
    outbox.run_due()
    inside = SegmentMembership.objects.filter(segment=buyers, left_at=None)
    assert (inside.count(), PurchaseFacts.objects.get(contact=ann).revenue_base) == (1, 100)

    orders.cancel_order_of(deal, by=alice)
    outbox.run_due()

    assert (inside.count(), PurchaseFacts.objects.filter(contact=ann).count()) == (0, 0)
    assert SegmentMembership.objects.get(segment=buyers).left_at is not None


def test_28_segments_that_ask_about_each_other_are_refused_with_the_circle(page, marketer):
    a = Segment.objects.create(name="A", tree={"all": [{"field": "city", "op": "is", "value": "Bonn"}]}, owner=marketer)
    inside = {"not": {"field": "segment", "op": "any_of", "value": [a.pk]}}
    b = Segment.objects.create(name="B", tree={"all": [inside]}, owner=marketer)
    circle = '{"all": [{"any": [{"not": {"field": "segment", "op": "any_of", "value": [%d]}}]}]}'

    for other, way in ((b, "A → B → A"), (a, "A → A")):
        answer = page.post(reverse("campaigns:segment_save", args=[a.pk]), {"name": "A", "f": circle % other.pk})
        assert answer.status_code == 422
        assert way in answer.content.decode()

    a.refresh_from_db()
    assert a.tree == {"all": [{"field": "city", "op": "is", "value": "Bonn"}]}


def test_28_a_segment_that_asks_about_a_deleted_one_stands_still(person, alice):
    ann = person("Ann")
    a = Segment.objects.create(name="A", tree={"all": [{"field": "city", "op": "is", "value": "Berlin"}]}, owner=alice)
    b = Segment.objects.create(
        name="B", tree={"all": [{"field": "segment", "op": "any_of", "value": [a.pk]}]}, owner=alice
    )
    segments.rebuild(a)
    assert segments.rebuild(b) == ([ann.pk], 0)
    a.delete()

    assert segments.rebuild(b) == ([], 0)
    assert b.error
    assert SegmentMembership.objects.filter(segment=b, left_at=None).count() == 1


# 29, 30


def test_29_a_step_in_which_people_wait_stays(page, sequence, person):
    for name in ("Ann", "Ben"):
        person(name)
    run(sequence)

    page.post(reverse("campaigns:step_delete", args=[sequence.pk, sequence.steps.all()[1].pk]))

    assert sequence.steps.count() == 3
    assert list(Enrolment.objects.values_list("state", "position")) == [(State.ACTIVE, 2)] * 2


def test_30_three_days_of_pause_end_without_a_burst(sequence, alice, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    made = Contact.objects.bulk_create(Contact(first_name="Ann", city="Berlin", owner=alice) for _n in range(600))
    Enrolment.objects.bulk_create(Enrolment(sequence=sequence, contact=contact) for contact in made)
    sequence.status = "running"
    sequence.save()
    sequences.pause(sequence)
    time_machine.move_to("2026-11-05 09:00:00+00:00", tick=False)
    assert sequences.advance_due() == 0

    sequences.resume(sequence)

    minutes = {}
    for due in Enrolment.objects.values_list("due_at", flat=True):
        minutes[(due - timezone.now()).seconds // 60] = minutes.get((due - timezone.now()).seconds // 60, 0) + 1
    assert (len(minutes), set(minutes.values())) == (60, {10})


# 34, 35: what servers say of addresses

DSN = """From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It came back.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; ann@example.com
Action: failed
Status: {status}
Diagnostic-Code: smtp; {code} {words}

--b--
"""
ARF = """From: feedback@example.net
To: {to}
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="a"

--a
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1

--a
Content-Type: message/rfc822

From: Halden <crm@halden.test>
Message-ID: {id}

Hello
--a--
"""


@pytest.fixture
def sent(sequence, person, smtp):
    """A campaign letter that Ann got."""
    person("Ann")
    run(sequence)
    send_due()
    return Delivery.objects.get()


def came_back(delivery, status, words="said so", to=None):
    to = to or f"bounces+{mark_of(delivery.pk)}@halden.test"
    code = "550" if status.startswith("5") else "452"
    take_report(DSN.format(status=status, words=words, code=code, to=to).encode())
    delivery.refresh_from_db()
    dead = ContactPoint.objects.filter(norm="ann@example.com", bounced_at__isnull=False).exists()
    return delivery.state, delivery.reason, dead, Suppression.objects.filter(reason="bounced").exists()


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        ("5.1.1", "User unknown", ("bounced", "hard", True, True)),
        ("4.2.2", "Mailbox full", ("bounced", "soft", False, False)),
        ("5.2.2", "Mailbox full", ("bounced", "soft", False, False)),
        ("5.7.1", "Blocked by policy", ("bounced", "soft", False, False)),
        ("5.1.8", "Bad sender's system address", ("bounced", "soft", False, False)),
        ("5.5.0", "Requested action not taken: mailbox unavailable", ("bounced", "hard", True, True)),
        ("5.0.0", "Message rejected as spam", ("bounced", "soft", False, False)),
        ("5.0.0", "No such user here", ("bounced", "hard", True, True)),
    ],
)
def test_34_a_report_without_the_original_is_matched_by_its_return_path_and_judged_by_its_code(
    sent, status, words, expected
):
    assert came_back(sent, status, words) == expected


def test_34_a_forged_return_path_changes_nothing(sent):
    forged = f"bounces+{sent.pk}.{'0' * 20}@halden.test"

    assert came_back(sent, "5.1.1", to=forged) == ("sent", "", False, False)


@pytest.mark.parametrize(
    ("answer", "dead"),
    [
        ("550 5.1.1 User unknown", True),
        ("550 No such user here", True),
        ("550 5.7.1 Blocked by policy", False),
        ("550 5.1.8 Bad sender", False),
        ("554 Refused: looks like spam", False),
        ("552 5.2.2 Mailbox full", False),
    ],
)
def test_34_a_refusal_at_once_is_judged_by_the_same_rule(sequence, person, smtp, answer, dead):
    person("Ann")
    smtp.answer("ann@example.com", answer)

    run(sequence)
    send_due()

    assert Suppression.objects.filter(reason="bounced").exists() is dead
    assert ContactPoint.objects.filter(bounced_at__isnull=False).exists() is dead
    assert Event.objects.filter(kind="email.bounced").exists() is dead
    assert outcomes() == {"Ann": ("failed", "refused")}


def test_35_a_complaint_counts_to_its_sequence_and_ends_everything(sent, sequence, person, time_machine):
    raw = ARF.format(to="x@halden.test", id=sent.message_id).encode()
    for _again in range(2):
        take_report(raw)

    event = Event.objects.get(kind="email.complained")
    assert (event.contact_id, event.data["sequence"]) == (sent.contact_id, sequence.pk)
    assert Suppression.objects.get().reason == "complained"
    assert (Enrolment.objects.get().state, Enrolment.objects.get().reason) == (State.LEFT, "complained")
    assert Contact.objects.get().consents.order_by("-pk").first().is_given is False


# 36, 38, 39, 40


def test_36_twelve_links_in_three_seconds_are_a_machine_and_a_later_click_counts_once(
    sequence, person, smtp, client, time_machine
):
    ScoreRule.objects.create(**CLICK)
    HandOffRule.objects.create(threshold=60, again_below=40)
    letter = sequence.steps.first().letter
    letter.body = "\n\n".join(f"[Go](https://halden.example/{n})" for n in range(12))
    letters.keep(letter)
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    person("Ann")
    run(sequence)
    send_due()
    delivery = Delivery.objects.get()
    links = list(letter.links.filter(url__regex=r"/\d+$").order_by("pk"))
    assert len(links) == 12

    for place, link in enumerate(links):
        time_machine.move_to(timezone.datetime.fromisoformat(f"2026-11-02T09:05:0{place // 4}+00:00"), tick=False)
        assert client.get(reverse("letter_clicked", args=[letters.token(delivery, link.pk)])).status_code == 302
    outbox.run_due()
    assert Event.objects.filter(kind="email.scanned").count() == 12
    assert ContactScore.objects.get().score == 0

    time_machine.move_to("2026-11-02 15:00:00+00:00", tick=False)
    for _again in range(2):
        client.get(reverse("letter_clicked", args=[letters.token(delivery, links[3].pk)]))
    outbox.run_due()

    assert Event.objects.filter(kind="email.clicked").count() == 1
    assert ContactScore.objects.get().score == 40


def test_38_a_hundred_points_are_fifty_after_a_half_life_on_the_page_and_in_the_filter(
    person, page, time_machine, workspace
):
    ScoreRule.objects.create(**CLICK | {"points": 100})
    HandOffRule.objects.create(threshold=60, again_below=40)
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    ann = person("Ann")
    record("email.clicked", contact=ann)
    outbox.run_due()
    ann.refresh_from_db()
    assert ann.score == 100

    time_machine.move_to("2026-12-02 09:00:00+00:00", tick=False)
    tasks.cool_scores()

    tree = {"all": [{"field": "score", "op": "is", "value": 50}]}
    tree = conditions.parse(tree, "contact")
    assert list(conditions.matching(Contact.objects.all(), tree, "contact")) == [ann]
    assert ContactScore.objects.get().score == scoring.score_of(ann.pk)[0] == 50
    assert page.get(reverse("panel", args=["contact", "score", ann.pk])).content.decode().count(">50<") == 1
    assert Event.objects.filter(kind="contact.handed_off").count() == 1


@pytest.mark.django_db(transaction=True)
def test_39_two_events_at_once_hand_over_once(person, workspace):
    ScoreRule.objects.create(**CLICK)
    HandOffRule.objects.create(threshold=60, again_below=40)
    ann = person("Ann")

    def click():
        record("email.clicked", contact=ann)
        scoring.recount(ann.pk)

    together(click, click)

    assert ContactScore.objects.get().score == 80
    assert Event.objects.filter(kind="contact.handed_off").count() == 1


@pytest.mark.parametrize(("kind", "why"), [("deal.won", "deal_won"), ("email.replied", "answered")])
def test_40_a_deal_won_after_the_claim_stops_the_letter_before_the_stream_is_read(sequence, person, smtp, kind, why):
    ann = person("Ann")
    run(sequence)
    [taken] = worker.claim()
    worker._prepare([taken])
    record(kind, contact=ann)

    assert worker._hand_over(taken, None) is False
    send_due()
    assert smtp.letters == []
    assert outcomes() == {"Ann": ("skipped", why)}
    outbox.run_due()

    assert (Enrolment.objects.get().state, Enrolment.objects.get().reason) == (State.LEFT, why)


def test_40_what_happened_before_the_sequence_does_not_end_it(sequence, person, smtp):
    ann = person("Ann")
    record("deal.won", contact=ann, at=timezone.now() - timedelta(days=1))
    run(sequence)
    outbox.run_due()
    send_due()

    assert len(smtp.letters) == 1
    assert Enrolment.objects.get().state == State.ACTIVE


# 41, 42


def test_41_a_local_part_in_cyrillic_goes_where_the_server_takes_it_and_is_refused_clearly_elsewhere(
    workspace, smtp, settings
):
    queue_mail(to="иван@почта.рф", subject="Ваш гид 🎉", text="x" * 2000, key="a")
    send_due()

    assert smtp.letters[0].to == ["иван@xn--80a1acny.xn--p1ai"]
    assert smtp.letters[0].subject == "Ваш гид 🎉"
    assert all(line.isascii() for line in smtp.letters[0].raw.split(b"\r\n") if line.lower().startswith(b"subject"))
    assert max(len(line) for line in smtp.letters[0].raw.split(b"\r\n")) <= 998

    with Sink(utf8=False) as old:
        settings.EMAIL_PORT = old.port
        queue_mail(to="иван@почта.рф", subject="Hi", text="Hi", key="b")
        send_due()

    refused = Delivery.objects.get(key="b")
    assert (refused.state, refused.reason, old.letters) == ("failed", "refused", [])
    assert "Latin letters" in refused.reply


def test_42_a_test_letter_marks_its_links_and_counts_nothing(page, sequence, person, smtp, marketer, client):
    person("Ann")
    page.post(
        reverse("campaigns:letter_test", args=[sequence.pk, sequence.steps.first().pk]), {"email": marketer.email}
    )
    send_due()

    html = smtp.letters[0].body("html")
    token = letters.token(None, sequence.steps.first().letter.links.first().pk)
    assert f"/t/c/{token}/" in html
    assert client.get(f"/t/c/{token}/").status_code == 302
    client.post(reverse("public:unsubscribe", args=[letters.token(None)]))
    counts = [rows.objects.count() for rows in (Enrolment, StepRun, Suppression)]
    assert counts == [0, 0, 0]
    assert not Event.objects.filter(kind__startswith="email.").exists()
