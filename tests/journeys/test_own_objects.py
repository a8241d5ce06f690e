"""A kind of record is defined in the settings, a record is made and linked to a person, people are filtered by it."""

import os

import pytest

from contacts.models import ContactLink
from crm.models import ObjectKind, ObjectRecord
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("SHOTS", "")


def _shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def test_a_kind_is_defined_filled_linked_and_filtered_by(page, sign_in, watch, axe, workspace, admin):
    ann = factories.contact("Ann", "Lee", owner=admin)
    factories.contact("Bea", "Ost", owner=admin)
    sign_in(page, admin)
    _define(page, axe)

    page.click("a:has-text('Open the list')")
    page.click("a:has-text('New record') >> nth=0")
    page.fill("#id_title", "Lease 7")
    page.fill("#id_cf_signed_on", "2026-03-01")
    assert axe(page) == []
    page.click("button:text-is('Save')")
    page.wait_for_selector("h1:has-text('Lease 7')")
    page.wait_for_selector(".sect h2:has-text('Customer')")

    page.click(".sect:has(h2:text-is('Customer')) summary")
    box = page.locator(".sect:has(h2:text-is('Customer')) input.form-control")
    box.fill("Ann")
    page.wait_for_selector("datalist option[value^='Lee Ann'], datalist option[value^='Ann Lee']", state="attached")
    box.fill(f"Ann Lee #{ann.pk}")
    page.click(".sect:has(h2:text-is('Customer')) button:text-is('Link')")
    page.wait_for_selector(".sect:has(h2:text-is('Customer')) a:has-text('Ann')")
    _shot(page, "own-object")
    assert axe(page) == []

    page.goto(ann.get_absolute_url())
    page.wait_for_selector(".sect:has(h2:text-is('Contracts')) a:has-text('Lease 7')")
    _shot(page, "own-object-on-contact")

    record, tie = ObjectRecord.objects.get(), ContactLink.objects.get()
    assert (tie.record, tie.target, record.custom) == (record, ann, {"signed_on": "2026-03-01"})
    page.goto(f'/contacts/?f={{"all":[{{"has":"back_{tie.relation_id}"}}]}}')
    page.wait_for_selector("#list a:has-text('Ann')")
    assert page.locator("#list a:has-text('Bea')").count() == 0
    _shot(page, "own-object-filter")
    watch.assert_clean()


def _define(page, axe):
    page.goto("/settings/objects/new/")
    page.fill("#id_name_en", "Contract")
    page.fill("#id_plural_en", "Contracts")
    page.click(".icon-pick[title='file-text']")
    assert axe(page) == []
    page.click("button:text-is('Save')")
    page.click("a:has-text('New field')")
    page.click(".li:has-text('Date') >> nth=0")
    page.fill("#id_label_en", "Signed on")
    page.click("button:text-is('Save')")
    page.wait_for_selector(".li-main:has-text('Signed on')")
    page.goto(f"/settings/objects/{ObjectKind.objects.get().pk}/relations/new/")
    page.select_option("#id_target", "contact")
    page.fill("#id_label_en", "Customer")
    page.click("button:text-is('Save')")
    page.wait_for_selector(".li-main:has-text('Customer')")
    _shot(page, "own-objects-kind")
    assert axe(page) == []
