"""A52: a form open to the world cannot be used to fill somebody's letter box or our tables."""

import pytest
from django.urls import reverse

from campaigns.models import GuideForm
from campaigns.views import public
from campaigns.views.public import GUIDES_OF_PERSON
from contacts.models import Contact
from crm.models import Delivery, Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(client, workspace):
    """Fills in the guide's form from a network address."""
    GuideForm.objects.create(slug="tips", title="Tips", content="x", personal_data_text="Yes", advertising_text="News")

    def send(email, *, come_from="198.51.100.7", **more):
        data = {"email": email, "name": "Ann Lee", "personal_data": "on", "advertising": "on", **more}
        return client.post(reverse("public:guide", args=["tips"]), data, REMOTE_ADDR=come_from)

    return send


def test_one_address_gets_few_letters_however_many_hosts_ask_for_it(ask):
    answers = [ask("victim@example.com", come_from=f"198.51.100.{20 + n}") for n in range(10)]

    # Whoever asks is not told that somebody else has.
    assert {answer.status_code for answer in answers} == {200}
    assert Delivery.objects.filter(to="victim@example.com").count() <= GUIDES_OF_PERSON
    assert Event.objects.filter(kind="guide.downloaded").count() == GUIDES_OF_PERSON
    assert Contact.objects.count() == 1


def test_one_host_cannot_fill_the_tables(ask, monkeypatch):
    # Counted in the Redis that all tests share: few requests, of hosts that no other test is.
    monkeypatch.setattr(public, "GUIDES_OF_ADDRESS", 4)
    answers = [ask(f"p{n}@example.com") for n in range(7)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429, 429, 429]
    assert Contact.objects.count() == 4
    assert ask("another@example.com", come_from="198.51.100.8").status_code == 200


def test_who_fills_the_hidden_field_is_a_program(ask):
    assert ask("bot@example.com", website="https://spam.example").status_code == 400
    assert not Contact.objects.exists()
