"""The pages of a sequence: numbers, people, editing side by side, previews and tests."""

import pytest
from django.urls import reverse

from campaigns.models import Enrolment, Letter, Sequence, StepRun, Suppression
from campaigns.services import flow, sequences
from crm import access
from crm.mail import send_due
from crm.models import Delivery
from tests import factories

Status = Sequence.Status


@pytest.fixture
def marketer(sales):
    """Works on everything of marketing and sees all people."""
    everything = {kind.name: {"view": access.ALL, "edit": access.ALL} for kind in access.kinds()}
    return factories.user("Marta", team=sales, roles=[factories.role("marketer", everything)])


@pytest.fixture
def page(client, marketer):
    client.force_login(marketer)
    return client


def _url(name, sequence, *more):
    return reverse(f"campaigns:{name}", args=[sequence.pk, *more])


def _run(sequence):
    sequences.start(sequence, by=None)
    while sequences.advance_due():
        pass


def test_the_flow_counts_who_waits_and_what_was_sent(sequence, person, smtp):
    person("Ann")
    person("Ben", consent=False)
    _run(sequence)
    send_due()

    steps = flow.steps_of(sequence)
    found = flow.health(sequence, steps)

    assert [step.waiting for step in steps] == [0, 2, 0]
    assert (steps[0].numbers["sent"], steps[0].numbers["held"]) == (1, 1)
    assert (found["active"], found["entered"], found["sent"], found["held"]) == (2, 2, 1, 1)
    assert flow.reasons(sequence) == ([], [("no_consent", 1)])


@pytest.mark.parametrize(("language", "words"), [("en", "No consent to letters"), ("ru", "Нет согласия на письма")])
def test_reasons_are_shown_in_words_of_the_reader(page, marketer, sequence, person, language, words):
    marketer.language = language
    marketer.save()
    person("Ben", consent=False)
    _run(sequence)

    shown = page.get(sequence.get_absolute_url()).content.decode()

    assert words in shown
    assert "no_consent" not in shown.replace("?reason=no_consent", "")


def test_people_are_found_by_state_reason_and_name_and_come_in_pages(page, sequence, person, monkeypatch):
    monkeypatch.setattr(flow, "PAGE", 2)
    for name in ("Ann", "Ben", "Cid"):
        person(name)
    person("Dan", consent=False)
    _run(sequence)

    first = page.get(_url("sequence_people", sequence)).context
    second = page.get(_url("sequence_people", sequence), {"before": first["more"]}).context
    held = page.get(_url("sequence_people", sequence), {"reason": "no_consent"}).context["rows"]
    named = page.get(_url("sequence_people", sequence), {"q": "ben"}).context["rows"]

    names = [[row.contact.first_name for row in rows] for rows in (first["rows"], second["rows"], held, named)]
    assert names == [["Dan", "Cid"], ["Ben", "Ann"], ["Dan"], ["Ben"]]
    assert second["more"] is None


def test_the_page_asks_little(page, sequence, person, django_assert_max_num_queries):
    for i in range(10):
        person(f"Ann{i}")
    _run(sequence)
    page.get(sequence.get_absolute_url())

    with django_assert_max_num_queries(18):
        page.get(sequence.get_absolute_url())
    with django_assert_max_num_queries(16):
        page.get(_url("sequence_people", sequence))


def test_the_open_page_gets_fresh_numbers_and_its_strip(page, sequence, person):
    person("Ann")
    _run(sequence)

    shown = page.get(_url("sequence_numbers", sequence), headers={"HX-Request": "true"}).content.decode()

    assert 'id="sequence-flow"' in shown
    assert 'hx-swap-oob="true"' in shown


@pytest.mark.parametrize(
    ("status", "verb", "after"),
    [
        (Status.DRAFT, "sequence_resume", Status.DRAFT),
        (Status.STOPPED, "sequence_resume", Status.STOPPED),
        (Status.STOPPED, "sequence_start", Status.STOPPED),
        (Status.DRAFT, "sequence_stop", Status.DRAFT),
        (Status.RUNNING, "sequence_pause", Status.PAUSED),
        (Status.PAUSED, "sequence_resume", Status.RUNNING),
        (Status.PAUSED, "sequence_stop", Status.STOPPED),
    ],
)
def test_only_what_fits_the_status_changes_it(page, sequence, status, verb, after):
    Sequence.objects.filter(pk=sequence.pk).update(status=status)

    page.post(_url(verb, sequence))

    sequence.refresh_from_db()
    assert sequence.status == after


def _letter_form(page, sequence):
    answer = page.get(_url("letter_edit", sequence, sequence.steps.first().pk))
    form = answer.context["form"]
    return {name: form[name].value() or "" for name in form.fields}


