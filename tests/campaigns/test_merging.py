"""People who become one while letters are under way: nobody is written to twice, and nobody who has refused."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import ContactScore, Enrolment, SegmentMembership, StepRun, Suppression
from campaigns.services import mailing, sequences, tracking
from contacts.models import Consent
from contacts.services import merging
from contacts.services.consents import has_consent, state_consent
from crm.mail import send_due, worker
from crm.mail.reports import Report
from crm.mail.transport import Answer
from crm.models import Delivery

TOLD = ("contacts_merge", "crm_outbox", "crm_event", "pghistory", "analytics_dirtyfact", "crm_searchword")


def _state():
    rows = [
        list(model.objects.order_by("pk").values())
        for model in (Enrolment, StepRun, Delivery, Suppression, SegmentMembership, ContactScore, Consent)
    ]
    return rows


def _run(sequence):
    sequences.start(sequence, by=None)
    while sequences.advance_due():
        pass


def test_one_run_at_the_further_step_and_who_has_refused_gets_nothing(sequence, person, smtp, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    ann = person("Ann")
    _run(sequence)
    send_due()
    time_machine.move_to("2026-11-05 09:00:01+00:00", tick=False)
    bea = person("Bea")
    _run(sequence)
    send_due()
    assert list(Enrolment.objects.order_by("pk").values_list("position", "state")) == [(3, "finished"), (2, "active")]
    tracking.unsubscribe(Delivery.objects.filter(contact_id=ann.pk).first())
    sent, before = len(smtp.letters), _state()

    merge = merging.merge_contacts(bea, ann, by=None)
    time_machine.move_to("2026-11-30 09:00:00+00:00", tick=False)
    _run(sequence)
    send_due()

    row = Enrolment.objects.get()
    assert (row.contact, row.position, len(smtp.letters)) == (bea, 3, sent)
    assert sorted(row.runs.values_list("step__position", "outcome")) == [(0, "sent"), (2, "sent")]
    assert not has_consent(bea, Consent.Purpose.ADVERTISING)
    assert Suppression.objects.filter(digest=Suppression.digest_of("bea@example.com")).exists()
    merging.undo_merge(merge, by=None)
    assert _state() == before


def test_a_later_provable_consent_outweighs_an_older_refusal_of_another_address(person, time_machine):
    time_machine.move_to("2026-11-02")
    ann, bea = person("Ann", consent=False), person("Bea", consent=False)
    Suppression.objects.create(digest=Suppression.digest_of(ann.email), reason="unsubscribed")
    time_machine.move_to("2026-11-03")
    state_consent(bea, Consent.Purpose.ADVERTISING, given=True, text="I agree", source="form")

    merging.merge_contacts(bea, ann, by=None)

    assert Suppression.objects.count() == 1
    assert has_consent(bea, Consent.Purpose.ADVERTISING)


@pytest.mark.parametrize("handing", ["kept", "gone", "neither"])
def test_two_letters_of_one_step_are_one_whichever_is_being_handed_over(sequence, person, smtp, handing):
    ann, bea = person("Ann"), person("Bea")
    _run(sequence)
    letters = {"kept": Delivery.objects.get(contact_id=bea.pk), "gone": Delivery.objects.get(contact_id=ann.pk)}
    claimed = worker.claim() if handing != "neither" else []
    mine = [d for d in claimed if d.pk == getattr(letters.get(handing), "pk", None)]
    Delivery.objects.filter(pk__in=[d.pk for d in mine]).update(state="submitting")

    merging.merge_contacts(bea, ann, by=None)
    # The worker that was at it goes on with what it holds.
    for delivery in mine:
        worker._settle((delivery, Answer("sent", 250, "OK")))
    send_due()

    went = len(smtp.letters) + len(mine)
    assert went == 1
    assert StepRun.objects.filter(outcome="sent").count() == 1
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["cancelled", "sent"]
    assert set(Delivery.objects.values_list("contact_id", flat=True)) == {bea.pk}


def test_a_letter_that_a_worker_has_prepared_goes_once_and_to_the_same_address(sequence, person, smtp):
    ann, bea = person("Ann"), person("Bea", city="Bonn")
    _run(sequence)
    (stale,) = worker.claim()

    merging.merge_contacts(bea, ann, by=None)
    with worker.Connection() as smtp_connection:
        worker._send_batch([stale], smtp_connection)
    send_due()

    assert [letter.to for letter in smtp.letters] == [["ann@example.com"]]
    assert StepRun.objects.get().outcome == "sent"


def test_a_complaint_about_a_letter_from_before_the_merge_silences_the_kept_one(sequence, person, smtp):
    ann, bea = person("Ann"), person("Bea", city="Bonn")
    _run(sequence)
    send_due()
    letter = Delivery.objects.get()
    merging.merge_contacts(bea, ann, by=None)
    letter.refresh_from_db()

    mailing.note_report(letter, Report("complaint"))

    digests = {Suppression.digest_of(f"{name}@example.com") for name in ("ann", "bea")}
    assert set(Suppression.objects.values_list("digest", flat=True)) == digests
    assert letter.refs["sequence"] == sequence.pk


def test_scores_and_memberships_are_one(person, segment):
    ann, bea = person("Ann"), person("Bea")
    for one, score in ((ann, 70), (bea, 30)):
        ContactScore.objects.create(contact=one, score=score, is_handed_over=score == 70)
        SegmentMembership.objects.create(segment=segment, contact=one)
    SegmentMembership.objects.create(segment=segment, contact=ann, left_at=timezone.now() - timedelta(days=9))

    merging.merge_contacts(bea, ann, by=None)

    assert list(ContactScore.objects.values_list("contact", "score", "is_handed_over")) == [(bea.pk, 70, True)]
    assert sorted((m.contact_id, m.left_at is None) for m in SegmentMembership.objects.all()) == [
        (bea.pk, False), (bea.pk, True),
    ]  # fmt: skip
