"""The list of outgoing letters."""

import pytest
from django.urls import reverse

from crm.models import Delivery
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def letters(db):
    made = {}
    for state in ["sent", "unknown", "failed", "queued"]:
        made[state] = Delivery.objects.create(
            kind="campaign",
            key=state,
            to=f"{state}@example.com",
            subject=f"About {state}",
            message_id=f"<{state}@x>",
            state=state,
        )
    Delivery.objects.create(kind="service", key="s", to="service@example.com", message_id="<s@x>", state="sent")
    return made


@pytest.fixture
def marketer(db):
    return factories.user("Mara", roles=[factories.role("marketer", {"sequence": {"view": 3, "edit": 3}})])


@pytest.fixture
def reader(db):
    return factories.user("Rita", roles=[factories.role("reads", {"sequence": {"view": 3}})])


def shown(client, query=""):
    rows = client.get(reverse("campaigns:deliveries") + query).context["rows"]
    return [row.to.partition("@")[0] for row, _cells in rows]


def states():
    return dict(Delivery.objects.filter(kind="campaign").values_list("key", "state"))


def test_letters_of_campaigns_stand_newest_first_and_those_of_the_house_are_for_administrators(
    client, letters, marketer, admin
):
    client.force_login(marketer)
    assert shown(client) == ["queued", "failed", "unknown", "sent"]
    assert shown(client, "?view=doubtful") == ["failed", "unknown"]
    assert shown(client, "?q=About+s") == ["sent"]

    client.force_login(admin)
    assert shown(client)[0] == "service"


def test_doubtful_letters_are_sent_again_or_noted_many_at_once(client, letters, marketer):
    client.force_login(marketer)
    picks = ",".join(str(row.pk) for row in letters.values())

    client.post(reverse("list_bulk", args=["letters", "arrived"]), {"picks": picks, "go": "1"})
    noted = states()
    client.post(reverse("list_bulk", args=["letters", "again"]), {"picks": picks, "go": "1"})

    assert noted == {"sent": "sent", "unknown": "sent", "failed": "failed", "queued": "queued"}
    assert states() == {"sent": "sent", "unknown": "sent", "failed": "queued", "queued": "queued"}


@pytest.mark.parametrize("act", ["again", "arrived", "delete"])
def test_a_reader_changes_nothing_and_nobody_deletes(client, letters, marketer, reader, act):
    before, picks = states(), ",".join(str(row.pk) for row in letters.values())
    client.force_login(reader)
    page = client.get(reverse("campaigns:deliveries"))
    refused = client.post(reverse("list_bulk", args=["letters", act]), {"picks": picks, "go": "1"})
    client.force_login(marketer)
    deleted = client.post(reverse("list_bulk", args=["letters", "delete"]), {"picks": picks, "go": "1"})

    assert "formaction" not in page.text
    assert (refused.status_code, deleted.status_code) == (403, 403)
    assert client.post(reverse("list_export", args=["letters"])).status_code == 403
    assert states() == before


def test_one_letter_is_settled_from_its_row(client, letters, marketer):
    client.force_login(marketer)
    page = client.get(reverse("campaigns:deliveries")).text

    assert reverse("campaigns:delivery_sent", args=[letters["unknown"].pk]) in page
    client.post(reverse("campaigns:delivery_sent", args=[letters["unknown"].pk]))
    client.post(reverse("campaigns:delivery_again", args=[letters["failed"].pk]))
    assert states() == {"sent": "sent", "unknown": "sent", "failed": "queued", "queued": "queued"}
