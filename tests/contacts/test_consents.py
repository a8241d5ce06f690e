"""The ledger of consents: what counts, its seals, the words in versions, double opt-in and the page of preferences."""

from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.db import InternalError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts import tasks
from contacts.models import Consent, ConsentChain, ConsentRequest, ConsentText, Contact, Task, Topic
from contacts.services import consents, ledger, opt_in, people, preferences, wordings
from contacts.services.consents import state_consent
from crm import conditions
from crm.mail import queue_mail, send_due
from crm.models import Delivery, Event, Notification

AD, PD = Consent.Purpose.ADVERTISING, Consent.Purpose.PERSONAL_DATA


@pytest.fixture
def ann(alice, workspace):
    return people.create_contact(by=alice, first_name="Ann", email="ann@example.com", phone="+49 30 55501192")


@pytest.fixture
def topics(db):
    names = {"tips": "Советы", "offers": "Акции"}
    return [Topic.objects.create(code=code, name_en=code.title(), name_ru=name) for code, name in names.items()]


@pytest.fixture
def letter(ann):
    """A campaign letter that Ann got."""
    return queue_mail("campaign", to=ann.email, subject="Tip", text="x", contact=ann)


def said(contact):
    """What the ledger says, oldest first."""
    return list(contact.consents.order_by("pk").values_list("purpose", "topic", "channel", "is_given"))


def path_of(letter):
    return urlsplit(preferences.link_for(letter)).path


# What counts


@pytest.mark.parametrize(
    ("statements", "tips", "offers", "everything"),
    [
        ([], False, False, False),
        ([("", True)], True, True, True),
        ([("", True), ("tips", False)], False, True, True),
        ([("", True), ("tips", False), ("", False)], False, False, False),
        ([("", False), ("tips", True)], True, False, False),
        ([("tips", False), ("", True)], True, True, True),
    ],
)
def test_the_newest_statement_that_covers_a_topic_counts(ann, statements, tips, offers, everything):
    for topic, given in statements:
        state_consent(ann, AD, given=given, topic=topic)

    found = [consents.has_consent(ann, AD, topic=topic) for topic in ("tips", "offers", "")]
    assert found == [tips, offers, everything]
    assert not consents.has_consent(ann, AD, channel="phone")
    refused = [ann.pk in consents.refused([ann.pk], topic=topic) for topic in ("tips", "offers", "")]
    assert refused == [not tips, not offers, not everything]


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("consent", "email", {"Ann"}),
        ("consent", "topic:tips", set()),
        ("consent", "personal_data", {"Ben"}),
        ("consent", "phone", {"Ben"}),
        ("refusal", "topic:tips", {"Ann", "Ben"}),
        ("refusal", "email", {"Ben"}),
    ],
)
def test_the_state_of_a_consent_is_a_condition(ann, alice, topics, field, value, found):
    ben = people.create_contact(by=alice, first_name="Ben", email="ben@example.com")
    people.create_contact(by=alice, first_name="Cid", email="cid@example.com")
    state_consent(ann, AD, given=True)
    state_consent(ann, AD, given=False, topic="tips")
    state_consent(ben, AD, given=True)
    state_consent(ben, AD, given=False)
    state_consent(ben, AD, given=True, channel="phone")
    state_consent(ben, PD, given=True)
    tree = conditions.parse({"all": [{"field": field, "op": "any_of", "value": [value]}]}, "contact")

    for few in (False, True):
        people_found = conditions.matching(Contact.objects.all(), tree, "contact", few=few)
        assert set(people_found.values_list("first_name", flat=True)) == found


def test_a_statement_stands_in_the_stream(ann, topics):
    row = state_consent(ann, AD, given=False, topic="tips", source="call")

    event = Event.objects.get(kind="consent.withdrawn")
    assert event.data == {"purpose": "Advertising · Email · Tips", "source": "call", "consent": row.pk}


# Seals


