"""The page on which a person says what letters they want."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact, Task
from contacts.services import consents, people, preferences
from contacts.services.consents import state_consent
from tests.contacts.consents.statements import AD, PD


def said(contact):
    """What the ledger says, oldest first."""
    return list(contact.consents.order_by("pk").values_list("purpose", "topic", "channel", "is_given"))


def path_of(letter):
    return urlsplit(preferences.link_for(letter)).path


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
