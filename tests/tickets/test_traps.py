"""Traps of help desks, each with the case that others fell into."""

import pytest
from django.core import signing
from django.urls import reverse

from contacts.models import Contact
from contacts.services import people
from crm.mail.incoming.parse import parse
from crm.mail.incoming.quotes import fold
from crm.models import Delivery, Event
from tests.tickets.raw_letters import letter
from tickets.models import Article, Category, DeskSettings, Mailbox, Ticket
from tickets.services import articles, desk, surveys
from tickets.services.inbound import take

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("support")]


def test_e5_a_stranger_with_the_right_number_gets_a_new_ticket_that_points_to_the_other(client, admin, mallory):
    ticket = take(letter()).ticket

    verdict = take(letter(id="<2@x>", sender="eve@evil.example", subject=f"Re: [#{ticket.number}]"))

    assert (verdict.outcome, verdict.ticket.follows) == ("created", ticket)
    assert ticket.messages.count() == 1
    client.force_login(admin)
    assert str(ticket) in client.get(verdict.ticket.get_absolute_url()).content.decode()


def test_a_colleague_who_may_not_see_the_other_ticket_learns_nothing_of_it(client, mallory):
    ticket = take(letter(subject="Their secret")).ticket
    new = take(letter(id="<2@x>", sender="eve@evil.example", subject=f"Re: [#{ticket.number}]")).ticket
    Ticket.objects.filter(pk=new.pk).update(owner=mallory, team=mallory.team)
    client.force_login(mallory)

    page = client.get(new.get_absolute_url())

    assert page.status_code == 200
    assert "Their secret" not in page.content.decode()


def test_e8_a_new_subject_under_an_old_letter_is_a_new_ticket_that_continues_it(admin):
    ticket = take(letter()).ticket
    ours = desk.reply(ticket, "Done.", by=admin, status="resolved")

    other = take(letter(id="<2@x>", subject="Invoice 17", In_Reply_To=ours.message_id))
    same = take(letter(id="<3@x>", subject="AW: Zero after cleaning", In_Reply_To=ours.message_id))

    assert (other.outcome, other.ticket.follows) == ("created", ticket)
    assert (same.outcome, same.ticket) == ("added", ticket)


def test_e8_a_letter_to_a_closed_ticket_continues_it_in_a_new_one(admin):
    ticket = take(letter()).ticket
    ours = desk.reply(ticket, "Done.", by=admin, status="closed")

    verdict = take(letter(id="<2@x>", In_Reply_To=ours.message_id))

    assert (verdict.outcome, verdict.ticket.follows) == ("created", ticket)


def test_e9_a_letter_to_two_mailboxes_is_lost_in_neither(support):
    billing = Mailbox.objects.create(name="Billing", address="billing@halden.test")
    raw = letter(to="support@halden.test, billing@halden.test")

    outcomes = [take(raw, mailbox=box).outcome for box in (support, billing, support, billing)]

    assert outcomes == ["created", "created", "duplicate", "duplicate"]
    assert set(Ticket.objects.values_list("mailbox__name", flat=True)) == {"Halden Support", "Billing"}


@pytest.mark.parametrize(
    ("date", "received", "expected"),
    [
        ("Thu, 1 Jan 1970 00:00:00 +0000", "by mx.halden.test; Tue, 24 Nov 2026 11:00:00 +0000", "2026-11-24T11:00"),
        ("Thu, 1 Jan 2099 00:00:00 +0000", "by mx.halden.test; Tue, 24 Nov 2026 11:00:00 +0000", "2026-11-24T11:00"),
        ("Mon, 23 Nov 2026 09:00:00 +9999", None, "2026-11-24T12:00"),
        ("Wed, 1 Jan 2025 00:00:00 +0000", None, "2026-11-24T12:00"),
        ("Tue, 24 Nov 2026 10:00:00 +0000", "by mx.halden.test; Tue, 24 Nov 2099 11:00:00 +0000", "2026-11-24T12:00"),
        ("Tue, 24 Nov 2026 10:00:00 +0000", None, "2026-11-24T10:00"),
    ],
)
def test_e26_the_clock_starts_when_the_letter_arrived(time_machine, date, received, expected):
    time_machine.move_to("2026-11-24 12:00:00+00:00", tick=False)

    ticket = take(letter(Date=date, Received=received)).ticket

    assert ticket.created_at.isoformat().startswith(expected)


def test_e28_an_answer_address_and_many_in_copy_change_nothing_about_who_wrote():
    many = ", ".join(f"p{n}@example.com" for n in range(41))

    ticket = take(letter(Cc=many, Reply_To="eve@evil.example")).ticket

    assert ticket.requester.email == "ann@example.com"
    assert Contact.objects.count() == 1