def test_statements_are_chained_and_the_chain_is_unbroken(ann):
    rows = [state_consent(ann, AD, given=given) for given in (True, False, True)]

    assert [row.place for row in rows] == [1, 2, 3]
    assert [row.previous for row in rows] == ["", rows[0].digest, rows[1].digest]
    assert ledger.faults_of(ann) == {}
    assert ledger.broken_chains() == ([], None)


@pytest.mark.parametrize(
    "change", ["is_given = true", "text = 'I agree'", "at = at - interval '1 year'", "way = 'confirmed'", "shown = 'x'"]
)
def test_the_database_refuses_to_change_a_statement_and_a_change_past_it_is_found(ann, change):
    state_consent(ann, AD, given=True)
    row = state_consent(ann, AD, given=False, text="No", way="staff")
    state_consent(ann, PD, given=True)
    sql = f"UPDATE contacts_consent SET {change} WHERE id = %s"  # noqa: S608
    with pytest.raises(InternalError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [row.pk])
    assert ledger.faults_of(ann) == {}

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, [row.pk])
        cursor.execute("SET LOCAL session_replication_role = origin")

    assert ledger.faults_of(ann) == {row.pk: "altered"}
    assert ledger.broken_chains() == ([ann.pk], None)


def test_a_program_cannot_save_a_statement_again(ann):
    row = state_consent(ann, AD, given=False)
    row.is_given = True

    with pytest.raises(TypeError):
        row.save()
    assert Consent.objects.get().is_given is False


@pytest.mark.parametrize(("place", "fault"), [(1, "gap"), (2, "gap"), (3, "cut")])
def test_a_statement_that_was_removed_is_missed(ann, place, fault):
    rows = [state_consent(ann, AD, given=given) for given in (True, False, True)]

    Consent.objects.filter(pk=rows[place - 1].pk).delete()

    assert set(ledger.faults_of(ann).values()) == {fault}


def test_who_shortens_the_chain_cannot_seal_it_anew(ann):
    first = state_consent(ann, AD, given=True)
    second = state_consent(ann, AD, given=False)
    Consent.objects.filter(pk=second.pk).delete()
    ConsentChain.objects.update(length=1, head=first.digest)

    assert ledger.faults_of(ann) == {None: "cut"}


def test_statements_that_moved_to_another_person_keep_their_chain(ann, alice):
    ben = people.create_contact(by=alice, first_name="Ben", email="ben@example.com")
    state_consent(ben, AD, given=True)
    state_consent(ann, AD, given=True)
    Consent.objects.filter(contact=ben).update(contact=ann)
    ben.delete()

    state_consent(ann, AD, given=False)

    assert ledger.faults_of(ann) == {}
    assert ledger.broken_chains() == ([], None)


def test_a_deleted_person_takes_the_statements_along_and_breaks_nothing(ann, alice):
    state_consent(ann, AD, given=True)
    people.delete_contact(ann, by=alice)

    assert ledger.broken_chains() == ([], None)
    assert not Consent.objects.exists()


def test_rows_that_came_past_the_program_are_sealed_by_the_sweep(ann):
    state_consent(ann, AD, given=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contacts_consent (contact_id, purpose, topic, channel, is_given, text, source, at)"
            " SELECT %s, 'advertising', '', 'email', n = 1, '', 'x', now() FROM generate_series(1, 2) n",
            [ann.pk],
        )
    assert set(ledger.faults_of(ann).values()) == {"unsealed"}

    tasks.seal_consents()

    assert ledger.faults_of(ann) == {}
    assert list(Consent.objects.order_by("place").values_list("place", flat=True)) == [1, 2, 3]


def test_the_nightly_check_tells_administrators_once(ann, admin):
    row = state_consent(ann, AD, given=True)
    Consent.objects.filter(pk=row.pk).delete()

    for _night in range(2):
        tasks.check_consents()

    told = Notification.objects.get(kind="consents.broken")
    assert (told.user, told.url) == (admin, reverse("contacts:consents", args=[ann.pk]))


