"""An officer packs the copy of a person, then erases them, and holds the certificate in hand."""

import json
import zipfile

import pytest

from contacts.models import Contact, Erasure
from contacts.services import people
from crm import outbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey]


def test_a_person_gets_a_copy_and_is_erased(new_page, sign_in, axe, watch, workspace, admin, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    ann = people.create_contact(by=admin, first_name="Ann", last_name="Lee", email="ann@example.com")
    people.log_talk(ann, "note", "She likes blue pumps", by=admin)
    page = new_page()
    sign_in(page, admin)

    page.goto(ann.get_absolute_url())
    page.click("summary[aria-label=More]")
    page.click(".menu-item:has-text('Personal data')")
    assert axe(page) == []
    page.click("button:has-text('Pack the copy')")
    page.wait_for_selector(".job")
    outbox.run_due()
    page.reload()
    with page.expect_download() as loading:
        page.click("a.btn-primary:has-text('.zip')")
    with zipfile.ZipFile(loading.value.path()) as archive:
        archive.extractall(tmp_path / "copy")
    reader = new_page()
    reader.goto((tmp_path / "copy/index.html").as_uri())
    assert "blue pumps" in reader.inner_text("body")
    assert reader.evaluate("getComputedStyle(document.querySelector('dl')).display") == "grid"

    page.goto(ann.get_absolute_url())
    page.click("summary[aria-label=More]")
    page.click(".menu-item:has-text('Personal data')")
    page.click("a:has-text('Asked to be erased')")
    page.click("button:has-text('Note it')")
    page.click("button:has-text('See what will go, and erase')")
    page.wait_for_selector(".job")
    assert axe(page) == []
    outbox.run_due()
    page.reload()
    assert axe(page) == []
    page.fill("#id_name", "Ann Lee")
    page.click("button:has-text('Erase for good')")
    page.wait_for_selector(".job")
    outbox.run_due()
    page.reload()
    page.click("a.btn:has-text('Certificate')")
    assert "The seal is unbroken" in page.inner_text("main")
    with page.expect_download() as loading:
        page.click("a:has-text('Download')")
    said = json.loads(loading.value.path().read_text())
    assert (said["digest"], said["counts"]["contacts.contact"]) == (Erasure.objects.get().digest, {"erased": 1})
    assert not Contact.objects.exists()
    watch.assert_clean()