INTROS = {
    "gmail": "On Mon, Nov 23, 2026 at 9:00 AM Halden Support <support@halden.test> wrote:",
    "gmail two lines": "On Mon, Nov 23, 2026 at 9:00 AM Halden Support\n<support@halden.test> wrote:",
    "apple": "On 23 Nov 2026, at 09:00, Halden Support <support@halden.test> wrote:",
    "thunderbird": "Am 23.11.26 um 09:00 schrieb Halden Support:",
    "yandex": '23.11.2026, 09:00, "Halden Support" <support@halden.test>:',
    "mail.ru": "Понедельник, 23 ноября 2026, 9:00 +03:00 от Halden Support <support@halden.test>:",
    "gmail ru": "ср, 30 апр. 2025 г. в 15:19, Halden Support <support@halden.test>:",
    "thunderbird ru": "23.11.2026 9:00, Halden Support пишет:",
}


@pytest.mark.parametrize("intro", INTROS.values(), ids=INTROS.keys())
def test_e23_the_copy_below_is_folded_with_its_introduction(intro):
    text = f"It works now.\n\nThank you!\n\n{intro}\n\n> Fill the pipe.\n>\n> -- \n> Alice\n"

    said, quoted = fold(text)

    assert said == "It works now.\n\nThank you!"
    assert quoted.startswith(intro)
    assert "Fill the pipe." in quoted


@pytest.mark.parametrize(
    "head",
    [
        "________________________________\nFrom: Halden Support <support@halden.test>\nSent: Monday\nTo: Ann\nSubject: Re: Zero",
        "-----Original Message-----\nFrom: Halden Support\nSent: Monday\nTo: Ann",
        "-----Исходное сообщение-----\nОт: Halden Support\nКому: Ann",
        "От: Halden Support <support@halden.test>\nОтправлено: понедельник\nКому: Ann\nТема: Re: Zero",
    ],
)
def test_e23_a_copy_that_is_not_marked_is_folded_too(head):
    said, quoted = fold(f"It works now.\n\n{head}\n\nFill the pipe.")

    assert said == "It works now."
    assert quoted.startswith(head)


@pytest.mark.parametrize(
    "text",
    [
        "> Did you fill it?\nYes.\n> And now?\nIt works.",
        "On Mon, 23 Nov 2026 at 09:00, Ann wrote:\n> Fill it.\n\nI did, and it leaks.",
        "> Only a quote",
        "Prices at 09:00 were:\nA 5\nB 6",
        "From: the pump\nI hear a noise.",
        "",
    ],
)
def test_e22_words_of_the_client_are_never_folded(text):
    said, quoted = fold(text)

    assert (said, quoted) == (text, "")


def test_e29_encrypted_signed_and_forwarded_letters_are_kept_as_files():
    body = (
        "--x\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n"
        "--x\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\nSIGNATURE\r\n"
        "--x\r\nContent-Type: text/calendar; name=invite.ics\r\n\r\nBEGIN:VCALENDAR\r\n"
        "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: Inner\r\n\r\nInner words\r\n--x--\r\n"
    )

    found = parse(letter(body, Content_Type='multipart/mixed; boundary="x"'))

    assert found.text == "See below."
    assert [file.name for file in found.files] == ["smime.p7s", "invite.ics", "Inner.eml"]
    assert b"Inner words" in found.files[2].content


@pytest.fixture
def shelf(workspace):
    """Publishes a Russian article with a title."""
    category = Category.objects.create(name="Общее", language="ru")

    def put(title, **fields):
        row = Article(category=category, language="ru", title=title, body="Текст", state="published", **fields)
        return articles.keep(row, by=None)

    return put


def titles(text):
    return [article.title for article in articles.find(Article.objects.published(), text)]


@pytest.mark.parametrize("text", ["счёт", "счет", "счета"])
def test_k1_forms_of_a_word_find_the_same_article(shelf, text):
    shelf("Где найти счёт")
    shelf("Как включить прибор")

    assert titles(text)[0] == "Где найти счёт"


def test_k2_a_negation_counts(shelf):
    shelf("Не работает вход")
    shelf("Как работает вход в систему")

    assert titles("не работает вход")[0] == "Не работает вход"
    assert titles("вход работает")[0] == "Как работает вход в систему"


@pytest.mark.parametrize(
    ("text", "title"),
    [("преинтер", "Принтер не печатает"), ("jgkfnf", "Оплата картой"), ("ghbynth", "Принтер не печатает")],
)
def test_k3_a_slip_and_the_wrong_keyboard_are_understood(shelf, text, title):
    shelf("Принтер не печатает")
    shelf("Оплата картой")

    assert title in titles(text)[:3]


@pytest.mark.parametrize("code", ["INV-2024/17", "1С", "error-500", "C++"])
def test_k4_a_code_is_found_as_it_is_written(shelf, code):
    shelf(f"Что значит {code}")
    for other in ("INV-2024/18", "1D", "error-501", "C", "INV 17", "500"):
        shelf(f"Что значит {other}")

    assert titles(code)[0] == f"Что значит {code}"


@pytest.fixture
def ticket(workspace, alice):
    ann = people.create_contact(by=alice, first_name="Ann", email="ann@example.com")
    ticket = desk.open_ticket(subject="Zero", requester=ann, owner=alice, by=alice)
    desk.receive(ticket, text="Help", message_id="<1@example.com>")
    return ticket