# By hand, and the page of the ledger


def test_a_consent_noted_by_hand_says_who_where_and_why(client, alice, ann):
    client.force_login(alice)
    url = reverse("contacts:consent_create", args=[ann.pk])
    data = {
        "purpose": "advertising",
        "channel": "phone",
        "topic": "",
        "given": "1",
        "source": "Call",
        "note": "Asked for it",
    }

    assert client.post(url, data).status_code == 302
    for missing in ("source", "note", "given", "purpose"):
        assert client.post(url, {**data, missing: ""}).status_code == 422

    row = Consent.objects.get()
    assert (row.way, row.by, row.note, row.source, row.channel) == ("staff", alice, "Asked for it", "Call", "phone")
    assert row.by_name == f"Alice <{alice.email}>"


def test_the_page_shows_the_proof_of_each_statement(client, alice, ann, django_assert_max_num_queries):
    version = wordings.new_version(AD, "gdpr", "en", "I agree to letters.", by=alice)
    for _n in range(3):
        state_consent(
            ann, AD, given=True, way="form", text=version.text, version=version, shown="[x] I agree to letters.",
            source="/g/tips", address="192.0.2.7",
        )  # fmt: skip
    client.force_login(alice)

    with django_assert_max_num_queries(40):
        page = client.get(reverse("contacts:consents", args=[ann.pk])).content.decode()

    for words in (
        "I agree to letters.",
        "version 1",
        "192.0.2.7",
        "/g/tips",
        "[x] I agree",
        "ann@example.com",
        "unbroken",
    ):
        assert words in page


def test_the_page_warns_of_a_broken_ledger(client, alice, ann):
    rows = [state_consent(ann, AD, given=given) for given in (True, False)]
    Consent.objects.filter(pk=rows[0].pk).delete()
    client.force_login(alice)

    assert "changed past the program" in client.get(reverse("contacts:consents", args=[ann.pk])).content.decode()


# Words and topics


def test_words_are_kept_in_versions_that_never_change(client, admin, workspace):
    client.force_login(admin)
    url = reverse("contacts:words", args=["advertising", "ru", "ru"])

    client.post(url, {"text": "Согласен.", "seen": "0"})
    late = client.post(url, {"text": "Late words.", "seen": "0"})
    client.post(url, {"text": "Согласен на рекламу.", "seen": "1"})
    client.post(url, {"text": "Согласен на рекламу.", "seen": "2"})

    assert late.status_code == 422
    assert "Late words." in late.content.decode()
    assert list(ConsentText.objects.order_by("number").values_list("number", "text")) == [
        (1, "Согласен."),
        (2, "Согласен на рекламу."),
    ]
    with pytest.raises(InternalError), transaction.atomic():
        ConsentText.objects.filter(number=1).update(text="x")
    assert client.get(reverse("contacts:words", args=["all", "ru", "ru"])).status_code == 404


@pytest.mark.parametrize(("law", "sign"), [("ru", "152"), ("gdpr", "GDPR")])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_each_law_and_language_has_words_to_begin_with_and_never_one_for_both_purposes(workspace, law, sign, language):
    data, letters = wordings.suggested(PD, law, language), wordings.suggested(AD, law, language)

    assert sign in data
    assert data != letters
    assert "Halden Instruments" in data
    assert "Halden Instruments" in letters
    assert (language == "ru") == any("а" <= c <= "я" for c in data)


def test_a_topic_that_was_chosen_keeps_its_code(client, admin, ann, topics):
    state_consent(ann, AD, given=True, topic="tips")
    client.force_login(admin)
    data = {"code": "other", "name_en": "Hints", "name_ru": "Советы", "position": "0", "is_offered": "on"}

    client.post(reverse("contacts:topic_edit", args=[topics[0].pk]), data)

    topics[0].refresh_from_db()
    assert (topics[0].code, topics[0].name_en) == ("tips", "Hints")


