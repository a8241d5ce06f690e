"""Cards of a list shown as a board move by keyboard, and on a phone by their menu."""

import os

import pytest

from crm.models import CustomField, ObjectKind, ObjectRecord
from crm.objects import kind_acts, records
from tests.journeys.conftest import PHONE

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("SHOTS", "")
CHOICES = [{"key": key, "en": key.capitalize(), "ru": ""} for key in ("new", "running", "broken")]
BOARD = "/objects/machine/?shape=board&by=cf_state"


@pytest.fixture
def drill(workspace, admin):
    kind = ObjectKind(code="machine", name_en="Machine", plural_en="Machines", icon="tool")
    kind_acts.create_kind(kind, like="contact")
    CustomField.objects.create(subject="co_machine", key="state", kind="choice", label_en="State", choices=CHOICES)
    for name, state in (("Drill", "new"), ("Lathe", "new"), ("Press", "broken")):
        records.create_record(kind, name, by=admin, custom={"state": state})
    return ObjectRecord.objects.get(title="Drill")


def _state(drill):
    return ObjectRecord.objects.get(pk=drill.pk).custom["state"]


def test_a_card_is_moved_by_keyboard_and_by_the_menu_of_a_phone(new_page, sign_in, watch, axe, drill, admin):
    page, card = new_page(), f"[data-card='{drill.pk}']"
    sign_in(page, admin)
    page.goto(BOARD)
    page.focus(f"{card} a")
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_selector(f"[data-lane-value=running] {card}")
    page.wait_for_function(f'document.activeElement.closest("{card}")')
    assert _state(drill) == "running"
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_selector(f"[data-lane-value=broken] {card}")
    assert _state(drill) == "broken"

    phone = new_page(viewport=PHONE)
    sign_in(phone, admin)
    phone.goto(BOARD)
    ObjectRecord.objects.filter(pk=drill.pk).update(custom={"state": "running"})
    _by_menu(phone, card, "New")
    phone.wait_for_selector(".toast-x:has-text('Somebody changed this meanwhile')")
    phone.wait_for_selector(f"[data-lane-value=running] {card}")
    assert _state(drill) == "running"
    if SHOTS:
        phone.screenshot(path=f"{SHOTS}/lanes-phone.png")
    _by_menu(phone, card, "New")
    phone.wait_for_selector(f"[data-lane-value=new] {card}")
    assert _state(drill) == "new"
    assert axe(phone) == []
    watch.errors = [text for text in watch.errors if "422" not in text]
    watch.assert_clean()


def _by_menu(page, card, lane):
    page.locator(f"{card} summary").scroll_into_view_if_needed()
    page.click(f"{card} summary")
    page.click(f"{card} .menu-item:has-text('{lane}')")