def asked():
    return Delivery.objects.filter(key__startswith="rating:").count()


def test_c1_a_link_that_scanners_open_votes_nothing_and_the_last_word_counts(client, ticket):
    link = reverse("help:rating", args=[signing.dumps([ticket.pk, 0], salt=surveys.SALT)])
    for score in (1, 5, 3):
        client.get(link, {"score": score})
    assert not ticket.ratings.exists()

    client.post(link, {"score": 2})
    client.post(link, {"score": 4})

    assert [rating.score for rating in ticket.ratings.all()] == [4]


def test_c2_solved_opened_and_solved_in_five_minutes_asks_once(ticket, alice):
    for status in ("resolved", "open", "resolved"):
        desk.set_status(ticket, status, by=alice)

    assert asked() == 1


def test_c2_after_the_quiet_days_a_new_solution_asks_again(ticket, alice, time_machine):
    desk.set_status(ticket, "resolved", by=alice)
    desk.set_status(ticket, "open", by=alice)
    Delivery.objects.update(created_at="2026-01-01T00:00Z")

    desk.set_status(ticket, "resolved", by=alice)

    assert asked() == 2


@pytest.mark.parametrize(
    ("setting", "by_person", "count"), [(True, True, 1), (False, True, 0), (True, False, 0), (False, False, 0)]
)
def test_c2_closing_what_was_never_solved_asks_as_the_desk_wants(ticket, alice, setting, by_person, count):
    DeskSettings(ask_on_close=setting).save()

    desk.set_status(ticket, "closed", by=alice if by_person else None)

    assert asked() == count


def test_c2_solved_and_then_closed_asks_once(ticket, alice):
    DeskSettings(quiet_days=0).save()
    desk.set_status(ticket, "resolved", by=alice)
    desk.set_status(ticket, "closed", by=alice)

    assert asked() == 1


def test_tags_are_trimmed_told_and_found(client, alice, ticket):
    client.force_login(alice)
    url = reverse("tickets:tag", args=[ticket.pk])

    client.post(url, {"new": "  Leak , leak,Pump 3,, "})
    client.post(url, {"keep": ["Leak"], "new": "warranty"})
    client.post(url, {"keep": ["Leak", "warranty"]})

    ticket.refresh_from_db()
    assert ticket.tags == ["Leak", "warranty"]
    told = Event.objects.filter(kind="ticket.tagged").order_by("id")
    assert [event.data["label"] for event in told] == ["+Leak, +Pump 3", "+warranty, −Pump 3"]
    page = client.get(ticket.get_absolute_url()).content.decode()
    address = page.partition('<a class="chip" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "Zero" in client.get(address).content.decode()
    ticket.tags = []
    ticket.save()
    assert "Zero" not in client.get(address).content.decode().partition("<tbody")[2]


@pytest.mark.parametrize(("who", "code"), [("carol", 403), ("mallory", 404)])
def test_who_may_not_change_a_ticket_tags_nothing(request, client, ticket, who, code):
    client.force_login(request.getfixturevalue(who))

    answer = client.post(reverse("tickets:tag", args=[ticket.pk]), {"new": "x"})

    ticket.refresh_from_db()
    assert (answer.status_code, ticket.tags) == (code, [])


def test_tags_of_tickets_one_may_not_see_are_not_offered(client, ticket, alice, mallory):
    Ticket.objects.update(tags=["their-secret-tag"])
    own = desk.open_ticket(subject="Mine", owner=mallory, by=mallory)
    client.force_login(mallory)

    assert "their-secret-tag" not in client.get(own.get_absolute_url()).content.decode()


def _conversation(ticket, alice, count):
    for n in range(count):
        desk.receive(ticket, text=f"Words {n}", html=f"<p>{n}</p>", message_id=f"<c{n}@example.com>")
        desk.note(ticket, f"Note {n}", by=alice)


@pytest.mark.parametrize("count", [2, 100])
def test_a_ticket_costs_the_same_however_long_its_conversation(
    client, alice, ticket, count, django_assert_max_num_queries
):
    _conversation(ticket, alice, count)
    client.force_login(alice)
    client.get(ticket.get_absolute_url())

    with django_assert_max_num_queries(34):
        page = client.get(ticket.get_absolute_url()).content.decode()

    assert page.count('class="msg') >= 2 * count


@pytest.mark.parametrize("count", [3, 40])
def test_the_list_costs_the_same_however_many_tickets(client, alice, ticket, count, django_assert_max_num_queries):
    for n in range(count):
        person = people.create_contact(by=alice, first_name=f"P{n}", email=f"p{n}@example.com")
        desk.open_ticket(subject=f"Case {n}", requester=person, owner=alice, by=alice)
    client.force_login(alice)
    client.get(reverse("tickets:index"))

    with django_assert_max_num_queries(16):
        assert "Case 2" in client.get(reverse("tickets:index")).content.decode()
