"""A reader chooses what comes, on a phone and without scripts, in both languages."""

from urllib.parse import urlsplit

import pytest

from contacts.models import Consent, Topic
from contacts.services import consents, people, preferences
from contacts.services.consents import state_consent
from crm.mail import queue_mail
from tests.journeys.conftest import PHONE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey]
AD = Consent.Purpose.ADVERTISING


@pytest.fixture
def ann(workspace, admin):
    names = {"tips": ("Practical tips", "Полезные советы"), "offers": ("Offers", "Акции")}
    for code, (name_en, name_ru) in names.items():
        Topic.objects.create(code=code, name_en=name_en, name_ru=name_ru, text_en="At times", text_ru="Иногда")
    contact = people.create_contact(by=admin, first_name="Ann", email="ann@example.com", phone="+49 30 55501192")
    state_consent(contact, AD, given=True)
    return contact


@pytest.fixture
def bare_page(browser, live_server):
    """A phone whose browser runs no scripts and keeps no cookies."""
    context = browser.new_context(
        base_url=live_server.url, viewport=PHONE, java_script_enabled=False, has_touch=True, locale="ru"
    )
    yield context.new_page()
    context.close()


def test_a_reader_keeps_one_topic_and_ends_the_rest(bare_page, new_page, axe, watch, ann):
    letter = queue_mail("campaign", to=ann.email, subject="Tip", text="x", contact=ann)
    path = urlsplit(preferences.link_for(letter)).path

    bare_page.goto(path)
    assert bare_page.inner_text("h1") == "Что вы от нас получаете"
    assert bare_page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    heights = [row.bounding_box()["height"] for row in bare_page.locator(".pick-one").all()]
    assert len(heights) == 5
    assert min(heights) >= 44
    bare_page.get_by_label("Акции").uncheck()
    bare_page.get_by_label("Другие новости и предложения").uncheck()
    bare_page.click("button:text-is('Сохранить')")
    assert "Сохранено" in bare_page.inner_text("[role=status]")
    assert [consents.has_consent(ann, AD, topic=topic) for topic in ("tips", "offers", "")] == [True, False, False]

    bare_page.click("a[hreflang=en]")
    assert bare_page.get_by_label("Practical tips").is_checked()
    bare_page.click("button:text-is('No advertising at all')")
    assert "no more advertising" in bare_page.inner_text("[role=status]")
    assert not consents.has_consent(ann, AD, topic="tips")

    for theme in ("light", "dark"):
        page = new_page(viewport=PHONE, theme=theme)
        page.goto(path)
        assert axe(page) == []
    watch.assert_clean()
