"""Every page, both themes: axe-core finds nothing serious, the console is silent, no other host is asked."""

import pytest
from django.urls import reverse

from crm import access, notify, registry
from crm.models import Invitation, Job
from tests import factories
from tests.journeys.conftest import DESK, PHONE

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

OPEN = ["account_login", "account_reset_password", "account_reset_password_done"]
FRAME = ["today", "search", "places", "jobs", "notifications", "settings", "invitation_create"]


@pytest.fixture
def company(workspace, admin, alice, bob):
    """Enough in it that no page of the frame is empty."""
    notify.notify(admin, "job.finished", "Your export is ready", "/jobs/", key="1")
    Job.objects.create(kind="contacts.import", by=admin, state="running", total=10, done=4, subject="clients.csv")
    Job.objects.create(kind="contacts.import", by=admin, state="failed", error="The file is gone.", total=10, done=4)
    Invitation.objects.create(email="new@example.com", token_hash="x", by=admin)
    factories.contact("Jonas", "Weber", owner=alice, team=alice.team)
    return admin


def pages(user):
    """Addresses of all pages of the frame, the settings area and every place in the navigation."""
    names = FRAME + [p.url_name for p in registry.settings_for(user)] + [i.url_name for i in registry.nav_for(user)]
    found = [reverse(name) for name in dict.fromkeys(names)]
    found += [job.get_absolute_url() for job in Job.objects.all()]
    found += [
        reverse("role_edit", args=[0]),
        reverse("user_edit", args=[user.pk]),
        "/search/?q=weber",
        "/search/?q=zzz",
    ]
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_without_sign_in_are_accessible(new_page, watch, look, theme, alice):
    page = new_page(theme=theme)

    found = [finding for name in OPEN for finding in look(page, reverse(name))]

    assert found == []
    watch.assert_clean()


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESK), ("dark", PHONE)])
def test_pages_of_the_frame_are_accessible(new_page, sign_in, watch, look, company, theme, viewport):
    page = new_page(theme=theme, viewport=viewport)
    sign_in(page, company)

    found = [finding for address in pages(company) for finding in look(page, address)]

    assert found == []
    watch.assert_clean()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_opens_over_a_page_is_accessible(new_page, sign_in, watch, axe, company, theme):
    page = new_page(theme=theme)
    sign_in(page, company)
    page.goto("/")

    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("weber")
    page.get_by_role("option", name="Jonas Weber").wait_for()
    found = axe(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    found += axe(page)
    page.keyboard.press("Escape")
    page.get_by_text("Admin", exact=True).last.click()
    found += axe(page, ".side details[open]")

    assert found == []
    watch.assert_clean()


def test_first_use_is_accessible_and_says_what_to_do(new_page, sign_in, watch, look, db):
    kinds = {kind.name: {"view": access.OWN, "edit": access.OWN} for kind in access.kinds()}
    newcomer = factories.user("Newcomer", roles=[factories.role("new", kinds)])
    page = new_page()
    sign_in(page, newcomer)

    found = [f for item in registry.nav_for(newcomer) for f in look(page, reverse(item.url_name))]

    assert found == []
    watch.assert_clean()
