"""Consents noted by hand, the page of the ledger, words in versions and topics."""

import pytest
from django.db import InternalError, transaction
from django.urls import reverse

from contacts.models import Consent, ConsentText
from contacts.services import wordings
from contacts.services.consents import state_consent
from tests.contacts.consents.statements import AD, PD

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
