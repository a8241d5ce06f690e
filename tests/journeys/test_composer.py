"""The composer in a browser: an @ offers colleagues, and what was typed survives a reload."""

import pytest
from playwright.sync_api import expect

from crm.models import Draft, Note, Notification
from deals.models import Deal
from deals.services.setup import create_standard_pipeline
from tests import factories

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_a_colleague_is_picked_and_the_draft_survives_a_reload(page, sign_in, alice, bob, workspace):
    stage = create_standard_pipeline("en").stages.first()
    person = factories.contact(owner=alice, team=alice.team)
    deal = Deal(name="Pumps", contact=person, owner=alice, team=alice.team, stage=stage, currency="EUR").begin(by=alice)
    sign_in(page, alice)
    page.goto(deal.get_absolute_url())
    text = page.locator("#talk-text")

    text.click()
    page.keyboard.type("Please look, @bo")
    expect(page.locator("#mention-list [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.type("at the price")
    expect(text).to_have_value("Please look, @Bob at the price")
    expect(page.locator(".composer-kept")).to_have_text("Draft kept")

    page.reload()
    expect(page.locator("#talk-text")).to_have_value("Please look, @Bob at the price")
    page.locator("#composer button[type=submit]").click()
    expect(page.locator("#timeline .mention")).to_have_text("@Bob")
    expect(page.locator("#talk-text")).to_have_value("")

    assert Note.objects.get().target_id == deal.pk
    assert Notification.objects.get(kind="note.mention").user == bob
    assert not Draft.objects.exists()
