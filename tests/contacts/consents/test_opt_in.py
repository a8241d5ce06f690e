"""Double opt-in: a look confirms nothing, the button once."""

from django.test import Client

from contacts import tasks
from contacts.models import Consent, ConsentRequest
from contacts.services import opt_in
from crm.mail import send_due
from crm.models import Delivery


# Double opt-in
def ask(ann, **fields):
    given = {
        "topic": "tips",
        "law": "gdpr",
        "language": "en",
        "text": "I agree.",
        "version": None,
        "shown": "[x] I agree.",
    }
    return opt_in.ask(ann, ann.email, **(given | {"source": "/g/tips", "address": "192.0.2.7"} | fields))


def confirm_path():
    text = Delivery.objects.get(purpose="contacts.opt_in").text
    return "/confirm/" + text.partition("/confirm/")[2].split()[0]


def test_a_look_confirms_nothing_and_the_button_once(ann, topics, smtp):
    row = ask(ann)
    path, world = confirm_path(), Client(enforce_csrf_checks=True)
    send_due()
    assert [letter.to for letter in smtp.letters] == [["ann@example.com"]]

    assert (world.get(path).status_code, world.head(path).status_code) == (200, 200)
    assert not Consent.objects.exists()
    for _again in range(2):
        assert Client(enforce_csrf_checks=True).post(path).status_code == 200

    found = Consent.objects.get()
    assert (found.way, found.is_given, found.topic, found.point, found.address) == (
        "confirmed", True, "tips", "ann@example.com", "127.0.0.1",
    )  # fmt: skip
    assert "Asked " in found.shown
    assert "192.0.2.7" in found.shown
    row.refresh_from_db()
    assert row.confirmed_at is not None
    assert path.strip("/").rpartition("/")[2] not in row.token_hash


def test_an_address_gets_one_letter_an_hour_whoever_asks(ann, topics, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    assert ask(ann)
    assert ask(ann, topic="offers") is None
    time_machine.move_to("2026-11-02 10:00:00+00:00", tick=False)
    assert ask(ann)

    assert Delivery.objects.filter(purpose="contacts.opt_in").count() == 2


def test_a_link_ends_after_a_week_and_a_guessed_one_is_none(ann, topics, time_machine):
    time_machine.move_to("2026-11-02 09:00:00+00:00", tick=False)
    ask(ann)
    path = confirm_path()
    time_machine.move_to("2026-11-09 09:00:01+00:00", tick=False)

    for url in (path, "/confirm/guessed/"):
        assert (Client().get(url).status_code, Client().post(url).status_code) == (410, 410)
    assert not Consent.objects.exists()
    time_machine.move_to("2026-12-03 09:00:00+00:00", tick=False)
    tasks.check_consents()
    assert not ConsentRequest.objects.exists()


def test_the_letter_to_confirm_speaks_the_language_of_the_page(ann, topics):
    ask(ann, language="ru")

    letter = Delivery.objects.get(purpose="contacts.opt_in")
    assert letter.subject.startswith("Подтвердите")
    assert "Советы" in letter.text
    assert letter.headers == {"Auto-Submitted": "auto-generated"}
