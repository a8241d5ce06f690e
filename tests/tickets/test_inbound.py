"""Letters on their way in: the traps of the desk."""

import json

import pytest
from django.core.management import call_command
from django.urls import reverse

from contacts.models import Contact, ContactPoint
from contacts.services import people, points
from contacts.services.duplicates import scan
from crm import access
from crm.mail.incoming.parse import parse
from crm.mail.marks import mark_of
from crm.models import Delivery, Event, Notification, StoredFile
from tests import factories
from tickets.models import InboundMail, Mailbox, Ticket, TicketMessage
from tickets.services import desk
from tickets.services.inbound import take

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def support(workspace, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return Mailbox.objects.create(name="Halden Support", address="support@halden.test")


def letter(
    body="Help, please.",
    *,
    sender="Ann Lee <ann@example.com>",
    subject="Zero after cleaning",
    to="support@halden.test",
    id="<1@example.com>",
    **headers,
):
    """A raw letter; header names with underscores."""
    head = {"From": sender, "To": to, "Subject": subject, "Date": "Mon, 23 Nov 2026 09:00:00 +0000"}
    if id:
        head["Message-ID"] = id
    head |= {name.replace("_", "-"): value for name, value in headers.items()}
    return (
        "\r\n".join(f"{name}: {value}" for name, value in head.items() if value is not None) + "\r\n\r\n" + body
    ).encode()


def test_the_page_of_the_ticket_warns_that_its_writer_may_be_known_already(support, admin, client):
    known = people.create_contact(by=admin, first_name="Ann", last_name="Lee", phone="+49 30 55501192")
    ticket = take(letter("Call me: +49 30 55501192")).ticket
    panel = reverse("panel", args=["ticket", "duplicates", ticket.pk])
    client.force_login(admin)
    assert "May be the same" not in client.get(panel).content.decode()

    points.add_point(ticket.requester, "phone", "+49 30 55501192")
    scan.look_at(Contact.objects.get(pk=ticket.requester_id))

    page = client.get(panel).content.decode()
    assert "May be the same" in page
    assert reverse("contacts:merge_new", args=["contact", known.pk, ticket.requester_id]) in page
    client.force_login(factories.user("Desk", roles=[factories.role("desk", {"ticket": {"view": access.ALL}})]))
    assert "Ann Lee" not in client.get(panel).content.decode()


def test_a_letter_makes_a_contact_and_a_ticket(support):
    verdict = take(letter())

    ticket = Ticket.objects.get()
    assert (verdict.outcome, verdict.ticket) == ("created", ticket)
    assert (ticket.subject, ticket.mailbox, ticket.status) == ("Zero after cleaning", support, "new")
    assert (ticket.requester.first_name, ticket.requester.last_name, ticket.requester.email) == (
        "Ann",
        "Lee",
        "ann@example.com",
    )
    assert ticket.messages.get().text == "Help, please."
    assert Event.objects.for_contact(ticket.requester).filter(kind="ticket.created").count() == 1


def test_a_known_person_is_recognised_by_any_of_his_addresses(admin):
    ann = people.create_contact(by=admin, first_name="Ann", email="ann@work.example")
    ContactPoint.objects.create(contact=ann, kind="email", value="Ann@Example.com", norm="ann@example.com")

    take(letter())

    assert Ticket.objects.get().requester == ann
    assert Contact.objects.count() == 1


def test_e1_the_same_letter_twice_is_once():
    take(letter())

    verdict = take(letter())

    assert (verdict.outcome, Ticket.objects.count(), TicketMessage.objects.count()) == ("duplicate", 1, 1)


def test_an_answer_to_our_letter_goes_to_its_ticket_and_our_answer_threads(admin):
    ticket = take(letter()).ticket
    ours = desk.reply(ticket, "Fill the pipe.", by=admin)

    verdict = take(letter("It works!", id="<2@example.com>", In_Reply_To=ours.message_id, subject="Other words"))

    sent = Delivery.objects.get(key=f"ticket-message:{ours.pk}")
    assert (verdict.outcome, verdict.ticket) == ("added", ticket)
    assert sent.headers["In-Reply-To"] == "<1@example.com>"
    assert sent.headers["References"] == "<1@example.com>"
    assert sent.message_id == ours.message_id


def test_e6_a_forged_id_of_ours_matches_nothing():
    ticket = take(letter()).ticket

    verdict = take(
        letter(id="<2@evil.example>", sender="eve@evil.example", In_Reply_To=f"<t{ticket.pk}.{'0' * 20}.1@halden.test>")
    )

    assert verdict.outcome == "created"
    assert ticket.messages.count() == 1


def test_e5_e6_the_number_in_the_subject_counts_only_for_its_own_client():
    ticket = take(letter()).ticket

    mine = take(letter("More.", id="<2@example.com>", subject=f"Re: Zero [#{ticket.number}]"))
    stranger = take(
        letter("Show me.", id="<3@evil.example>", sender="eve@evil.example", subject=f"Re: Zero [#{ticket.number}]")
    )

    assert mine.ticket == ticket
    assert stranger.outcome == "created"
    assert ticket.messages.count() == 2


def test_e6_a_stranger_who_knows_the_id_of_a_clients_letter_reaches_nothing():
    ticket = take(letter()).ticket

    verdict = take(letter(id="<2@evil.example>", sender="eve@evil.example", In_Reply_To="<1@example.com>"))

    assert verdict.outcome == "created"
    assert ticket.messages.count() == 1


def test_e4_of_two_references_the_nearest_wins():
    first = take(letter()).ticket
    second = take(letter(id="<2@example.com>", subject="Another")).ticket

    verdict = take(letter(id="<3@example.com>", References="<1@example.com> <2@example.com>"))

    assert verdict.ticket == second != first


def test_e4_five_thousand_references_are_read_quickly():
    many = " ".join(f"<x{i}@example.com>" for i in range(5000))

    assert len(parse(letter(References=many)).references) == 50


@pytest.mark.parametrize(
    ("id", "kept"), [(None, False), ("", False), ("<abc@[>", True), ("<" + "x" * 3000 + "@a>", False)]
)
def test_e3_a_letter_without_a_usable_id_gets_a_stable_one(id, kept):
    raw = letter(id=id)

    first, second = parse(raw).message_id, parse(raw).message_id

    assert first == second
    assert (first == id) is kept
    assert len(first) <= 250
    assert take(raw).outcome == "created"


MACHINES = [
    {"Auto_Submitted": "auto-replied"},
    {"Auto_Submitted": "auto-generated"},
    {"Precedence": "list"},
    {"List_Id": "<news.example.com>"},
    {"X_Auto_Response_Suppress": "All"},
    {"X_Autoreply": "yes"},
    {"Return_Path": "<>"},
]


@pytest.mark.parametrize("status", ["resolved", "closed"])
@pytest.mark.parametrize("headers", MACHINES)
def test_e10_a_machine_wakes_nothing_and_its_answer_stays_with_the_ticket(admin, headers, status):
    ticket = take(letter()).ticket
    ours = desk.reply(ticket, "Done.", by=admin, status=status)

    answer = take(letter("I am away.", id="<3@example.com>", In_Reply_To=ours.message_id, **headers))

    ticket.refresh_from_db()
    assert (answer.outcome, answer.ticket, ticket.status, ticket.reopened) == ("added", ticket, status, 0)
    assert not Notification.objects.filter(kind="ticket.answered").exists()


@pytest.mark.parametrize("headers", MACHINES)
def test_e11_only_a_bare_automatic_answer_asks_for_nothing(headers):
    verdict = take(letter(**headers))

    assert verdict.outcome == ("ignored" if headers.get("Auto_Submitted") == "auto-replied" else "created")
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("value", ["no", "no; x=1"])
def test_e10_a_human_who_says_so_is_believed(value):
    assert take(letter(Auto_Submitted=value)).outcome == "created"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Content_Type": "multipart/report; report-type=delivery-status; boundary=x"}, "mail system"),
        ({"sender": "MAILER-DAEMON@mx.example.com"}, "mail system"),
        ({"X_Rapport": mark_of(7)}, "our own"),
    ],
)
def test_e13_reports_and_our_own_letters_make_no_ticket(headers, reason):
    verdict = take(letter(**headers))

    assert verdict.outcome == "ignored"
    assert reason in verdict.reason
    assert not Ticket.objects.exists()


