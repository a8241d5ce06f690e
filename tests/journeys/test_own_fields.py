"""A field is defined in the settings, filled in on a page, and a rule shows another one without a reload."""

import os

import pytest

from crm.models import CustomField
from tests import factories
from tests.journeys.conftest import PHONE

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


def test_two_people_fill_in_the_form_of_one_person(page, new_page, sign_in, watch, axe, workspace, admin, alice):
    CustomField.objects.create(subject="contact", key="badge", kind="text", label_en="Badge")
    CustomField.objects.create(subject="contact", key="notes", kind="long", label_en="Remarks", position=1)
    ann = factories.contact("Ann", "Lee", owner=alice, city="Bonn", custom={"badge": "A", "notes": "One\nTwo"})
    sign_in(page, admin)
    other = new_page(viewport=PHONE)
    sign_in(other, alice)
    page.goto(f"{ann.get_absolute_url()}edit/")
    other.goto(f"{ann.get_absolute_url()}edit/")

    other.fill("#id_city", "Berlin")
    other.fill("#id_cf_badge", "B")
    other.click("button:text-is('Save')")
    other.wait_for_url(f"**{ann.get_absolute_url()}")
    page.fill("#id_job_title", "Head of purchasing")
    page.fill("#id_cf_badge", "C")
    watch.paused = True  # the browser writes every 422 to its console
    page.click("button:text-is('Save')")
    page.wait_for_selector(".note-x:has-text('What somebody else saved meanwhile')")
    watch.paused = False

    assert page.locator(".note-x dl").inner_text().split() == ["Badge", "B"]
    boxes = ("city", "job_title", "cf_badge")
    assert [page.input_value(f"#id_{box}") for box in boxes] == ["Berlin", "Head of purchasing", "C"]
    _shot(page, "two-people")
    assert axe(page) == []
    page.click("button:text-is('Save')")
    page.wait_for_url(f"**{ann.get_absolute_url()}")
    ann.refresh_from_db()
    assert (ann.city, ann.job_title) == ("Berlin", "Head of purchasing")
    assert ann.custom == {"badge": "C", "notes": "One\nTwo"}
    watch.assert_clean()
