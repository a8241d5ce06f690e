"""Duplicates in a real browser: warned of while typing, found at night, decided side by side, parted again."""

import os

import pytest

from contacts.models import Contact, ContactPair, ContactPoint, Task
from contacts.services import people
from crm import jobs, outbox
from tests.journeys.conftest import PHONE
from tests.journeys.test_russian import _in_russian

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey]
SHOTS = os.environ.get("SHOTS", "")
DESK = "/contacts/duplicates/?view=open"


def _shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def _night(admin):
    """The search of the night, done by this process."""
    jobs.start("contacts.duplicates", by=admin, params={"quiet": True})
    outbox.run_due()


def _rows(*keys):
    """What the database holds of people and what is theirs."""
    return [
        list(model.objects.filter(**{f"{link}__in": keys}).order_by("pk").values())
        for model, link in ((Contact, "pk"), (ContactPoint, "contact"), (Task, "contact"))
    ]


def test_a_double_is_warned_of_found_at_night_merged_and_parted_again(
    page, new_page, sign_in, watch, axe, workspace, admin
):
    known = people.create_contact(
        by=admin, first_name="Katherine", last_name="Lindqvist", email="kate@works.example", city="Bonn"
    )
    Task.objects.create(title="Call back", contact=known, owner=admin)
    doubles = [("Walter", "Vogt", "+49 30 55501192"), ("Rosa", "Winter", "+49 30 55501193"), ("Igor", "Belov", "+49 30 55501194")]  # fmt: skip
    for first, last, phone in doubles * 2:
        people.create_contact(by=admin, first_name=first, last_name=last, phone=phone)
    sign_in(page, admin)

    _typed_all_the_same(page, axe, watch)
    added = Contact.objects.get(first_name="Kathrine")
    _night(admin)
    page.goto(DESK)
    assert page.locator("#list tbody tr").count() == 4
    assert axe(page) == []
    _shot(page, "desk")

    before = _rows(known.pk, added.pk)
    _decided_side_by_side(page, axe)
    kept = Contact.objects.get(last_name="Lindqvist")
    assert (kept.pk, kept.first_name, kept.city) == (known.pk, "Katherine", "Berlin")

    # The next pair is offered by itself; then the rest at once.
    page.keyboard.press("n")
    page.wait_for_selector(".toast-x:has-text('not offered again')")
    assert ContactPair.objects.filter(state="never").count() == 1
    page.goto(DESK)
    for box in page.locator("#list tbody input[type=checkbox]").all():
        box.check()
    page.locator("[data-bulk]").get_by_role("button", name="Merge").click()
    page.wait_for_selector("h3:has-text('All decided')")
    _shot(page, "many")
    assert Contact.objects.count() == 5

    page.goto(known.get_absolute_url())
    page.click("a:has-text('Kathrine Lindqvist')")
    _shot(page, "merge")
    page.get_by_role("button", name="Part them again").click()
    page.wait_for_selector("text=Both are as they were.")
    assert _rows(known.pk, added.pk) == before

    _seen_in_russian(new_page, sign_in, axe, admin)
    watch.assert_clean()


def _typed_all_the_same(page, axe, watch):
    """Warned while typing, stopped at saving; whoever means it saves all the same."""
    page.goto("/contacts/new/")
    page.fill("[name=first_name]", "Kathrine")
    page.fill("[name=last_name]", "Lindqvist")
    page.fill("[name=email]", "kate@works.example")
    page.fill("[name=city]", "Berlin")
    page.wait_for_selector("main form .note-x:has-text('Is it one of these?'):has-text('same email')")
    assert axe(page) == []
    _shot(page, "typing")
    # The browser notes a refusal in the console; it is meant.
    watch.paused = True
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        page.get_by_role("button", name="Create", exact=True).click()
    assert answer.value.status == 422
    page.wait_for_selector("button:has-text('Create all the same')")
    watch.paused = False
    _shot(page, "saving")
    page.get_by_role("button", name="Create all the same").click()
    page.wait_for_selector("h1:has-text('Kathrine Lindqvist')")


def _decided_side_by_side(page, axe):
    page.click("#list a.name:has-text('Kathrine')")
    page.check("[name=choose-first_name][value=kept]")
    page.check("[name=choose-city][value=gone]")
    assert axe(page) == []
    _shot(page, "side-by-side")
    page.keyboard.press("m")
    page.wait_for_selector(".toast-x:has-text('is merged into')")
    page.wait_for_selector("h1:has-text('One or two?')")


def _seen_in_russian(new_page, sign_in, axe, admin):
    admin.language, admin.name = "ru", "Анна Ким"
    admin.save()
    people.create_contact(by=admin, first_name="Ирина", last_name="Соколова", email="irina@client.example")
    people.create_contact(by=admin, first_name="Irina", last_name="Sokolova", email="irina@client.example")
    _night(admin)
    page = new_page(viewport=PHONE, theme="dark", locale="ru")
    sign_in(page, admin)
    page.goto(DESK)
    assert _in_russian(page) == []
    assert axe(page) == []
    _shot(page, "desk-ru")
    page.click("#list a:has-text('Соколова')")
    page.wait_for_selector("h1:has-text('?')")
    assert _in_russian(page) == []
    assert axe(page) == []
    _shot(page, "side-by-side-ru")
    page.get_by_role("button", name="Объединить").click()
    page.wait_for_selector(".toast-x")
    assert Contact.objects.filter(email="irina@client.example").count() == 1