def test_a_letter_of_another_house_that_runs_the_same_program_is_taken():
    assert take(letter(X_Rapport="7." + "0" * 20)).outcome == "created"


def test_a_postmaster_who_writes_himself_is_a_person():
    assert take(letter("Your newsletter looks odd.", sender="postmaster@example.com")).outcome == "created"


def test_a_letter_to_a_solved_ticket_opens_it_and_to_a_closed_one_makes_a_new(admin):
    ticket = take(letter()).ticket
    ours = desk.reply(ticket, "Done.", by=admin, status="resolved")
    take(letter("Not yet.", id="<2@example.com>", In_Reply_To=ours.message_id))
    ticket.refresh_from_db()
    assert (ticket.status, ticket.reopened, ticket.resolved_at) == ("open", 1, None)

    desk.set_status(ticket, "closed", by=admin)
    verdict = take(letter("Again.", id="<3@example.com>", In_Reply_To=ours.message_id))

    assert verdict.outcome == "created"


@pytest.mark.parametrize(
    ("raw", "subject", "text"),
    [
        ("From: a@example.com\r\nSubject: тест тест\r\n\r\nТЕСТ".encode("koi8-r"), "тест тест", "ТЕСТ"),
        (
            "From: a@example.com\r\nSubject: Привет\r\n\r\nДобрый день, не работает вход".encode("cp1251"),
            "Привет",
            "Добрый день, не работает вход",
        ),
        (b"From: a@example.com\r\nSubject: =?koi8-r?B?1MXT1A==?=\r\n\r\nx", "тест", "x"),
        (b"From: a@example.com\r\nSubject: =?utf-8?B?0YLQtdGB?= =?utf-8?B?0YI=?=\r\n\r\nx", "тест", "x"),
        (b"From: a@example.com\r\nSubject: =?utf-8?B?0YLQ?= =?utf-8?B?tdGB0YI=?=\r\n\r\nx", "тест", "x"),
        (
            b"From: a@example.com\r\nSubject: s\r\nContent-Type: text/plain; charset=x-unknown\r\n\r\nplain",
            "s",
            "plain",
        ),
        (
            b"From: a@example.com\r\nSubject: s\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B%F%9%H\x1b(B",
            "s",
            "テスト",
        ),
        (b"From: a@example.com\r\nSubject: s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\na\x00b", "s", "ab"),
    ],
)
def test_e15_e16_e17_e29_any_charset_is_read_or_replaced(raw, subject, text):
    found = parse(raw)

    assert (found.subject, found.text) == (subject, text)
    assert take(raw).outcome == "created"


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 1 Jan 1970 00:00:00 +0000",
        "Thu, 1 Jan 2099 00:00:00 +0000",
        "Mon, 23 Nov 2026 09:00:00 +9999",
        "nonsense",
        None,
    ],
)
def test_e26_an_impossible_date_counts_as_now(date, time_machine):
    time_machine.move_to("2026-11-24 12:00:00+00:00", tick=False)

    assert parse(letter(Date=date)).sent_at.isoformat().startswith("2026-11-2")


