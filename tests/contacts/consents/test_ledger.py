"""The ledger of consents: what counts, its seals, whose law it is."""

from types import SimpleNamespace

import pytest
from django.db import InternalError, connection, transaction
from django.urls import reverse

from contacts import tasks
from contacts.models import Consent, ConsentChain, Contact
from contacts.services import consents, ledger, people
from contacts.services.consents import state_consent
from crm import conditions
from crm.models import Event, Notification
from tests.contacts.consents.statements import AD, PD

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
    assert event.data == {
        "purpose": "Advertising · Email · Tips", "about": ["advertising", "email", "Tips"], "source": "call", "consent": row.pk,
    }  # fmt: skip


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
