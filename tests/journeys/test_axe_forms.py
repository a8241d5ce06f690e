"""Forms, small pages and errors on the demo company, in both themes: nothing serious, a silent console, no other host."""

import pytest
from django.urls import reverse

from campaigns.models import GuideForm
from contacts.models import ImportRun
from crm import files
from crm.models import Invitation, Role
from crm.models.calendar import BusinessCalendar
from deals.models import Pipeline, Product
from tests.journeys.conftest import DESK, PHONE, first
from tickets.models import Article, Macro, Mailbox

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def _import_run(admin):
    return ImportRun.objects.create(
        owner=admin, team=admin.team, by=admin, headers=["Name", "Email"], encoding="utf-8", separator=",",
        file=files.store(b"Name,Email\nAnn,ann@client.test\n", "a.csv", by=admin),
    )  # fmt: skip


def forms(admin):
    """Addresses of the forms and lists that no other test of this kind opens."""
    return [
        reverse("contacts:company_new"),
        reverse("contacts:import_show", args=[_import_run(admin).pk]),
        reverse("deals:table"),
        reverse("deals:product_new"),
        reverse("deals:stage_new", args=[first(Pipeline).pk]),
        reverse("tickets:index"),
        reverse("tickets:desk"),
        reverse("tickets:article_new"),
        reverse("tickets:categories"),
        reverse("tickets:mailbox_new"),
        reverse("tickets:mailbox_edit", args=[first(Mailbox).pk]),
        reverse("tickets:macro_new"),
        reverse("tickets:macro_edit", args=[first(Macro).pk]),
        reverse("tickets:calendar_new"),
        reverse("tickets:special_day_new", args=[first(BusinessCalendar).pk]),
        reverse("tickets:rules"),
        reverse("tickets:letters"),
        reverse("campaigns:guide_new"),
        reverse("campaigns:guide_edit", args=[first(GuideForm).pk]),
        reverse("campaigns:deliveries"),
        reverse("analytics:targets", args=["revenue"]),
        reverse("role_edit", args=[first(Role).pk]),
        reverse("history", args=["article", first(Article).pk]),
        reverse("history", args=["product", first(Product).pk]),
        reverse("account_email"),
        reverse("account_logout"),
        reverse("mfa_list_webauthn"),
        reverse("mailbox"),
    ]


@pytest.mark.parametrize(("theme", "viewport"), [("dark", DESK), ("light", PHONE)], ids=["dark-desk", "light-phone"])
def test_forms_and_small_pages_are_accessible(
    new_page, sign_in, watch, look, demo, settings, tmp_path, theme, viewport
):
    settings.MEDIA_ROOT = tmp_path
    settings.DEV_MAILBOX = str(tmp_path / "mailbox")
    page = new_page(theme=theme, viewport=viewport)
    sign_in(page, demo)

    found = [finding for address in forms(demo) for finding in look(page, address)]

    assert found == []
    watch.assert_clean()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_errors_and_ways_in_are_accessible(new_page, watch, look, axe, demo, theme):
    token, kept = Invitation.new_token()
    Invitation.objects.create(email="new@client.test", token_hash=kept, by=demo)
    category = first(Article, state="published").category_id
    open_to_all = [
        reverse("help:category", args=[category]),
        reverse("invitation_accept", args=[token]),
        "/accounts/signup/",
    ]
    page = new_page(theme=theme)

    found = [finding for address in open_to_all for finding in look(page, address)]
    for address in ("/help/articles/0/", "/static/away.html", "/static/too-large.html"):
        page.goto(address)
        found += axe(page)

    assert found == []
    # The browser itself notes an answer 404 in its console.
    assert [error for error in watch.errors if "404" not in error] == []
    assert watch.strangers == []
