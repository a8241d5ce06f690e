"""The frame in a real browser: sign-in, palette, keys, theme, toasts, expired sessions."""

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache

from contacts.models import Contact
from crm.files import files_of
from crm.models import User
from tests import factories
from tests.journeys.conftest import PHONE

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
PASSWORD = "seven-green-otters"


@pytest.fixture
def person(workspace, alice):
    factories.contact("Jonas", "Weber", owner=alice, team=alice.team)
    alice.set_password(PASSWORD)
    alice.save()
    return alice


def test_signing_in_leads_to_the_page_one_wanted(page, live_server, watch, person):
    page.goto("/jobs/")
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()

    page.wait_for_url(f"{live_server.url}/jobs/")
    assert page.get_by_role("heading", level=1).text_content() == "Jobs"
    watch.assert_clean()


def test_the_palette_opens_finds_and_goes(page, live_server, sign_in, watch, person):
    sign_in(page, person)
    page.goto("/jobs/")

    page.keyboard.press("/")
    box = page.get_by_role("combobox")
    box.fill("weber")
    page.get_by_role("option", name="Jonas Weber").wait_for()
    assert box.get_attribute("aria-activedescendant") == page.get_by_role("option").first.get_attribute("id")
    page.keyboard.press("Enter")

    page.wait_for_url("**/contacts/*/**")
    watch.assert_clean()


def test_escape_closes_the_palette_and_gives_the_focus_back(page, sign_in, person):
    sign_in(page, person)
    page.goto("/")
    opener = page.locator("[data-palette-open]").first
    opener.focus()

    page.keyboard.press("Enter")
    page.get_by_role("combobox").wait_for()
    page.keyboard.press("Escape")

    assert page.get_by_role("combobox").count() == 0
    assert opener.evaluate("node => node === document.activeElement")


def test_keys_work_on_a_russian_keyboard(page, live_server, sign_in, person):
    sign_in(page, person)
    page.goto("/jobs/")

    page.evaluate(
        """() => {
        for (const [key, code] of [["п", "KeyG"], ["е", "KeyT"]])
            document.body.dispatchEvent(new KeyboardEvent("keydown", {key, code, bubbles: true}));
    }"""
    )

    page.wait_for_url(f"{live_server.url}/")


def test_two_letters_go_where_the_sheet_says(page, sign_in, person):
    sign_in(page, person)
    page.goto("/jobs/")

    page.keyboard.press("c")
    page.keyboard.press("t")

    page.wait_for_url("**/tasks/new/**")


def test_keys_are_only_letters_while_somebody_types(page, live_server, sign_in, person):
    sign_in(page, person)
    page.goto("/search/")

    page.get_by_role("searchbox").press_sequentially("gt/?c")

    assert page.get_by_role("searchbox").input_value() == "gt/?c"
    assert page.url == f"{live_server.url}/search/"


def test_the_theme_is_chosen_without_a_flash_and_stays(page, sign_in, person):
    sign_in(page, person)
    page.goto("/")
    assert page.locator("html").get_attribute("data-bs-theme") == "light"

    page.locator(".side summary").click()
    page.get_by_role("button", name="Dark").click()
    page.wait_for_function("document.documentElement.dataset.bsTheme === 'dark'")
    page.reload()

    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    page.wait_for_load_state("networkidle")
    assert User.objects.get(pk=person.pk).theme == "dark"


def test_an_expired_session_leads_back_to_the_same_page(page, live_server, sign_in, person):
    sign_in(page, person)
    page.goto("/jobs/")
    Session.objects.all().delete()
    cache.clear()

    page.keyboard.press("/")
    page.wait_for_url("**/accounts/login/**")
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()

    page.wait_for_url(f"{live_server.url}/jobs/")


def test_a_saved_profile_says_so_and_speaks_the_new_language(page, sign_in, watch, person):
    sign_in(page, person)
    page.goto("/settings/profile/")

    page.get_by_label("Language").select_option("ru")
    page.get_by_role("button", name="Save").click()

    page.locator("html[lang=ru]").wait_for()
    page.get_by_role("status").wait_for()
    watch.assert_clean()


def test_on_a_phone_nothing_is_wider_than_the_screen(new_page, sign_in, person, admin):
    page = new_page(viewport=PHONE)
    sign_in(page, admin)

    wide = []
    for address in [
        "/",
        "/settings/",
        "/settings/profile/",
        "/settings/users/",
        "/jobs/",
        "/notifications/",
        "/places/",
    ]:
        page.goto(address)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(address)

    assert wide == []


def test_on_a_phone_the_quiet_actions_of_the_head_stand_in_its_menu(new_page, live_server, sign_in, watch, person):
    page = new_page(viewport=PHONE)
    sign_in(page, person)
    page.goto("/contacts/")
    assert not page.get_by_role("link", name="Export").is_visible()

    page.locator("header summary").filter(visible=True).click()
    page.locator("header .menu").get_by_role("link", name="Export").click()

    page.wait_for_url("**/export/**")
    page.goto(Contact.objects.get().get_absolute_url())
    assert not page.locator("[data-head-more]").is_visible()
    watch.assert_clean()


def test_a_chosen_file_arrives_at_once_and_belongs_to_the_record(page, sign_in, watch, person):
    jonas = Contact.objects.get()
    sign_in(page, person)
    page.goto(jonas.get_absolute_url())

    panel = page.locator("section", has=page.get_by_role("heading", name="Files", exact=True))
    panel.locator("[data-upload] input[type=file]").set_input_files(
        {"name": "offer.txt", "mimeType": "text/plain", "buffer": b"hello"}
    )
    page.get_by_role("button", name="Remove offer.txt").wait_for()
    panel.get_by_role("button", name="Add").click()
    page.get_by_role("link", name="offer.txt").wait_for()

    assert [kept.name for kept in files_of(jonas)] == ["offer.txt"]
    watch.assert_clean()
