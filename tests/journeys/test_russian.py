"""The shorter way in Russian: a contact, a note, a ticket, an answer, a figure."""

import re

import pytest

from contacts.models import Contact
from tickets.models import Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey]
# Words of the interface that must not be left in English; names and codes are data.
ENGLISH = re.compile(r"\b(Save|Cancel|Contacts|Tickets|Deals|New|Owner|Today|Search|Settings|Nothing|the|and|of)\b")

_SHOWN = """() => {
    const copy = document.querySelector("main").cloneNode(true);
    copy.querySelectorAll("[name=time_zone]").forEach((zones) => zones.remove());
    document.body.append(copy);
    const text = copy.innerText;
    copy.remove();
    return text;
}"""


def _in_russian(page):
    """No English word of the interface on the page. Time zones are data: New York."""
    return ENGLISH.findall(page.evaluate(_SHOWN))


def test_the_thread_is_walked_in_russian(new_page, sign_in, watch, axe, workspace, admin):
    admin.language, admin.name = "ru", "Анна Ким"
    admin.save()
    page = new_page(locale="ru")
    sign_in(page, admin)

    page.goto("/contacts/new/")
    assert _in_russian(page) == []
    page.fill("[name=first_name]", "Ирина")
    page.fill("[name=last_name]", "Соколова")
    page.fill("[name=email]", "irina@client.example")
    page.fill("[name=company]", "Пивоварня «Волна»")
    page.click("main form button.btn-primary")
    page.wait_for_selector("h1:text-is('Ирина Соколова')")
    page.wait_for_load_state("networkidle")
    assert _in_russian(page) == []
    assert axe(page) == []

    page.fill("#talk-text", "Просит сроки поверки письменно.")
    page.click("#composer button[type=submit]")
    page.wait_for_selector("#timeline >> text=Просит сроки поверки письменно.")
    assert page.inner_text("#timeline .tl-item >> nth=0").startswith("Анна Ким: заметка")

    page.goto("/tickets/new/")
    page.fill("[name=email]", "irina@client.example")
    page.fill("[name=subject]", "Ноль после промывки")
    page.fill("[name=text]", "Помогите, пожалуйста.")
    page.click("main form button.btn-primary")
    page.wait_for_selector("text=Ноль после промывки")
    ticket = Ticket.objects.get()
    assert ticket.requester == Contact.objects.get()
    assert _in_russian(page) == []
    assert axe(page) == []
    page.fill("#answer", "Заполните трубу продуктом.")
    page.select_option("select[name=status]", "pending")
    page.click("button:has-text('Отправить')")
    page.wait_for_selector(".msg.out >> text=Заполните трубу продуктом.")
    page.wait_for_selector("text=Ждём клиента")

    page.goto("/kpi/handling_time/")
    assert page.inner_text("h1") == "Скорость обработки обращений"
    assert _in_russian(page) == []
    watch.assert_clean()
