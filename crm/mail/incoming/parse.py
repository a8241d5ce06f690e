"""A raw letter as clean parts. Never raises for what a sender wrote: what cannot be read is replaced."""

import email
import email.policy
import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.header import decode_header
from email.utils import getaddresses, parsedate_to_datetime

from crm.mail.incoming import tnef
from crm.mail.incoming.charsets import decoded, guessed
from crm.mail.incoming.markup import without_remote, words_of
from crm.text import norm_email

MOST_PARTS = 200
# No more of a letter is fetched. One of this size may have been cut.
LARGEST = 50 * 1024 * 1024
LONGEST_TEXT = 500_000
_ID = re.compile(r"<[^<>\s\x00]{1,240}>")
PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


@dataclass
class Part:
    """A file of a letter. `cid` is the name by which the letter's HTML shows it."""

    name: str
    content: bytes
    cid: str = ""

    @property
    def is_picture(self):
        return bool(picture_type(self.content))


@dataclass
class Letter:
    """What matters of a letter. `message_id` is made up from the content when the letter has none.

    `to` are the addresses it went to, `recipients` those of its head as (name, address).
    `received_at` is when the letter reached its server, which the sender's clock has no say in. `images` are the
    addresses of pictures it would fetch; in `html` they stand as remote:0, remote:1, …
    `left_out` counts parts past MOST_PARTS, which only the original has. `is_cut`: the end may be missing.
    """

    message_id: str
    sender: str
    sender_name: str
    subject: str
    text: str
    html: str
    references: list
    sent_at: datetime
    to: list
    headers: dict
    received_at: datetime = None
    recipients: list = field(default_factory=list)
    images: list = field(default_factory=list)
    files: list = field(default_factory=list)
    left_out: int = 0
    is_cut: bool = False


def parse(raw):
    """Read raw bytes. Dates outside 2000 to tomorrow count as now."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    senders = _addresses(message, "From")
    name, address = senders[0] if senders else ("", "")
    parts = list(_walk(message))
    text, html, files = _body(parts[:MOST_PARTS])
    shown, images = without_remote(html, {file.cid for file in files if file.cid})
    sent_at = _date(message)
    return Letter(
        message_id=_message_id(message, raw),
        sender=norm_email(address),
        sender_name=_line(name)[:150],
        subject=_line(_decoded("".join(_values(message, "Subject")[:1])))[:300],
        text=_clean(text or words_of(html))[:LONGEST_TEXT],
        html=_clean(shown)[:LONGEST_TEXT],
        images=images,
        references=_references(message),
        sent_at=sent_at,
        received_at=_received(message, sent_at),
        to=[
            norm_email(a)
            for _n, a in _addresses(message, "To") + _addresses(message, "Cc") + _addresses(message, "Delivered-To")
        ],
        recipients=[
            (_line(name)[:150], norm_email(address))
            for header in ("To", "Cc", "Bcc")
            for name, address in _addresses(message, header)
            if norm_email(address)
        ],
        headers={name.lower(): _line(str(value)) for name, value in message.items()},
        files=files,
        left_out=max(0, len(parts) - MOST_PARTS),
        is_cut=len(raw) >= LARGEST,
    )


def unreadable_id(raw):
    """An id for a letter whose own cannot be had."""
    return f"<{hashlib.sha256(raw).hexdigest()[:40]}@unreadable.invalid>"


def picture_type(content):
    """The type of a picture by its first bytes, "" for anything else: what a letter calls it is not asked."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for sign, kind in PICTURES.items() if content.startswith(sign)), "")


def _message_id(message, raw):
    """The letter's id; a digest of it where there is none that can be one."""
    found = _ID.search(str(message.get("Message-ID", "")))
    return found.group() if found else f"<{hashlib.sha256(raw).hexdigest()[:40]}@no-id.invalid>"


def _references(message):
    """Ids of earlier letters, the nearest first: In-Reply-To, then References from the right, at most 50."""
    ids = _ID.findall(str(message.get("In-Reply-To", ""))[:2000])[:5]
    ids += reversed(_ID.findall(str(message.get("References", ""))[-20000:])[-50:])
    return list(dict.fromkeys(ids))