# Double opt-in


def ask(ann, **fields):
    given = {
        "topic": "tips",
        "law": "gdpr",
        "language": "en",
        "text": "I agree.",
        "version": None,
        "shown": "[x] I agree.",
    }
    return opt_in.ask(ann, ann.email, **(given | {"source": "/g/tips", "address": "192.0.2.7"} | fields))


def confirm_path():
    text = Delivery.objects.get(purpose="contacts.opt_in").text
    return "/confirm/" + text.partition("/confirm/")[2].split()[0]


def test_a_look_confirms_nothing_and_the_button_once(ann, topics, smtp):
    row = ask(ann)
    path, world = confirm_path(), Client(enforce_csrf_checks=True)
    send_due()
    assert [letter.to for letter in smtp.letters] == [["ann@example.com"]]

    assert (world.get(path).status_code, world.head(path).status_code) == (200, 200)
    assert not Consent.objects.exists()
    for _again in range(2):
        assert Client(enforce_csrf_checks=True).post(path).status_code == 200

    found = Consent.objects.get()
    assert (found.way, found.is_given, found.topic, found.point, found.address) == (
        "confirmed", True, "tips", "ann@example.com", "127.0.0.1",
    )  # fmt: skip
    assert "Asked " in found.shown
    assert "192.0.2.7" in found.shown
    row.refresh_from_db()
    assert row.confirmed_at is not None
    assert path.strip("/").rpartition("/")[2] not in row.token_hash


