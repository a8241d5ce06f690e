"""A letter reaches the ticket it belongs to, once, whoever takes it and however often; nobody else's."""

import base64
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.urls import reverse

from contacts.services import people
from crm.mail import queue_mail, send_due
from crm.mail.incoming import parse as parsing
from crm.models import Delivery, StoredFile
from crm.notify import notify
from tests.tickets.raw_letters import letter
from tests.tickets.test_letter_parts import PNG, parts_of
from tickets.models import InboundMail, Ticket, TicketMessage
from tickets.services import desk
from tickets.services.inbound import take

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("support")]


@pytest.mark.django_db(transaction=True)
def test_e1_two_workers_with_the_same_letter_make_one_message(support):
    start, verdicts = Barrier(2), []

    def work():
        start.wait()
        try:
            verdicts.append(take(letter(), mailbox=support).outcome)
        finally:
            connection.close()

    workers = [Thread(target=work) for _n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(verdicts) == ["created", "duplicate"]
    assert (Ticket.objects.count(), TicketMessage.objects.count(), InboundMail.objects.count()) == (1, 1, 1)
    assert StoredFile.objects.filter(kind="letter").count() == 1


def test_e4_the_rightmost_reference_wins_and_the_other_ticket_is_named(admin):
    first = take(letter()).ticket
    second = take(letter(id="<2@example.com>", subject="Another")).ticket
    ours = desk.reply(first, "Fill it.", by=admin)

    verdict = take(letter(id="<3@example.com>", References=f"{ours.message_id} <1@example.com> <2@example.com>"))

    assert verdict.ticket == second
    assert second.messages.get(direction="note").text == f"The letter also names {first.label}."


def test_e4_references_cost_the_same_however_many(django_assert_max_num_queries):
    ticket = take(letter()).ticket
    many = "<1@example.com> " + " ".join(f"<x{n}@example.com>" for n in range(45))

    with django_assert_max_num_queries(40):
        verdict = take(letter(id="<2@example.com>", References=many))

    assert verdict.ticket == ticket


def test_e6_the_id_of_a_notification_and_an_agents_address_post_nothing_as_the_agent(alice):
    ticket = take(letter()).ticket
    desk.assign(ticket, alice, by=None)
    notify(alice, "ticket.answered", "Ann wrote", ticket.get_absolute_url(), key="1")
    told = queue_mail(to=alice.email, subject="Ann wrote", text="x", purpose="crm.notification")

    verdict = take(letter(id="<9@evil.example>", sender=alice.email, In_Reply_To=told.message_id))

    assert verdict.outcome == "created"
    assert verdict.ticket != ticket
    message = verdict.ticket.messages.get()
    assert (message.direction, message.author) == ("in", None)
    assert ticket.messages.count() == 1


def test_e14_an_autoresponder_that_hides_its_nature_gets_two_letters_at_most(admin, smtp):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@example.com")
    ticket = desk.open_ticket(subject="Zero", requester=ann, owner=admin, by=admin)
    desk.receive(ticket, text="Help", message_id="<1@example.com>")
    desk.reply(ticket, "Fill it.", by=admin, status="resolved")

    answered = 0
    for turn in range(6):
        send_due()
        fresh, answered = smtp.to("ann@example.com")[answered:], len(smtp.to("ann@example.com"))
        for number, got in enumerate(fresh):
            away = letter("I am away.", id=f"<{turn}.{number}@auto>", subject=f"Re: {got.subject}",
                          In_Reply_To=got.message["Message-ID"])  # fmt: skip
            take(away)

    assert answered == 2
    assert Delivery.objects.exclude(to="ann@example.com").exclude(purpose="crm.notification").count() == 0


def photo(disposition, cid="<photo@x>"):
    head = f'Content-Type: image/png; name="photo.png"\r\nContent-ID: {cid}\r\nContent-Disposition: {disposition}'
    return f"{head}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode() + base64.b64encode(PNG)


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ('<p>See <img src="cid:photo@x"></p>', "inline"),
        ('<p>See <img src="CID:Photo@X"></p>', "inline"),
        ('<p>See <img src="photo@x"></p>', "inline"),
        ("<p>See the photo.</p>", "attachment"),
    ],
    ids=["cid", "capitals", "without-cid", "not-shown"],
)
def test_e20_a_picture_that_the_letter_does_not_show_is_a_file_of_it(html, kind):
    take(parts_of(b"Content-Type: text/html\r\n\r\n" + html.encode(), photo("inline"), kind="related"))

    assert StoredFile.objects.exclude(kind="letter").get().kind == kind


def test_e24_a_letter_cut_at_the_limit_says_so_and_keeps_no_half_file(monkeypatch):
    file = b'Content-Disposition: attachment; filename="%s"\r\n\r\nDATA'
    raw = parts_of(b"Content-Type: text/plain\r\n\r\nHi", file % b"whole.txt", file % b"half.txt")
    monkeypatch.setattr(parsing, "LARGEST", len(raw))

    ticket = take(raw).ticket

    assert [row.name for row in StoredFile.objects.exclude(kind="letter")] == ["whole.txt"]
    assert "too large and was cut" in ticket.messages.get(direction="note").text


def test_e25_files_past_the_limit_are_counted_in_a_note():
    file = b'Content-Disposition: attachment; filename="%d.txt"\r\n\r\nDATA'
    ticket = take(parts_of(b"Content-Type: text/plain\r\n\r\nHi", *(file % n for n in range(60)))).ticket

    assert StoredFile.objects.exclude(kind="letter").count() == 50
    assert ticket.messages.get(direction="note").text == "10 more parts of the letter stand only in its original."


def test_e29_what_no_database_takes_is_stored_and_found(client, admin):
    raw = letter("Pump \\x00 hums").replace(b"\\x00", b"\x00").replace(b"Zero after", b"Zero \xed\xa0\x80 after")
    ticket = take(raw).ticket
    client.force_login(admin)

    page = client.get(reverse("search"), {"q": "after cleaning"})

    assert ticket.messages.get().text == "Pump  hums"
    assert ticket.label in page.content.decode()


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [("eicar.txt", b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*", 200),
     ("page.html", b"<script>alert(1)</script>", 200), ("image.svg", b"<svg onload=alert(1)>", 200),
     ("invoice.pdf.exe", b"MZ", None)],
)  # fmt: skip
def test_e30_a_file_is_only_ever_a_download_and_no_program(client, admin, name, content, status):
    file = b'Content-Type: text/html\r\nContent-Disposition: attachment; filename="%s"\r\n\r\n' % name.encode()
    take(parts_of(b"Content-Type: text/plain\r\n\r\nHi", file + content))
    stored = StoredFile.objects.exclude(kind="letter").first()
    client.force_login(admin)

    if status is None:
        assert stored is None
        return
    answer = client.get(stored.get_absolute_url())
    assert answer.status_code == status
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
