"""Files of a letter: their names are right and safe, what Outlook wrapped is unwrapped, too much is said and not lost."""

import struct

import pytest

from crm.mail.incoming import tnef
from crm.mail.incoming.parse import MOST_PARTS, parse
from tests.tickets.raw_letters import letter

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def parts_of(*parts, kind="mixed"):
    """A letter of raw parts."""
    head = letter(Content_Type=f'multipart/{kind}; boundary="x"').partition(b"\r\n\r\n")[0]
    return head + b"\r\n\r\n" + b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"


def file_of(head):
    [file] = parse(parts_of(b"Content-Type: text/plain\r\n\r\nHi", head + b"\r\n\r\nDATA")).files
    return file


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"Content-Disposition: attachment;\r\n filename*0*=utf-8''%D0%9E%D1%82;\r\n filename*1*=%D1%87%D1%91%D1%82.pdf", "Отчёт.pdf"),
        (b"Content-Disposition: attachment; filename*=koi8-r''%EF%D4%DE%A3%D4.pdf", "Отчёт.pdf"),
        ('Content-Disposition: attachment; filename="Отчёт.pdf"'.encode(), "Отчёт.pdf"),
        ('Content-Type: application/pdf; name="Отчёт за ноябрь.pdf"'.encode("cp1251"), "Отчёт за ноябрь.pdf"),
        (b'Content-Disposition: attachment; filename="=?utf-8?Q?=D0=9E=D1=82?= =?utf-8?Q?=D1=87=D1=91=D1=82.pdf?="', "Отчёт.pdf"),
        (b'Content-Type: application/pdf; name="=?koi8-r?B?79TexdQucGRm?="', "Отчет.pdf"),
        (b'Content-Disposition: attachment; filename="a\r\n b.pdf"', "a b.pdf"),
        (b"Content-Disposition: attachment", "attachment"),
    ],
    ids=["rfc2231-parts", "rfc2231-koi8", "raw-utf8", "raw-cp1251", "encoded-words", "encoded-koi8", "folded", "none"],
)  # fmt: skip
def test_e18_the_name_of_a_file_is_read_however_it_was_written(head, name):
    assert file_of(head).name == name


def test_e20_a_picture_is_known_by_its_bytes_whatever_it_is_called():
    html = b'Content-Type: text/html\r\n\r\n<p>A <img src="cid:one@x"> <img src="two@x"> <img src="three.png"></p>'
    one = b"Content-Type: application/octet-stream\r\nContent-ID: <one@x>\r\n\r\n" + PNG
    two = b"Content-Type: application/octet-stream\r\nContent-ID: <two@x>\r\nContent-Disposition: inline\r\n\r\n" + PNG

    found = parse(parts_of(html, one, two, kind="related"))

    assert [(file.cid, file.is_picture, file.name) for file in found.files] == [
        ("one@x", True, "picture.png"),
        ("two@x", True, "picture.png"),
    ]
    assert found.html == '<p>A <img src="cid:one@x"> <img src="cid:two@x"> <img></p>'


def test_e25_ten_thousand_parts_end_and_those_left_out_are_counted():
    found = parse(parts_of(*[b"Content-Type: text/plain\r\n\r\nHi %d" % n for n in range(10_000)]))

    assert found.text.startswith("Hi 0\nHi 1\n")
    assert found.left_out == 10_000 - MOST_PARTS


def attribute(level, name, data):
    return struct.pack("<BII", level, name, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def unicode_property(name, text):
    data = (text + "\0").encode("utf-16-le")
    return struct.pack("<HHII", 0x1F, name, 1, len(data)) + data + b"\0" * (-len(data) % 4)


# The worked example of MS-OXRTFCP 3.2: "hello world" as compressed RTF.
HELLO = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)


def winmail():
    """A winmail.dat with an RTF body and two files, one with a long Russian name."""
    rtf = struct.pack("<HHII", 0x102, 0x1009, 1, len(HELLO)) + HELLO + b"\0" * (-len(HELLO) % 4)
    made_up = struct.pack("<HH", 3, 0x8001) + b"G" * 16 + struct.pack("<III", 0, 7, 42)
    return b"".join(
        [
            tnef.SIGNATURE + struct.pack("<H", 1),
            attribute(1, 0x00069007, struct.pack("<II", 1251, 0)),
            attribute(1, 0x00069003, struct.pack("<I", 2) + made_up + rtf),
            attribute(2, 0x00069002, b"\0" * 14),
            attribute(2, 0x00018010, "Счёт.pdf\0".encode("cp1251")),
            attribute(2, 0x0006800F, b"%PDF-1"),
            attribute(2, 0x00069002, b"\0" * 14),
            attribute(2, 0x00018010, b"LONGNA~1.XLS\0"),
            attribute(2, 0x0006800F, b"TABLE"),
            attribute(2, 0x00069005, struct.pack("<I", 1) + unicode_property(0x3707, "Длинное имя.xlsx")),
        ]
    )


def wrapped(content):
    head = b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    return parse(parts_of(head + content))


def test_e19_what_outlook_wrapped_is_unwrapped():
    raw = letter(Content_Type="application/ms-tnef; name=winmail.dat").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    found = parse(raw + winmail())

    assert found.text == "hello world"
    assert [(file.name, file.content) for file in found.files] == [
        ("Счёт.pdf", b"%PDF-1"),
        ("Длинное имя.xlsx", b"TABLE"),
    ]


def test_e19_the_letters_own_words_stand_before_those_of_the_wrap():
    head = b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\n"

    found = parse(parts_of(b"Content-Type: text/plain\r\n\r\nPlain words", head + winmail()))

    assert (found.text, len(found.files)) == ("Plain words", 2)


@pytest.mark.parametrize(
    "broken",
    [winmail()[:-1] + b"\xff", winmail()[:200], tnef.SIGNATURE, tnef.SIGNATURE + b"\xff" * 400],
    ids=["checksum", "short", "empty", "nonsense"],
)
def test_e19_a_damaged_wrap_is_kept_as_it_came(broken):
    found = wrapped(broken)

    assert [(file.name, file.content.rstrip()) for file in found.files] == [("winmail.dat", broken.rstrip())]


@pytest.mark.parametrize(
    ("rtf", "words"),
    [
        (rb"{\rtf1\ansi\ansicpg1251{\fonttbl{\f0 Arial;}}\pard \'cf\'f0\'e8\'e2\'e5\'f2\par \u1052?\u1080?\u1088?}", "Привет\nМир"),
        (rb"{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Hello{\*\htmltag84 &nbsp;}\htmlrtf \'a0\htmlrtf0 world}", "Helloworld"),
        (rb"{\rtf1 a\{b\}\\c\tab d", "a{b}\\c\td"),
    ],
)  # fmt: skip
def test_e19_rtf_is_read_as_words(rtf, words):
    assert tnef.rtf_words(rtf) == words
