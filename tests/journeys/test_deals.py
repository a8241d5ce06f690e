"""A deal from the board to the client's yes, in a real browser."""

import os
from decimal import Decimal

import pytest

from contacts.models import Task
from deals.models import Deal, Order, Product, ProposalVersion
from deals.services.setup import create_standard_pipeline
from tests import factories
from tests.journeys.conftest import drag

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("SHOTS", "")


def _shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


@pytest.fixture
def field(workspace, alice):
    """A pipeline with three deals of Alice's, and a product."""
    pipeline = create_standard_pipeline("en")
    role = alice.roles.get()
    role.grants["product"] = {"view": 3}
    role.save()
    stages = {stage.name: stage for stage in pipeline.stages.all()}
    ann = factories.contact("Ann", "Lee", owner=alice, team=alice.team, email="ann@client.test")
    for name, stage, amount in [("Pump line", "New", None), ("Valves", "Qualified", 900), ("Retrofit", "New", 28500)]:
        fields = {"contact": ann, "owner": alice, "team": alice.team, "currency": "EUR"}
        Deal(name=name, stage=stages[stage], amount=amount, **fields).begin(by=alice)
    Product.objects.create(
        name="Pump", sku="P-1", unit="pcs", price=Decimal("100"), cost=60, currency="EUR", tax_rate=19
    )
    return stages


def test_a_deal_goes_from_the_board_to_an_accepted_proposal(page, new_page, sign_in, watch, axe, field, alice):
    sign_in(page, alice)
    deal = Deal.objects.get(name="Pump line")
    page.goto("/deals/")
    _shot(page, "board")
    assert axe(page) == []

    # A stage without questions takes the card at once.
    drag(page, page.locator(f"#deal-{deal.pk}"), page.locator(f"#lane-{field['Qualified'].pk}"))
    page.wait_for_selector(f"#lane-{field['Qualified'].pk} #deal-{deal.pk}[data-stage='{field['Qualified'].pk}']")
    page.wait_for_selector(f"#lane-head-{field['Qualified'].pk} .ink-3:text-is('2')")
    deal.refresh_from_db()
    assert deal.stage == field["Qualified"]

    # A stage with questions opens the gate where the card was dropped; Escape puts the card back.
    watch.paused = True  # the browser writes every 422 to its console
    drag(page, page.locator(f"#deal-{deal.pk}"), page.locator(f"#lane-{field['Proposal'].pk}"))
    page.wait_for_selector(f"#lane-{field['Proposal'].pk} [data-gate='{deal.pk}']")
    _shot(page, "gate")
    page.keyboard.press("Escape")
    page.wait_for_selector(f"#lane-{field['Qualified'].pk} #deal-{deal.pk}")
    drag(page, page.locator(f"#deal-{deal.pk}"), page.locator(f"#lane-{field['Proposal'].pk}"))
    page.fill(f"[data-gate='{deal.pk}'] [name=amount]", "1000")
    page.fill(f"[data-gate='{deal.pk}'] [name=close_on]", "2027-01-31")
    page.click(f"[data-gate='{deal.pk}'] button[type=submit]")
    page.wait_for_selector(f"#lane-{field['Proposal'].pk} article#deal-{deal.pk}")
    page.wait_for_timeout(80)
    watch.paused = False
    deal.refresh_from_db()
    assert (deal.stage, deal.amount) == (field["Proposal"], Decimal("1000.00"))

    # The keyboard moves a card as well.
    page.focus(f"#deal-{deal.pk} a")
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_selector(f"#lane-{field['Negotiation'].pk} #deal-{deal.pk}")

    page.goto(f"/deals/{deal.pk}/")
    page.fill("#line-name", "pum")
    page.click("#product-choices button")
    page.wait_for_selector("#lines-total:has-text('€119.00')")
    page.fill("tr[data-line] [name=qty]", "3")
    page.fill("tr[data-line] [name=discount]", "10 %")
    page.keyboard.press("Tab")
    page.wait_for_selector("#lines-total:has-text('€321.30')")
    page.wait_for_load_state("networkidle")
    _shot(page, "deal")
    assert axe(page) == []

    page.click("text=New proposal")
    page.wait_for_selector("#terms")
    page.fill("[name=payment]", "30 days net")
    page.keyboard.press("Tab")
    page.wait_for_selector(".sheet >> text=30 days net")
    _shot(page, "proposal")
    assert axe(page) == []
    page.click("[data-dialog=send-dialog]")
    page.click("#send-dialog button.btn-primary")
    page.wait_for_selector("text=not seen yet")
    version = ProposalVersion.objects.get()
    assert (version.status, version.total) == ("sent", Decimal("321.30"))

    client_page = new_page()
    client_page.goto(version.page_path)
    assert "€321.30" in client_page.text_content("#offer-total")
    _shot(client_page, "offer")
    assert axe(client_page) == []
    client_page.fill("[name=name]", "Ann Lee")
    client_page.check("[name=agree]")
    client_page.click(".offer-answer .btn-primary")
    client_page.wait_for_selector("text=Accepted. Thank you!")
    version.refresh_from_db()
    assert version.status == "accepted"
    assert Task.objects.filter(target_id=deal.pk, title__contains="was accepted").count() == 1

    page.goto(f"/deals/{deal.pk}/")
    page.click(".stage-step.won")
    page.wait_for_selector("text=Open again")
    assert Order.objects.get().total == Decimal("321.30")
    watch.assert_clean()


@pytest.mark.parametrize(("width", "theme", "language"), [(390, "light", "en"), (1440, "dark", "ru")])
def test_the_pages_hold_on_phones_and_in_the_dark(new_page, sign_in, axe, watch, field, alice, width, theme, language):
    alice.language = language
    alice.save()
    page = new_page(viewport={"width": width, "height": 844}, theme=theme, locale=language)
    sign_in(page, alice)
    deal = Deal.objects.get(name="Retrofit")
    for address in (
        "/deals/",
        f"/deals/{deal.pk}/",
        "/deals/table/",
        "/deals/orders/",
        "/deals/products/",
        "/deals/new/",
    ):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        _shot(page, f"{theme}-{width}-{address.strip('/').replace('/', '-')}")
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    watch.assert_clean()


def test_settings_and_contact_show_deals(page, sign_in, axe, watch, field, admin):
    sign_in(page, admin)
    won = Deal.objects.get(name="Retrofit")
    won.win(by=admin)
    page.goto("/deals/pipelines/")
    _shot(page, "pipelines")
    assert axe(page) == []
    page.goto(f"/deals/stages/{field['Proposal'].pk}/")
    _shot(page, "stage")
    assert axe(page) == []
    page.goto(won.contact.get_absolute_url())
    page.wait_for_selector("svg.bars")
    _shot(page, "contact")
    page.goto("/deals/orders/")
    page.wait_for_load_state("networkidle")
    _shot(page, "orders")
    watch.assert_clean()


def test_a_refused_drop_goes_back_and_says_so(page, sign_in, watch, field, alice):
    sign_in(page, alice)
    deal = Deal.objects.get(name="Pump line")
    page.goto("/deals/")
    page.wait_for_load_state("networkidle")
    alice.roles.all().update(grants={"deal": {"view": 3}})
    watch.paused = True  # the browser writes the 403 to its console

    drag(page, page.locator(f"#deal-{deal.pk}"), page.locator(f"#lane-{field['Qualified'].pk}"))

    page.wait_for_selector("[role=alert]")
    assert page.locator(f"#lane-{field['New'].pk} #deal-{deal.pk}").count() == 1
    assert deal.stays.count() == 1
