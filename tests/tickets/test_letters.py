"""Received letters: kept as they came, parked when they break us, held when too many strangers write, shown safely."""

import base64
import gzip
import sys

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact
from contacts.services import people
from crm.models import Notification, StoredFile
from tests.crm.test_outside import Canary, canary, open_canary  # noqa: F401  fixtures
from tests.tickets.raw_letters import letter
from tickets.models import DeskSettings, InboundMail, Ticket
from tickets.services.inbound import ledger, take
from tickets.services.inbound.take import take_again
from tickets.tasks import sweep_letters, take_abandoned

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("support")]
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def html_letter(html, *parts, id="<1@example.com>"):
    parts = [f"Content-Type: text/html; charset=utf-8\r\n\r\n{html}", *parts]
    body = "".join(f"--x\r\n{part}\r\n" for part in parts) + "--x--\r\n"
    return letter(body, Content_Type='multipart/related; boundary="x"', id=id)


def picture(cid="<pic@x>", name="logo.png", content=PNG, kind="image/png"):
    data = base64.b64encode(content).decode()
    return (
        f"Content-Type: {kind}; name={name}\r\nContent-ID: {cid}\r\nContent-Disposition: inline\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{data}"
    )


def poison(number=1, depth=1000):
    """A letter of parts in parts in parts: Python's own reader gives up on it."""
    opens = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth))
    head, _gap, _body = letter(id=f"<poison{number}@example.com>").partition(b"\r\n\r\n")
    return head + b"\r\n" + opens.encode() + f"Content-Type: text/plain\r\n\r\nHelp {number}".encode()


@pytest.fixture
def mend():
    """Makes the reader as deep as it takes; deep recursion is what the poison needs."""
    before = sys.getrecursionlimit()
    yield lambda: sys.setrecursionlimit(20_000)
    sys.setrecursionlimit(before)


@pytest.mark.parametrize("charset", ["undefined", "idna", "unicode_escape", "zlib", "utf-16", "x-unknown", "cp-850"])
def test_no_name_of_a_charset_breaks_the_reading(charset):
    raw = letter(
        "\\ud800 Help \\x00 <img src='https://a.example/\\ud800'>", Content_Type=f"text/html; charset={charset}"
    )

    assert take(raw).outcome == "created"


def test_the_original_is_kept_packed_and_comes_down_as_it_was(client, alice, admin, mallory):
    raw = letter()
    ticket = take(raw).ticket
    Ticket.objects.update(owner=alice, team=alice.team)
    message = ticket.messages.get()

    row = InboundMail.objects.get()
    with row.raw.content.open("rb") as packed:
        assert gzip.decompress(packed.read()) == raw
    for user, path, code in [
        (alice, reverse("tickets:message_raw", args=[ticket.pk, message.pk]), 200),
        (mallory, reverse("tickets:message_raw", args=[ticket.pk, message.pk]), 404),
        (admin, reverse("tickets:letter_raw", args=[row.pk]), 200),
        (alice, reverse("tickets:letter_raw", args=[row.pk]), 403),
        (alice, row.raw.get_absolute_url(), 404),
    ]:
        client.force_login(user)
        answer = client.get(path)
        assert answer.status_code == code
        if code == 200:
            assert answer.content == raw
            assert answer.headers["Content-Disposition"] == f'attachment; filename="letter-{row.pk}.eml"'
            assert answer.headers["Content-Type"] == "application/octet-stream"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_originals_go_after_their_time_and_those_that_wait_stay(time_machine):
    time_machine.move_to("2026-01-01 12:00:00+00:00")
    take(letter())
    take(letter(id="<2@example.com>"))
    InboundMail.objects.filter(message_id="<2@example.com>").update(outcome="held")
    time_machine.move_to("2026-06-29 12:00:00+00:00")
    sweep_letters()
    assert InboundMail.objects.filter(raw=None).count() == 0

    time_machine.move_to("2026-07-01 12:00:00+00:00")
    sweep_letters()

    assert InboundMail.objects.get(raw=None).message_id == "<1@example.com>"
    assert StoredFile.objects.count() == 1
    assert Ticket.objects.count() == 2


def test_zero_days_keeps_originals_for_ever(time_machine):
    DeskSettings(raw_days=0).save()
    time_machine.move_to("2020-01-01 12:00:00+00:00")
    take(letter())
    time_machine.move_to("2026-07-01 12:00:00+00:00")

    assert ledger.sweep() == 0
    assert StoredFile.objects.count() == 1