def test_two_people_who_write_one_letter_lose_nothing(page, sequence):
    mine, theirs = _letter_form(page, sequence), _letter_form(page, sequence)
    url = _url("letter_edit", sequence, sequence.steps.first().pk)
    assert page.post(url, theirs | {"body": "Theirs"}).status_code == 302

    refused = page.post(url, mine | {"body": "Mine"})

    assert refused.status_code == 422
    assert Letter.objects.get(pk=sequence.steps.first().letter_id).body == "Theirs"
    shown = refused.content.decode()
    assert ("Mine" in shown, "Theirs" in shown) == (True, True)

    form = refused.context["form"]
    again = page.post(url, {name: form[name].value() or "" for name in form.fields})

    assert again.status_code == 302
    assert Letter.objects.get(pk=sequence.steps.first().letter_id).body == "Mine"


def test_two_people_who_edit_one_sequence_lose_nothing(page, sequence):
    form = page.get(_url("sequence_edit", sequence)).context["form"]
    mine = {"name": "Mine", "segment": sequence.segment_id, "seen": form["seen"].value()}
    page.post(_url("sequence_edit", sequence), mine | {"name": "Theirs"})

    answer = page.post(_url("sequence_edit", sequence), mine)

    sequence.refresh_from_db()
    assert (answer.status_code, sequence.name) == (422, "Theirs")


def test_new_words_reach_those_under_way_and_the_page_says_how_many(page, sequence, person, smtp, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    person("Ann")
    person("Ben")
    _run(sequence)
    last = sequence.steps.last()
    url = _url("letter_edit", sequence, last.pk)
    answer = page.get(url)
    assert answer.context["to_come"] == 2
    assert page.get(_url("letter_edit", sequence, sequence.steps.first().pk)).context["to_come"] == 0

    form = answer.context["form"]
    page.post(url, {name: form[name].value() or "" for name in form.fields} | {"subject": "New words"})
    time_machine.move_to("2026-11-05 09:00:01+00:00", tick=False)
    sequences.advance_due()
    send_due()

    assert sorted(letter.subject for letter in smtp.letters)[-2:] == ["New words", "New words"]


def test_a_longer_wait_leaves_those_who_wait_alone(page, sequence, person):
    person("Ann")
    _run(sequence)
    due = Enrolment.objects.get().due_at
    step = sequence.steps.get(kind="wait")

    page.post(_url("wait_edit", sequence, step.pk), {"days": 9})

    step.refresh_from_db()
    assert (step.wait, Enrolment.objects.get().due_at) == (9 * 1440, due)


def test_a_step_of_a_running_sequence_cannot_be_removed(page, sequence, person):
    person("Ann")
    _run(sequence)

    page.post(_url("step_delete", sequence, sequence.steps.last().pk))

    assert sequence.steps.count() == 3


def test_the_preview_is_the_letter_of_a_real_person(page, sequence, person):
    ann = person("Ann")
    step = sequence.steps.first()

    shown = page.get(_url("letter_preview", sequence, step.pk), {"contact": ann.pk}).content.decode()
    subject = page.get(_url("letter_edit", sequence, step.pk), {"contact": ann.pk}).context["subject"]

    assert "Hello Ann," in shown
    assert subject == "A tip, Ann"


def test_a_test_letter_counts_nothing_and_enrols_nobody(page, sequence, person, smtp, marketer):
    person("Ann")

    page.post(_url("letter_test", sequence, sequence.steps.first().pk), {"email": marketer.email})
    send_due()

    assert [letter.to for letter in smtp.letters] == [[marketer.email]]
    assert smtp.letters[0].subject.startswith("[Test] A tip, ")
    assert not Enrolment.objects.exists()
    assert not StepRun.objects.exists()


def test_a_test_does_not_go_to_an_address_that_wants_no_letters(page, sequence, marketer):
    for email in ("eve@example.com", marketer.email):
        Suppression.objects.create(digest=Suppression.digest_of(email), reason="unsubscribed")
        page.post(_url("letter_test", sequence, sequence.steps.first().pk), {"email": email})

    assert list(Delivery.objects.values_list("to", flat=True)) == [marketer.email]


def test_why_tells_the_story_of_one_person(page, sequence, person):
    ben = person("Ben", consent=False)
    _run(sequence)

    shown = page.get(_url("why", sequence, ben.pk)).content.decode()

    assert "Gets no letters now: no consent to letters." in shown
    assert "held back: no consent to letters" in shown


def test_a_preview_asks_the_server_for_no_picture(page, sequence, person):
    person("Ann")

    shown = page.get(_url("letter_preview", sequence, sequence.steps.first().pk)).content.decode()

    assert "/t/o/" not in shown
    assert 'src="data:image/gif' in shown
