from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import ContactScore, HandOffRule, ScoreRule
from campaigns.services import scoring
from contacts.models import Contact
from crm import outbox
from crm.events import record
from crm.models import Event


@pytest.fixture(autouse=True)
def _rules(db):
    ScoreRule.objects.create(event="email.clicked", label="Clicked", points=40, half_life=30, cap=100)
    HandOffRule.objects.create(threshold=60, again_below=40)


def _clicks(contact, *days_ago):
    for days in days_ago:
        record("email.clicked", contact=contact, at=timezone.now() - timedelta(days=days))


@pytest.mark.parametrize(("days", "score"), [((0,), 40), ((30,), 20), ((60,), 10), ((0, 30), 60), ((0, 0, 0), 100)])
def test_points_halve_with_time_and_end_at_a_hundred(person, days, score):
    ann = person("Ann")

    _clicks(ann, *days)

    assert scoring.score_of(ann.pk)[0] == score


def test_a_rule_ends_at_its_cap(person):
    ScoreRule.objects.update(cap=50)
    ann = person("Ann")
    _clicks(ann, 0, 0, 0)

    assert scoring.score_of(ann.pk) == (50, [["Clicked", 50]])


def test_crossing_the_threshold_hands_over_once_however_many_events_come(person):
    ann = person("Ann")
    _clicks(ann, 0, 0, 0)
    outbox.run_due()
    scoring.recount(ann.pk)

    assert Event.objects.filter(kind="contact.handed_off").count() == 1
    event = Event.objects.get(kind="contact.handed_off")
    assert event.data == {"score": 100, "reasons": ["Clicked: +100"]}
    ann.refresh_from_db()
    assert (ann.score, ann.stage) == (100, Contact.Stage.QUALIFIED)


def test_it_hands_over_again_only_after_falling_below_the_lower_mark(person):
    ann = person("Ann")
    _clicks(ann, 0, 0)
    scoring.recount(ann.pk)
    for age, handed in ((20, True), (40, False)):
        Event.objects.filter(kind="email.clicked").update(occurred_at=timezone.now() - timedelta(days=age))
        scoring.recount(ann.pk)
        assert ContactScore.objects.get().is_handed_over is handed

    _clicks(ann, 0, 0)
    scoring.recount(ann.pk)

    assert Event.objects.filter(kind="contact.handed_off").count() == 2


def test_an_open_does_not_score(person):
    ann = person("Ann")
    record("email.opened", contact=ann)
    outbox.run_due()

    assert scoring.score_of(ann.pk) == (0, [])