@pytest.mark.parametrize(
    ("sender", "address"),
    [
        ('"Lee, Ann" <ann@example.com>', "ann@example.com"),
        ("=?utf-8?Q?Lee=2C_Ann?= <ann@example.com>", "ann@example.com"),
        ("Ann <ANN@Example.COM>", "ann@example.com"),
        ("иван@почта.рф", "иван@xn--80a1acny.xn--p1ai"),  # the form in which it travels
        ("<>", ""),
        ("undisclosed-recipients:;", ""),
    ],
)
def test_e27_the_sender_is_found_or_unknown(sender, address):
    assert parse(letter(sender=sender)).sender == address


@pytest.mark.parametrize(
    "html",
    [
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        '<a href="jav&#x09;ascript:alert(1)">x</a>',
        "<script>alert(1)</script>",
        '<base href="https://evil.example/">',
        '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
        '<form action="https://evil.example/"><input name=password></form>',
        '<div style="position:fixed">x</div>',
        "<style>@import url(https://evil.example/x.css)</style>",
        '<link rel=stylesheet href="https://evil.example/x.css">',
        '<iframe src="https://evil.example/"></iframe>',
    ],
)
def test_e21_a9_a11_a13_html_that_runs_loads_or_asks_is_taken_out(client, admin, html):
    raw = letter(f"<p>Hello</p>{html}", Content_Type="text/html; charset=utf-8")
    ticket = take(raw).ticket
    message = ticket.messages.get()
    client.force_login(admin)

    answer = client.get(f"/tickets/{ticket.pk}/messages/{message.pk}/")

    shown = answer.content.decode().partition("<body>")[2]
    assert "<p>Hello</p>" in shown
    for word in (
        "onerror",
        "onload",
        "javascript",
        "script",
        "evil.example",
        "position",
        "<form",
        "<img",
        "<svg",
        "<iframe",
    ):
        assert word not in shown
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")