def _addresses(message, name):
    found = []
    for raw in _values(message, name):
        for shown, address in getaddresses([raw[:5000]]):
            if "@" in address:
                # "Ann Lee ann@example.com", written without brackets, comes in one piece.
                before, _blank, address = address.replace("\x00", "").rpartition(" ")
                found.append((_decoded(shown or before), address))
    return found


def _values(message, name):
    """A header's values as text on one line; raw 8-bit letters are guessed instead of lost."""
    found = [str(value) for key, value in message.raw_items() if key.lower() == name.lower()]
    return [guessed(value.encode("utf-8", "surrogateescape")).replace("\r", " ").replace("\n", " ") for value in found]


def _decoded(value):
    """A header with its encoded words read, neighbours joined before they are decoded, raw 8-bit guessed."""
    parts = []
    try:
        chunks = decode_header(value)
    except (ValueError, email.errors.HeaderParseError):
        return guessed(str(value).encode("utf-8", "surrogateescape"))
    for chunk, charset in chunks:
        if isinstance(chunk, str):
            chunk = chunk.encode("utf-8", "surrogateescape")
        if parts and parts[-1][1] == charset:
            parts[-1][0] += chunk
        else:
            parts.append([chunk, charset])
    return "".join(decoded(chunk, charset) for chunk, charset in parts)


def _body(parts):
    """(text, HTML, files) of a letter's parts."""
    text, html, files = [], [], []
    for part in parts:
        kind, name = part.get_content_type(), _name(part)
        payload = part.get_payload(decode=True) or b""
        if kind == "message/rfc822" and part.is_multipart():
            inner = part.get_payload(0)
            payload, name = inner.as_bytes(), name or f"{_line(_decoded(str(inner.get('Subject', ''))))[:80]}.eml"
        shown = not name and part.get_content_disposition() != "attachment"
        if kind == "text/plain" and shown:
            text.append(decoded(payload, part.get_content_charset()))
        elif kind == "text/html" and shown:
            html.append(decoded(payload, part.get_content_charset()))
        elif payload.startswith(tnef.SIGNATURE):
            _unwrap(payload, name, text, html, files)
        elif payload:
            cid = _line(str(part.get("Content-ID", ""))).strip("<>")[:240]
            files.append(Part(name or _name_for(payload), payload, cid))
    return "\n".join(text), "\n".join(html), files


def _unwrap(payload, name, text, html, files):
    """Put the parts of a winmail.dat where they belong: its files always, its words when the letter has none."""
    try:
        found = tnef.unpack(payload)
    except tnef.Broken:
        files.append(Part(name or "winmail.dat", payload))
        return
    if not "".join(text + html).strip():
        text.append(found.text)
        html.append(found.html)
    files += [Part(_line(file.name) or _name_for(file.content), file.content, file.cid) for file in found.files]


def _name(part):
    """The name of a part's file, "" when it has none. A raw 8-bit name is read before Python replaces its letters."""
    for header in ("Content-Disposition", "Content-Type"):
        for value in _values(part, header)[:1]:
            if not value.isascii():
                part.replace_header(header, value)
    return _line(_decoded(part.get_filename() or ""))


def _name_for(payload):
    kind = picture_type(payload)
    return f"picture.{kind.partition('/')[2]}" if kind else "attachment"


def _walk(message):
    """The parts that are not parts in parts. A letter within the letter is one part: its words are not this one's."""
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        for part in message.get_payload():
            yield from _walk(part)
    else:
        yield message


def _clean(text):
    """Without NUL and lone surrogates, which the database refuses."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()


def _line(text):
    return " ".join(_clean(text).split())


def _received(message, sent_at):
    """When the last server took the letter, else when it was sent; nothing from before two weeks ago or from tomorrow."""
    now = datetime.now(UTC)
    stamp = str(message.get("Received", "")).rpartition(";")[2]
    try:
        taken = parsedate_to_datetime(stamp.strip()).astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        taken = sent_at
    return taken if now - timedelta(days=14) < taken <= now else now


def _date(message):
    now = datetime.now(UTC)
    try:
        sent = parsedate_to_datetime(str(message.get("Date", "")))
        sent = sent if sent.tzinfo else sent.replace(tzinfo=UTC)
        return sent if datetime(2000, 1, 1, tzinfo=UTC) < sent < now else now
    except (TypeError, ValueError, OverflowError, IndexError):
        return now
