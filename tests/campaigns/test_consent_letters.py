"""What consents do to letters: topics, refusals that last, a change of mind, guides, and why we may write."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from campaigns.models import Enrolment, GuideForm, Letter, StepRun, Suppression
from campaigns.services import guides, letters, permissions, sequences, tracking
from campaigns.services.checks import blocked_reasons
from contacts.models import Consent, ConsentRequest, Topic
from contacts.services import people, preferences, wordings
from contacts.services.consents import has_consent, refuse, state_consent
from crm import access
from crm.mail import queue_mail, send_due, worker
from crm.models import Delivery
from tests import factories

AD, PD = Consent.Purpose.ADVERTISING, Consent.Purpose.PERSONAL_DATA


@pytest.fixture
def topics(db):
    return [Topic.objects.create(code=code, name_en=code.title(), name_ru=code) for code in ("a", "b")]


@pytest.fixture
def about_b(sequence, topics):
    sequence.topic = topics[1]
    sequence.save()
    return sequence


def run(sequence):
    sequences.start(sequence, by=None)
    while sequences.advance_due():
        pass


def reasons():
    return list(StepRun.objects.values_list("outcome", "reason"))


def test_15_a_refused_topic_blocks_its_letters_alone(about_b, topics, person, smtp):
    ann = person("Ann")
    state_consent(ann, AD, given=False, topic="a", way="centre")

    run(about_b)
    queue_mail(to=ann.email, subject="Your ticket", text="Solved.", contact=ann)
    send_due()
    assert sorted(letter.subject for letter in smtp.letters) == ["A tip, Ann", "Your ticket"]

    about_b.topic = topics[0]
    about_b.save()
    Enrolment.objects.all().delete()
    Delivery.objects.all().delete()
    run(about_b)
    queue_mail(to=ann.email, subject="Your ticket", text="Solved.", contact=ann)
    send_due()

    assert sorted(letter.subject for letter in smtp.letters) == ["A tip, Ann", "Your ticket", "Your ticket"]
    assert reasons() == [("skipped", "unsubscribed")]


@pytest.mark.parametrize(
    ("purpose", "topic", "reason"), [(AD, "b", "no_consent"), (AD, "", "no_consent"), (PD, "", "no_data_consent")]
)
def test_a_consent_withdrawn_after_the_claim_is_read_before_the_handing_over(
    about_b, person, smtp, purpose, topic, reason
):
    ann = person("Ann")
    run(about_b)
    [taken] = worker.claim()
    worker._prepare([taken])
    state_consent(ann, purpose, topic=topic, given=False)

    assert worker._hand_over(taken, None) is False
    send_due()

    assert smtp.letters == []
    assert reasons() == [("skipped", reason)]


def test_the_one_click_of_a_letter_ends_its_topic_and_survives_deletion_and_return(
    about_b, topics, person, alice, smtp
):
    ann = person("Ann")
    run(about_b)
    send_due()
    path = reverse("public:unsubscribe", args=[letters.token(Delivery.objects.get())])
    for _again in range(2):
        assert Client().post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert [has_consent(ann, AD, topic=topic) for topic in ("a", "b", "")] == [True, False, True]
    assert Enrolment.objects.get().reason == "unsubscribed"
    assert Consent.objects.filter(is_given=False).count() == 1
    people.delete_contact(ann, by=alice)

    person("Ann", email="ANN@example.com")
    run(about_b)
    send_due()

    assert len(smtp.letters) == 1
    assert reasons() == [("skipped", "unsubscribed")]
    assert list(Suppression.objects.values_list("topic", "reason")) == [("b", "unsubscribed")]


def test_the_page_behind_the_one_click_offers_to_end_all(about_b, person, smtp):
    ann = person("Ann")
    run(about_b)
    send_due()
    path = reverse("public:unsubscribe", args=[letters.token(Delivery.objects.get())])

    assert "No letters at all" in Client().get(path).content.decode()
    Client().post(path, {"act": "all"})

    assert not has_consent(ann, AD, topic="a")
    assert Suppression.of(ann.email, "a") == "unsubscribed"


@pytest.mark.parametrize(
    ("why", "way", "goes"),
    [
        ("unsubscribed", "centre", True),
        ("unsubscribed", "confirmed", True),
        ("unsubscribed", "staff", True),
        ("unsubscribed", "form", False),
        ("unsubscribed", "", False),
        ("complained", "centre", True),
        ("complained", "staff", False),
        ("bounced", "centre", False),
    ],
)
def test_a_refusal_is_lifted_by_a_newer_proved_consent_only(sequence, person, smtp, why, way, goes):
    ann = person("Ann")
    Suppression.note(ann.email, why)

    state_consent(ann, AD, given=True, way=way)
    run(sequence)
    send_due()

    assert len(smtp.letters) == goes
    assert (Suppression.of(ann.email) is None) == goes


@pytest.mark.parametrize("way", ["link", "centre", "staff", "report"])
def test_a_refusal_by_the_person_lasts_beyond_the_record(person, way):
    ann = person("Ann")

    state_consent(ann, AD, given=False, way=way)

    assert Suppression.of("ANN@example.com") == "unsubscribed"
    assert "ann" not in Suppression.objects.get().digest


def test_an_address_that_nobody_has_can_be_closed(db):
    refuse("gone@example.com")

    assert Suppression.of("gone@example.com") == "unsubscribed"


def test_every_letter_has_the_signed_link_to_the_choice_also_one_laid_out_before(sequence, person, smtp):
    person("Ann")
    letter = sequence.steps.first().letter
    Letter.objects.filter(pk=letter.pk).update(html=letter.html.replace("@@preferences@@", "#"))
    run(sequence)
    send_due()

    link = preferences.link_for(Delivery.objects.get())
    assert link in smtp.letters[0].body("html")
    assert link in smtp.letters[0].body("plain")
    assert Letter.objects.get(pk=letter.pk).version == letter.version


# Guides


@pytest.fixture
def guide(workspace, topics):
    cache.clear()  # how often an address asks is counted across tests
    return GuideForm.objects.create(title="G", slug="g", content="x", law="ru", language="ru", topic=topics[0])


def take(guide, **data):
    fields = {"email": "ann@example.com", "name": "Ann Lee", "personal_data": "on", **data}
    return Client().post(guide.public_url, fields)


def test_data_and_advertising_are_two_ticks_with_words_of_their_own(guide, alice):
    version = wordings.new_version(PD, "ru", "ru", "Согласен на обработку.", by=alice)
    page = Client().get(guide.public_url).content.decode()
    assert page.count('type="checkbox"') == 2
    assert "Согласен на обработку." in page
    assert wordings.suggested(AD, "ru", "ru") in page

    assert take(guide, personal_data="", advertising="on").status_code == 422
    assert not Consent.objects.exists()
    assert take(guide).status_code == 200

    row = Consent.objects.get()
    assert (row.purpose, row.version, row.text, row.law, row.way) == (PD, version, version.text, "ru", "form")
    assert row.shown.split("\n")[1:] == [f"[x] {version.text}", f"[ ] {wordings.suggested(AD, 'ru', 'ru')}"]
    assert not ConsentRequest.objects.exists()


def test_letters_are_confirmed_from_the_mailbox_first(guide, smtp):
    for _twice in range(2):
        take(guide, advertising="on")
    assert Consent.objects.filter(purpose=AD).count() == 0
    send_due()
    [letter] = smtp.letters

    Client().post("/confirm/" + letter.body("plain").partition("/confirm/")[2].split()[0])

    row = Consent.objects.get(purpose=AD)
    assert (row.topic, row.way, row.law, row.source) == ("a", "confirmed", "ru", "/g/g")


def test_without_double_opt_in_the_tick_counts_unless_the_address_has_refused(guide, smtp):
    guide.double_opt_in = False
    guide.save()
    take(guide, advertising="on")
    assert Consent.objects.get(purpose=AD).way == "form"
    Suppression.note("ann@example.com", "unsubscribed")

    guides.give(guide, email="ann@example.com", name="", advertising=True, address="192.0.2.7")

    assert Consent.objects.filter(purpose=AD).count() == 1
    assert ConsentRequest.objects.get().email == "ann@example.com"


# Why may we write?


@pytest.fixture
def marketer(sales):
    everything = {kind.name: {"view": access.ALL, "edit": access.ALL} for kind in access.kinds()}
    return factories.user("Marta", team=sales, roles=[factories.role("marketer", everything)])


def test_the_letter_leads_to_the_consent_of_its_moment(about_b, person, smtp, client, marketer):
    ann = person("Ann", consent=False)
    state_consent(ann, AD, given=True, topic="b", way="confirmed", text="I agree to tips.", source="/g/tips")
    run(about_b)
    send_due()
    tracking.unsubscribe(Delivery.objects.get())
    client.force_login(marketer)

    page = client.get(reverse("campaigns:delivery_permission", args=[Delivery.objects.get().pk])).content.decode()

    for words in ("Yes: on ", "I agree to tips.", "/g/tips", "confirmed by mail", "Nothing goes to this address now"):
        assert words in page
    listed = client.get(reverse("campaigns:deliveries")).content.decode()
    assert reverse("campaigns:delivery_permission", args=[Delivery.objects.get().pk]) in listed


def test_the_proof_is_only_for_those_who_may_see_the_person(sequence, person, smtp, mallory, alice):
    person("Ann")
    run(sequence)
    send_due()
    letter = Delivery.objects.get()

    assert permissions.why(letter, alice)["consent"] is not None
    found = permissions.why(letter, mallory)
    assert (found["consent"], found["allowed"], found["seen"]) == (None, True, False)


def test_a_service_letter_needs_no_consent(person, client, marketer):
    ann = person("Ann")
    letter = queue_mail(to=ann.email, subject="Your ticket", text="x", contact=ann)

    assert permissions.why(letter, marketer)["needed"] is False


def test_a_consent_to_one_topic_leaves_the_refusal_of_all_others_as_it_is(person, topics):
    ann = person("Ann", consent=False)

    def stopped():
        return [Suppression.of(ann.email, topic) for topic in ("a", "b", "to come", "")]

    state_consent(ann, AD, given=False, way="centre")
    state_consent(ann, AD, given=True, topic="b", way="confirmed")
    assert stopped() == ["unsubscribed", None, "unsubscribed", "unsubscribed"]
    assert (blocked_reasons([ann], "b"), blocked_reasons([ann], "a")) == ({}, {ann.pk: "unsubscribed"})

    state_consent(ann, AD, given=False, way="centre")
    assert stopped() == ["unsubscribed"] * 4

    state_consent(ann, AD, given=True, way="centre")
    assert stopped() == [None] * 4