def _multipart(*parts):
    body = "".join(f"--x\r\n{part}\r\n" for part in parts) + "--x--\r\n"
    return letter(body, Content_Type='multipart/mixed; boundary="x"')


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("Content-Disposition: attachment; filename*=utf-8''%D0%9E%D1%82%D1%87%D1%91%D1%82.pdf", "Отчёт.pdf"),
        ('Content-Disposition: attachment; filename="../../etc/passwd"', "passwd"),
        ('Content-Disposition: attachment; filename="' + "x" * 300 + '.txt"', "x" * 140 + ".txt"),
        ("Content-Disposition: attachment", "attachment"),
    ],
)
def test_e18_a18_attachments_are_kept_under_a_safe_name(head, name):
    take(
        _multipart(
            "Content-Type: text/plain\r\n\r\nSee the file.",
            f"Content-Type: application/octet-stream\r\n{head}\r\n\r\nDATA",
        )
    )

    file = StoredFile.objects.exclude(kind="letter").get()
    assert file.name == name
    assert file.content.read() == b"DATA"
    assert "/" not in file.content.name.rsplit("/", 1)[-1]


def test_e30_a_program_in_a_letter_is_refused_with_a_note():
    ticket = take(
        _multipart("Content-Type: text/plain\r\n\r\nHi", 'Content-Disposition: attachment; filename="a.exe"\r\n\r\nMZ')
    ).ticket

    assert not StoredFile.objects.exclude(kind="letter").exists()
    assert "is a program" in ticket.messages.get(direction="note").text


def test_e25_a_thousand_nested_parts_end():
    raw = letter("--x\r\n" * 1000, Content_Type='multipart/mixed; boundary="x"')

    assert take(raw).outcome == "created"


def test_e7_three_readers_of_one_campaign_letter_make_three_tickets():
    for i in range(3):
        take(
            letter(
                "Unsubscribe?",
                sender=f"p{i}@example.com",
                id=f"<r{i}@example.com>",
                In_Reply_To="<campaign@halden.test>",
            )
        )

    assert Ticket.objects.count() == 3


def test_the_command_says_what_became_of_each_file(tmp_path, capsys):
    file = tmp_path / "a.eml"
    file.write_bytes(letter())

    call_command("ingest_email", str(file), str(file), str(tmp_path / "missing.eml"))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["outcome"] for line in lines] == ["created", "duplicate", "failed"]
    assert lines[0]["ticket"] == Ticket.objects.get().label


def test_the_ledger_keeps_every_letter_with_its_reason():
    take(letter())
    take(letter(id="<2@example.com>", Auto_Submitted="auto-replied"))

    rows = list(InboundMail.objects.order_by("pk").values_list("outcome", "reason"))
    assert rows == [("created", "new request"), ("ignored", "an automatic answer that belongs to no ticket")]