def test_e25_a_letter_that_breaks_us_is_parked_and_taken_when_mended(mend, client, admin):
    verdict = take(poison())
    row = InboundMail.objects.get()
    assert (verdict.outcome, row.outcome, row.reason[:14]) == ("failed", "failed", "RecursionError")
    assert (Ticket.objects.count(), Contact.objects.count()) == (0, 0)
    assert take(poison()).outcome == "duplicate"

    mend()
    client.force_login(admin)
    answer = client.post(reverse("tickets:letter_take", args=[row.pk]))

    ticket = Ticket.objects.get()
    assert answer.url == ticket.get_absolute_url()
    row.refresh_from_db()
    assert (row.outcome, row.ticket, row.attempts) == ("created", ticket, 2)


def test_whoever_leads_the_desk_learns_once_an_hour_that_letters_wait(admin):
    take(poison(1))
    take(poison(2))

    assert Notification.objects.get(kind="mail.waiting").user == admin


def test_a_letter_taken_twice_again_is_there_once(mend):
    take(poison())
    mend()
    row = InboundMail.objects.get()

    first, second = take_again(row), take_again(row)

    assert (first.outcome, second.outcome, Ticket.objects.count()) == ("created", "duplicate", 1)


def test_a_letter_whose_worker_died_is_taken_by_the_sweep(support, time_machine):
    row, _new = ledger.enter(letter(), message_id="<1@example.com>", mailbox=support)
    take_abandoned()
    assert not Ticket.objects.exists()

    time_machine.move_to(timezone.now() + ledger.ABANDONED * 2)
    take_abandoned()
    take_abandoned()

    row.refresh_from_db()
    assert (row.outcome, Ticket.objects.count()) == ("created", 1)


def test_e2_the_same_id_over_other_words_is_another_letter():
    take(letter("First words."))

    second = take(letter("Other words."))

    assert (second.outcome, Ticket.objects.count()) == ("created", 2)
    assert second.reason == "another letter carries the same id"


def test_e28_a_flood_of_strangers_makes_no_more_contacts_than_allowed(client, admin, time_machine):
    DeskSettings(new_contacts=3).save()
    time_machine.move_to("2026-11-24 12:00:00+00:00", tick=False)
    people.create_contact(by=admin, first_name="Known", email="known@example.com")

    outcomes = [take(letter(sender=f"s{n}@flood.example", id=f"<{n}@flood>")).outcome for n in range(6)]
    known = take(letter(sender="known@example.com", id="<k@example.com>"))

    assert outcomes == ["created"] * 3 + ["held"] * 3
    assert (known.outcome, Contact.objects.count()) == ("created", 4)

    time_machine.move_to("2026-11-24 13:30:00+00:00", tick=False)
    assert take(letter(sender="late@flood.example", id="<late@flood>")).outcome == "created"
    client.force_login(admin)
    client.post(reverse("tickets:letters_take"))
    assert not InboundMail.objects.waiting().exists()
    assert (Contact.objects.count(), Ticket.objects.count()) == (8, 8)


def test_no_limit_lets_everybody_in():
    DeskSettings(new_contacts=0).save()

    outcomes = {take(letter(sender=f"s{n}@example.com", id=f"<{n}@x>")).outcome for n in range(70)}

    assert outcomes == {"created"}


def test_a_letter_put_aside_waits_no_more(client, admin):
    DeskSettings(new_contacts=1).save()
    take(letter())
    take(letter(sender="b@example.com", id="<2@example.com>"))
    client.force_login(admin)

    client.post(reverse("tickets:letter_dismiss", args=[InboundMail.objects.get(outcome="held").pk]))

    assert not InboundMail.objects.waiting().exists()
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize("show", ["", "waiting"])
def test_the_page_of_letters_costs_the_same_however_many(client, admin, django_assert_max_num_queries, show):
    DeskSettings(new_contacts=1).save()
    for n in range(12):
        take(letter(sender=f"s{n}@example.com", id=f"<{n}@x>"))
    client.force_login(admin)

    with django_assert_max_num_queries(14):
        answer = client.get(reverse("tickets:letters"), {"show": show})

    assert answer.content.decode().count("data-row>") == (11 if show else 12)


