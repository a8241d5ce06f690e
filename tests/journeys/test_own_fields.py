"""A field is defined in the settings, filled in on a page, and a rule shows another one without a reload."""

import os

import pytest

from crm.models import CustomField
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("SHOTS", "")
_IS_TENDER = {"all": [{"field": "cf_tender", "op": "is", "value": True}]}


def _shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def test_a_field_is_defined_filled_in_and_ruled(page, sign_in, watch, axe, workspace, admin):
    ann = factories.contact("Ann", "Lee", owner=admin)
    tender = {"subject": "contact", "key": "tender", "kind": "yes_no", "label_en": "Tender", "position": 1}
    CustomField.objects.create(**tender)
    sign_in(page, admin)

    page.goto("/settings/fields/contact/new/")
    page.click(".li:has-text('Text') >> nth=0")
    page.wait_for_selector("#id_label_en")
    assert axe(page) == []
    page.fill("#id_label_en", "Tender no.")
    page.click("button:text-is('Save')")
    page.wait_for_selector(".li-main:has-text('Tender no.')")
    _shot(page, "own-fields")
    assert axe(page) == []
    CustomField.objects.filter(key="tender_no").update(rules={"show": _IS_TENDER, "require": _IS_TENDER})

    page.goto(ann.get_absolute_url())
    assert page.locator("#cf_tender_no").count() == 0
    page.click("#cf_tender a")
    page.select_option("#id_cf_tender", "true")
    watch.paused = True  # the browser writes every 422 to its console
    page.click("#cf_tender button:text-is('Save')")
    page.wait_for_selector("#cf_tender .field-error:has-text('Fill in “Tender no.”')")
    _shot(page, "own-field-refused")
    watch.paused = False

    page.goto(f"{ann.get_absolute_url()}edit/")
    page.wait_for_selector("#id_cf_tender")
    assert page.locator("#id_cf_tender_no").count() == 0
    page.select_option("#id_cf_tender", "true")
    page.fill("#id_cf_tender_no", "T-77")
    _shot(page, "own-fields-form")
    assert axe(page) == []
    page.click("button:text-is('Save')")
    page.wait_for_selector("#cf_tender_no:has-text('T-77')")
    _shot(page, "own-fields-page")
    ann.refresh_from_db()
    assert ann.custom == {"tender": True, "tender_no": "T-77"}
    watch.assert_clean()
