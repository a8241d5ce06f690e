"""winmail.dat: what Outlook wraps a letter in when it takes the other side for Outlook (MS-OXTNEF, MS-OXRTFCP)."""

import re
import struct
from dataclasses import dataclass, field

from crm.mail.incoming.charsets import decoded

SIGNATURE = b"\x78\x9f\x3e\x22"
MOST_FILES = 100
# Attributes of the stream.
_RENDER, _TITLE, _DATA, _ATTACHMENT, _BODY, _PROPERTIES, _CODEPAGE = (
    0x00069002, 0x00018010, 0x0006800F, 0x00069005, 0x0002800C, 0x00069003, 0x00069007,
)  # fmt: skip
# MAPI properties and the sizes of their types; the others carry a length.
_PR_BODY, _PR_RTF, _PR_HTML, _PR_LONG_NAME, _PR_CONTENT_ID = 0x1000, 0x1009, 0x1013, 0x3707, 0x3712
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_LONGEST = 64 * 1024 * 1024


class Broken(ValueError):
    """The stream is damaged: it is kept as the file it came as."""


@dataclass
class File:
    name: str = ""
    content: bytes = b""
    cid: str = ""


@dataclass
class Unpacked:
    """What a winmail.dat holds."""

    text: str = ""
    html: str = ""
    files: list = field(default_factory=list)


def unpack(raw):
    """The parts of a winmail.dat. Raises Broken when it is none, ends early, or a checksum is wrong."""
    try:
        return _unpack(raw)
    except (struct.error, IndexError, OverflowError) as error:
        raise Broken(str(error)) from error


def _unpack(raw):
    if not raw.startswith(SIGNATURE) or len(raw) < 17:
        raise Broken("no winmail.dat")
    found, charset = Unpacked(), "cp1252"
    for name, data in _attributes(raw):
        if name == _CODEPAGE:
            charset = f"cp{struct.unpack_from('<I', data)[0]}"
        elif name == _BODY:
            found.text = decoded(data.rstrip(b"\0"), charset)
        elif name == _PROPERTIES:
            _take_words(_properties(data, charset), found, charset)
        elif name == _RENDER and len(found.files) < MOST_FILES:
            found.files.append(File())
        elif found.files and name == _TITLE:
            found.files[-1].name = found.files[-1].name or decoded(data.rstrip(b"\0"), charset)
        elif found.files and name == _DATA:
            found.files[-1].content = data
        elif found.files and name == _ATTACHMENT:
            properties = _properties(data, charset)
            found.files[-1].name = properties.get(_PR_LONG_NAME) or found.files[-1].name
            found.files[-1].cid = properties.get(_PR_CONTENT_ID, "")
    return found


def _attributes(raw):
    place = 6  # after the signature and the key
    while place < len(raw):
        _level, name, size = struct.unpack_from("<BII", raw, place)
        data = raw[place + 9 : place + 9 + size]
        if sum(data) & 0xFFFF != struct.unpack_from("<H", raw, place + 9 + size)[0]:
            raise Broken("wrong checksum")
        yield name, data
        place += size + 11


def _properties(data, charset):
    """{id: text or bytes} of the properties that matter."""
    (count,), place, found = struct.unpack_from("<I", data), 4, {}
    for _n in range(min(count, 2000)):
        kind, name = struct.unpack_from("<HH", data, place)
        place += 4
        if name >= 0x8000:
            place = _after_name(data, place)
        many = 1
        if kind & 0x1000 or kind not in _FIXED:
            (many,) = struct.unpack_from("<I", data, place)
            place += 4
        for _m in range(min(many, 2000)):
            if size := _FIXED.get(kind & ~0x1000):
                place += size
                continue
            (size,) = struct.unpack_from("<I", data, place)
            value = data[place + 4 : place + 4 + size]
            place += 4 + size + -size % 4
            found[name] = _value(kind, value, charset)
    return found


def _after_name(data, place):
    """Past the name of a property that an application made up: a GUID and a number or a text."""
    kind, size = struct.unpack_from("<II", data, place + 16)
    return place + 24 + (size + -size % 4 if kind else 0)


def _value(kind, value, charset):
    if kind == 0x1E:
        return decoded(value.rstrip(b"\0"), charset)
    return value.decode("utf-16-le", "replace").rstrip("\0") if kind == 0x1F else value


def _take_words(properties, found, charset):
    html, rtf = properties.get(_PR_HTML, b""), properties.get(_PR_RTF, b"")
    found.html = decoded(html, charset) if isinstance(html, bytes) else html
    found.text = found.text or str(properties.get(_PR_BODY, "")) or (rtf_words(inflated(rtf)) if rtf else "")


_BEFORE = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans "
    b"SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def inflated(packed):
    """RTF out of its compressed form: runs refer to a ring of 4096 bytes that begins with what most RTF holds."""
    _size, raw_size, kind, _crc = struct.unpack_from("<IIII", packed)
    if kind == 0x414C454D:  # MELA: not compressed
        return packed[16 : 16 + raw_size]
    if kind != 0x75465A4C or raw_size > _LONGEST:
        raise Broken("unknown kind of RTF")
    ring, at, out, place = bytearray(_BEFORE.ljust(4096, b" ")), len(_BEFORE), bytearray(), 16
    while len(out) < raw_size:
        flags = packed[place]
        place += 1
        for bit in range(8):
            if flags >> bit & 1:
                token = packed[place] << 8 | packed[place + 1]
                place += 2
                start = token >> 4
                if start == at:
                    return bytes(out)
                for n in range((token & 15) + 2):
                    byte = ring[(start + n) % 4096]
                    out.append(byte)
                    ring[at], at = byte, (at + 1) % 4096
            else:
                byte = packed[place]
                place += 1
                out.append(byte)
                ring[at], at = byte, (at + 1) % 4096
            if len(out) >= raw_size:
                break
    return bytes(out[:raw_size])


_TOKEN = re.compile(rb"\\'([0-9a-fA-F]{2})|\\([a-z]{1,32})(-?\d{1,10})? ?|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.S)
_HIDDEN = {b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"header", b"footer", b"themedata"}
_BLANKS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"row": "\n", b"cell": "\t", b"emdash": "—", b"endash": "–"}


def rtf_words(rtf):
    """Plain words of an RTF text. Groups that are no text of the letter are left out."""
    out, stack, hidden, skip, charset = [], [], False, 0, "cp1252"
    for code, word, number, sign, brace, text in _TOKEN.findall(rtf):
        if brace == b"{":
            stack.append(hidden)
        elif brace:
            hidden = stack.pop() if stack else False
        elif sign == b"*" or word in _HIDDEN:
            hidden = True
        elif word == b"htmlrtf":
            hidden = number != b"0"
        elif word == b"ansicpg":
            charset = f"cp{number.decode()}"
        elif hidden:
            continue
        elif word == b"u":
            out.append(chr(int(number or 0) % 0x10000))
            skip = 1
        elif word in _BLANKS:
            out.append(_BLANKS[word])
        elif code or text or sign:
            piece = bytes.fromhex(code.decode()) if code else text or (sign if sign in b"\\{}" else b" ")
            piece, skip = piece[skip:], 0
            out.append(piece)
    return _joined(out, charset).strip()


def _joined(pieces, charset):
    """Texts and bytes in their order; neighbouring bytes are decoded together, for a letter may take two."""
    found, held = [], b""
    for piece in [*pieces, ""]:
        if isinstance(piece, bytes):
            held += piece
            continue
        found += [decoded(held, charset) if held else "", piece]
        held = b""
    return "".join(found)