def shown(client, ticket):
    message = ticket.messages.get(direction="in")
    answer = client.get(reverse("tickets:message", args=[ticket.pk, message.pk]))
    return answer.content.decode().partition("<body>")[2], answer


def test_e20_pictures_that_came_along_are_shown_and_never_by_another_name(client, admin):
    ticket = take(
        html_letter(
            '<p>See <img src="cid:pic@x" alt="the pipe"> <img src="cid:other"> <img src="CID:svg@x"></p>',
            picture(),
            picture("<svg@x>", "a.png", b"<svg onload=alert(1)>"),
        )
    ).ticket
    client.force_login(admin)

    body, answer = shown(client, ticket)

    assert f'src="data:image/png;base64,{base64.b64encode(PNG).decode()}"' in body
    assert body.count("<img") == 1
    assert "svg" not in body
    assert "img-src data:;" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_e21_a14_pictures_elsewhere_are_fetched_only_when_asked_for(client, admin, open_canary, canary):  # noqa: F811
    html = f'<p>Hi</p><img src="{open_canary}/ok" width=1><img src="{open_canary}/big"><img src="http://127.0.0.1:{canary.server_port}/ok">'
    ticket = take(html_letter(html)).ticket
    client.force_login(admin)
    page = client.get(ticket.get_absolute_url()).content.decode()
    body, _answer = shown(client, ticket)
    assert Canary.asked == []
    assert "<img" not in body
    assert "localhost" not in body
    assert "3 pictures lie elsewhere" in page

    message = ticket.messages.get()
    client.post(reverse("tickets:pictures", args=[ticket.pk, message.pk]))

    body, _answer = shown(client, ticket)
    assert sorted(Canary.asked) == ["/big", "/ok"]
    assert body.count('<img src="data:image/png;base64,') == 1
    assert "localhost" not in body
    assert "127.0.0.1" not in body
    client.post(reverse("tickets:pictures", args=[ticket.pk, message.pk]))
    assert Canary.asked.count("/ok") == 1


def test_e21_a27_what_calls_itself_a_picture_and_is_none_is_not_kept(client, admin, open_canary, monkeypatch):  # noqa: F811
    monkeypatch.setitem(Canary.answers, "/evil", (200, {"Content-Type": "image/png"}, b"<svg onload=alert(1)>"))
    ticket = take(html_letter(f'<img src="{open_canary}/evil">')).ticket
    client.force_login(admin)

    client.post(reverse("tickets:pictures", args=[ticket.pk, ticket.messages.get().pk]))

    assert not StoredFile.objects.exclude(kind="letter").exists()


def test_files_stand_at_the_message_they_came_with(client, admin, mallory):
    part = 'Content-Disposition: attachment; filename="{}"\r\n\r\nDATA'
    ticket = take(html_letter("<p>One</p>", part.format("first.txt"))).ticket
    take(
        html_letter("<p>Two</p>", part.format("second.txt"), id="<2@example.com>").replace(
            b"Subject: Zero after cleaning", f"Subject: Re: Zero [#{ticket.number}]".encode()
        )
    )
    client.force_login(admin)

    page = client.get(ticket.get_absolute_url()).content.decode()

    first, second = ticket.messages.order_by("pk")
    place = [page.index(text) for text in (f"message-{first.pk}", "first.txt", f"message-{second.pk}", "second.txt")]
    assert place == sorted(place)
    assert page.count("first.txt") == 1
    client.force_login(mallory)
    assert client.get(StoredFile.objects.get(name="first.txt").get_absolute_url()).status_code == 404


def test_d25_a_letter_opens_though_the_store_has_lost_its_files(client, admin):
    ticket = take(html_letter('<p>Hi <img src="cid:pic@x"></p>', picture())).ticket
    message, files = ticket.messages.get(), list(StoredFile.objects.all())
    for file in files:
        file.content.storage.delete(file.content.name)
    client.force_login(admin)

    assert client.get(ticket.get_absolute_url()).status_code == 200
    body, answer = shown(client, ticket)
    assert (answer.status_code, "<p>Hi </p>" in body) == (200, True)
    assert client.get(reverse("tickets:message_raw", args=[ticket.pk, message.pk])).status_code == 404
    lost = client.get(next(file for file in files if file.kind == "inline").get_absolute_url())
    assert lost.status_code == 404
    assert "“logo.png” is not in the store" in lost.content.decode()
