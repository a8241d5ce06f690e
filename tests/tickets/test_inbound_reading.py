"""Charsets, dates, senders, layout and files of letters, as they really come."""

import pytest

from crm.mail.incoming.parse import parse
from crm.models import StoredFile
from tests.tickets.raw_letters import letter
from tickets.services.inbound import take

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("support")]


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