def test_an_address_gets_one_letter_an_hour_whoever_asks(ann, topics, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    assert ask(ann)
    assert ask(ann, topic="offers") is None
    time_machine.move_to("2026-11-02 10:00:00+00:00", tick=False)
    assert ask(ann)

    assert Delivery.objects.filter(purpose="contacts.opt_in").count() == 2


def test_a_link_ends_after_a_week_and_a_guessed_one_is_none(ann, topics, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    ask(ann)
    path = confirm_path()
    time_machine.move_to("2026-11-09 09:00:01+00:00", tick=False)

    for url in (path, "/confirm/guessed/"):
        assert (Client().get(url).status_code, Client().post(url).status_code) == (410, 410)
    assert not Consent.objects.exists()
    time_machine.move_to("2026-12-03 09:00:00+00:00", tick=False)
    tasks.check_consents()
    assert not ConsentRequest.objects.exists()


def test_the_letter_to_confirm_speaks_the_language_of_the_page(ann, topics):
    ask(ann, language="ru")

    letter = Delivery.objects.get(purpose="contacts.opt_in")
    assert letter.subject.startswith("Подтвердите")
    assert "Советы" in letter.text
    assert letter.headers == {"Auto-Submitted": "auto-generated"}


# The page of preferences


def test_a_look_changes_nothing_and_only_differences_are_stated(ann, topics, letter):
    state_consent(ann, AD, given=True)
    before, path, world = said(ann), path_of(letter), Client(enforce_csrf_checks=True)

    page = world.get(path)
    assert page.status_code == 200
    assert world.head(path).status_code == 200
    assert page.content.decode().count(" checked") == 3
    assert "ann@example.com" not in page.content.decode()
    assert said(ann) == before

    world.post(path, {"wanted": ["topic:", "topic:offers"]})
    world.post(path, {"wanted": ["topic:", "topic:offers"]})
    assert said(ann)[1:] == [("advertising", "tips", "email", False)]
    row = ann.consents.newest_first().first()
    assert (row.way, row.point, row.address) == ("centre", "ann@example.com", "127.0.0.1")
    assert "[ ] Tips\n[x] Offers\n[x] Other news and offers\n[ ] Calls" in row.shown


def test_general_news_can_be_refused_while_a_topic_stays(ann, topics, letter):
    state_consent(ann, AD, given=True)

    Client().post(path_of(letter), {"wanted": ["topic:tips", "channel:phone"]})

    assert [consents.has_consent(ann, AD, topic=topic) for topic in ("tips", "offers", "")] == [True, False, False]
    assert consents.has_consent(ann, AD, channel="phone")
    assert ann.consents.get(channel="phone").point == ann.phone


def test_one_press_ends_all_advertising_over_every_channel(ann, topics, letter):
    for topic, channel in (("", "email"), ("tips", "email"), ("", "phone")):
        state_consent(ann, AD, given=True, topic=topic, channel=channel)

    Client().post(path_of(letter), {"act": "stop", "wanted": ["topic:tips"]})

    assert [consents.has_consent(ann, AD, topic=topic) for topic in ("tips", "offers", "")] == [False] * 3
    assert not consents.has_consent(ann, AD, channel="phone")


def test_withdrawing_the_data_consent_ends_letters_and_gives_the_owner_a_task(ann, alice, letter):
    state_consent(ann, PD, given=True)
    state_consent(ann, AD, given=True)
    for _again in range(2):
        assert Client().post(path_of(letter), {"act": "data"}).status_code == 200

    assert said(ann)[2:] == [("advertising", "", "email", False), ("personal_data", "", "email", False)]
    task = Task.objects.get()
    assert (task.owner, task.contact) == (alice, ann)
    assert timedelta(days=19) < task.due_at - timezone.now() <= timedelta(days=20)


def test_whoever_shares_the_address_shares_the_choice(ann, alice, letter):
    twin = people.create_contact(by=alice, first_name="Anna", email="ann@example.com")
    state_consent(twin, AD, given=True)
    state_consent(ann, AD, given=True)

    Client().post(path_of(letter))

    assert not consents.has_consent(twin, AD)
    assert not consents.has_consent(ann, AD)


def test_a_merged_person_is_found_by_the_address(ann, alice, letter):
    kept = people.create_contact(by=alice, first_name="Anna", email="other@example.com")
    ann.points.filter(kind="email").update(contact=kept, is_primary=False)
    ann.delete()
    state_consent(kept, AD, given=True)

    Client().post(path_of(letter))

    assert not consents.has_consent(kept, AD)


def test_of_a_person_who_is_gone_the_page_knows_nothing_and_the_address_can_still_be_closed(ann, alice, letter):
    people.delete_contact(ann, by=alice)

    page = Client().get(path_of(letter))

    assert page.status_code == 200
    assert "We keep nothing about you" in page.content.decode()
    assert Client().post(path_of(letter), {"act": "stop"}).status_code == 200
    assert not Contact.objects.exists()


@pytest.mark.parametrize("token", ["1", "1:forged", "x"])
def test_a_guessed_link_opens_nothing(letter, token):
    path = reverse("consents:preferences", args=[token])

    assert (Client().get(path).status_code, Client().post(path).status_code) == (404, 404)


def test_the_page_speaks_the_persons_language_and_the_other_on_request(ann, topics, letter):
    Contact.objects.update(language="ru")

    assert "Что вы от нас получаете" in Client().get(path_of(letter)).content.decode()
    assert "What you get from us" in Client().get(path_of(letter), {"lang": "en"}).content.decode()


def test_a_preview_shows_what_the_page_is_for(workspace):
    path = path_of(None)

    assert "This is a preview" in Client().get(path).content.decode()
    assert Client().post(path, {"act": "stop"}).status_code == 200


@pytest.mark.parametrize(
    ("country", "company", "law"), [("RU", "DE", "ru"), ("DE", "RU", "gdpr"), ("", "RU", "ru"), ("", "DE", "gdpr")]
)
def test_the_law_is_that_of_the_person_else_of_the_company(ann, workspace, country, company, law):
    workspace.country = company
    workspace.save()
    ann.country = country

    assert consents.law_for(ann) == law
    state_consent(ann, AD, given=True, law="gdpr")
    assert consents.law_for(SimpleNamespace(country=country, consents=ann.consents)) == "gdpr"
