"""Words of a letter are read in any charset, rightly or wrongly named, and every word of the client is kept."""

import pytest

from crm.mail.incoming.charsets import guessed
from crm.mail.incoming.parse import parse
from crm.mail.incoming.quotes import fold
from tests.tickets.raw_letters import letter


def raw_letter(body, kind="text/plain", head=b""):
    return b"From: a@example.com\r\nSubject: s\r\n" + head + b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("named", "codec", "words"),
    [
        ("windows-1251", "cp1251", "Не печатает"),
        ("cp1251", "cp1251", "Не печатает"),
        ("win-1251", "cp1251", "Не печатает"),
        ("x-cp1251", "cp1251", "Не печатает"),
        ("koi8-r", "koi8-r", "Не печатает"),
        ("x-mac-cyrillic", "mac-cyrillic", "Привет"),
        ("windows-1258", "cp1258", "Tôi cân giúp"),
        ("iso-2022-jp", "iso-2022-jp", "テスト"),
        ("gb18030", "gb18030", "打印机坏了"),
        ("gb2312", "gbk", "镕基"),
        ("iso-8859-8-i", "iso8859-8", "שלום"),
        ("cp-850", "cp850", "Größe"),
        ("iso-8859-1", "cp1252", "“smart” – Größe"),
        ("ks_c_5601-1987", "cp949", "안녕"),
        ("x-sjis", "cp932", "テスト"),
        ("unicode-1-1-utf-7", "utf-7", "Привет"),
        ('"utf-8"', "utf-8", "Привет"),
    ],
)
def test_e17_a_named_charset_is_what_mail_programs_mean_by_it(named, codec, words):
    assert parse(raw_letter(words.encode(codec), f"text/plain; charset={named}")).text == words


@pytest.mark.parametrize("named", ["", "us-ascii", "x-unknown", "utf-8"])
@pytest.mark.parametrize(
    ("codec", "words"),
    [
        ("koi8-r", "тест тест"),
        ("koi8-r", "НЕ ПЕЧАТАЕТ"),
        ("cp1251", "Не печатает «HP LaserJet», помогите"),
        ("cp866", "Не печатает принтер, помогите"),
        ("latin-1", "Größe für alle, Grüße"),
        ("cp1252", "déjà vu à la café – “oui”"),
        ("latin-1", "el ñandú del año"),
    ],
)
def test_e15_e16_e17_an_unnamed_or_wrong_charset_is_guessed(named, codec, words):
    kind = f"text/plain; charset={named}" if named else "text/plain"

    assert parse(raw_letter(words.encode(codec), kind)).text == words


def test_e16_one_broken_byte_does_not_turn_a_letter_into_another_alphabet():
    broken = "Не печатает принтер".encode().replace("п".encode(), b"\xd0", 1)

    assert guessed(broken).startswith("Не ")
    assert guessed(broken).endswith("ечатает принтер")


@pytest.mark.parametrize(
    ("sender", "address", "name"),
    [
        ("=?utf-8?Q?Lee=2C_Ann?= <ann@example.com>", "ann@example.com", "Lee, Ann"),
        ("Team: ann@example.com, bob@example.com;", "ann@example.com", ""),
        ("Ann <ann@example.com>, Bob <bob@example.com>", "ann@example.com", "Ann"),
        ("ann@example.com\r\nFrom: bob@example.com", "ann@example.com", ""),
        ("Ann Lee ann@example.com", "ann@example.com", "Ann Lee"),
        ("ann@example.com (Ann Lee)", "ann@example.com", "Ann Lee"),
        ('"ann@example.com" <eve@evil.example>', "eve@evil.example", "ann@example.com"),
        ("пользователь@пример.рф", "пользователь@xn--e1afmkfd.xn--p1ai", ""),
        ("<>", "", ""),
        ("nobody", "", ""),
    ],
)
def test_e27_the_right_address_or_none(sender, address, name):
    found = parse(letter(sender=sender))

    assert (found.sender, found.sender_name) == (address, name)


@pytest.mark.parametrize("id", [None, "", "<abc@[>", "<" + "x" * 3000 + "@a>", "no brackets"])
def test_e3_any_message_id_is_taken_or_replaced_by_a_stable_one(id):
    first, second = (parse(letter(Message_ID=id)).message_id for _n in range(2))

    assert first == second
    assert 0 < len(first) <= 250


def test_e22_a_block_that_only_looks_like_a_quote_stays_visible():
    html = "<p>Good day.</p><blockquote>The pump hums.<br>It leaks.</blockquote><p>Ann &amp; Bob &lt;3</p>"

    found = parse(raw_letter(html.encode(), "text/html"))

    assert "The pump hums." in found.html
    assert found.text.split() == ["Good", "day.", "The", "pump", "hums.", "It", "leaks.", "Ann", "&", "Bob", "<3"]
    assert fold(found.text) == (found.text, "")


@pytest.mark.parametrize("mark", ["-- ", "--"])
def test_e23_a_signature_at_the_end_is_folded(mark):
    said, folded = fold(f"It works.\n\nThank you!\n{mark}\nAnn Lee\n+49 30 5550 1192")

    assert (said, folded) == ("It works.\n\nThank you!", f"{mark}\nAnn Lee\n+49 30 5550 1192")


def test_e23_a_signature_above_the_copy_is_folded_with_it():
    text = "It works.\n-- \nAnn\n\nOn Mon, 23 Nov 2026 at 09:00, Desk wrote:\n> Fill it.\n"

    said, folded = fold(text)

    assert said == "It works."
    assert folded.startswith("-- \nAnn")
    assert "> Fill it." in folded


@pytest.mark.parametrize(
    "text",
    [
        "Options:\n--\nfirst part of a long text\n\nsecond paragraph, which is no signature",
        "--\n" + "a row of a table\n" * 12,
        "-- \nonly a signature",
    ],
)
def test_e22_what_is_too_much_for_a_signature_stays_visible(text):
    assert fold(text) == (text, "")


@pytest.mark.parametrize(
    "text",
    ["On " + "a" * 400_000, "12:00 " * 60_000, "> " * 100_000, "On 12:00 x:\n" * 30_000 + "> a", "-- \n" * 100_000],
    ids=["line", "times", "marks", "intros", "signatures"],
)
def test_e24_folding_a_huge_letter_loses_nothing(text):
    assert "".join("".join(fold(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 100_000 + "Help",
        "<br" * 100_000 + ">Help",
        "<a href='" * 20_000 + "'>Help</a>",
        "<span " + " ".join(f"a{n}=1" for n in range(20_000)) + ">Help</span>",
        "<table><tr><td>" * 20_000 + "Help",
    ],
    ids=["deep", "unclosed", "quotes", "attributes", "tables"],
)
def test_e25_hostile_markup_ends_and_its_words_are_kept(html):
    found = parse(raw_letter(html.encode(), "text/html"))

    assert "Help" in found.text or "Help" in found.html


def test_e24_five_thousand_links_and_a_log_of_five_megabytes_are_cut_to_what_a_page_can_show():
    links = "".join(f'<a href="https://x.example/{n}">link {n}</a> ' for n in range(5001))
    log = "<p>2026-01-01 12:00:00 something happened</p>\n" * 110_000

    assert parse(raw_letter(links.encode(), "text/html")).html.count("<a ") == 5001
    found = parse(raw_letter(log.encode(), "text/html"))
    assert len(log) > 5_000_000
    assert (len(found.html), len(found.text) <= 500_000) == (500_000, True)
