"""“Fix the next 20” by keyboard alone, then by touch on a phone."""

import os

import pytest

from contacts.models import Contact, QualityRule
from contacts.services.quality import figures, measuring
from tests import factories
from tests.journeys.conftest import PHONE

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SHOTS", "")


def _shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def test_a_heap_is_mended_by_keyboard(page, new_page, sign_in, watch, axe, alice, workspace):
    for place, (dimension, test, field) in enumerate(
        [("completeness", "filled", "phone"), ("completeness", "filled", "city"), ("validity", "name", ""), ("validity", "email", "")]
    ):  # fmt: skip
        QualityRule.objects.get_or_create(
            subject="contact", dimension=dimension, test=test, field=field, defaults={"position": place}
        )
    mine = {"owner": alice, "team": alice.team, "language": "ru"}
    swapped = factories.contact("Соколов", "Иван", **mine)
    slip = factories.contact("Eva", "Lind", email="eva@gmial.com", city="Ulm", **mine)
    lacking = factories.contact("Ann", "Lee", email="ann@example.com", **mine)
    measuring.settle_all()
    figures.count()
    sign_in(page, alice)

    page.goto("/contacts/quality/")
    _shot(page, "quality")
    assert axe(page) == []
    page.keyboard.press("n")
    page.wait_for_url("**/rounds/**")
    _shot(page, "fix")
    assert axe(page) == []
    page.wait_for_selector("text=1 of 20")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=2 of 20")
    swapped.refresh_from_db()
    assert (swapped.first_name, swapped.last_name) == ("Иван", "Соколов")

    # Skipped, taken back, and accepted then: a slip of the address is mended without a touch of the mouse.
    first = Contact.objects.get(pk=page.locator("[name=record]").input_value())
    page.keyboard.press("s")
    page.wait_for_selector("text=3 of 20")
    page.keyboard.press("u")
    page.wait_for_selector("text=2 of 20")
    assert page.locator("[name=record]").input_value() == str(first.pk)
    while page.locator("[name=record]").count():
        if page.locator("[name=record]").input_value() == str(lacking.pk):
            page.get_by_label("City").fill("Bonn")
        n = page.locator("#fix progress").get_attribute("value")
        page.keyboard.press("Enter")
        page.wait_for_selector(f"#fix progress:not([value='{n}'])")
    page.wait_for_selector("text=This round is done")
    _shot(page, "fix-end")
    slip.refresh_from_db()
    lacking.refresh_from_db()
    assert (slip.email, lacking.city) == ("eva@gmail.com", "Bonn")

    Contact.objects.filter(pk=lacking.pk).update(city="")
    measuring.settle_all()
    phone = new_page(viewport=PHONE, theme="dark")
    sign_in(phone, alice)
    phone.goto("/contacts/quality/")
    _shot(phone, "quality-phone")
    phone.get_by_role("button", name="Fix the next 20: City is missing").click()
    phone.wait_for_selector("text=1 of 20")
    _shot(phone, "fix-phone")
    assert axe(phone) == []
    first = Contact.objects.get(pk=phone.locator("[name=record]").input_value())
    phone.get_by_label("City").fill("Ulm")
    phone.get_by_role("button", name="Accept").click()
    phone.wait_for_selector("text=2 of 20")
    first.refresh_from_db()
    assert first.city == "Ulm"
    watch.assert_clean()
