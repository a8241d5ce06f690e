"""From a delivery and its content to the bytes on the wire."""

import re
from base64 import encodebytes
from email.header import Header
from email.utils import encode_rfc2231, format_datetime
from uuid import uuid4

from django.utils import timezone

from crm.mail.addresses import company_sender, envelope_address, named, one_line, split
from crm.mail.dkim import sign_for_company
from crm.mail.marks import HEADER, mark_of, return_path
from crm.models import StoredFile

_KIND = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")
# Set by this module alone: a caller's header of that name is dropped.
_OURS = {
    *("from", "to", "cc", "bcc", "subject", "date", "message-id", "reply-to", "mime-version", "sender", "return-path"),
    HEADER.lower(),
}


def compose(delivery, content, company=None, *, at=None):
    """(envelope sender, envelope recipient, bytes with CRLF and DKIM signature).

    Raises BadAddress when the recipient cannot be written to. `company` is (name, address), asked for when missing. A
    letter by a user's own server carries neither the company's signature nor its return path.
    """
    recipient = envelope_address(delivery.to)
    name, address = company or company_sender()
    given_name, given_address = split(content.sender)
    sender = envelope_address(given_address or address)
    headers = {
        "From": named(given_name or name, sender),
        "To": named(delivery.to_name, recipient),
        "Subject": one_line(content.subject),
        "Date": format_datetime(at or timezone.now()),
        "Message-ID": delivery.message_id,
    }
    if delivery.copies:
        headers["Cc"] = ", ".join(named(name, envelope_address(address)) for name, address in delivery.copies)
    if delivery.pk:
        headers[HEADER] = mark_of(delivery.pk)
    reply_name, reply_address = split(content.reply_to)
    if reply_address:
        headers["Reply-To"] = named(reply_name, envelope_address(reply_address))
    for header, value in content.headers.items():
        if header.lower() not in _OURS:
            headers[one_line(header, 70).replace(" ", "")] = one_line(value, 4000)
    lines = [_header(name, value) for name, value in headers.items()]
    message = "\r\n".join([*lines, "MIME-Version: 1.0", ""]).encode() + _body(delivery, content)
    if delivery.account:
        return sender, recipient, message
    return (return_path(delivery.pk) if delivery.pk else "") or sender, recipient, sign_for_company(message)


def _header(name, value):
    """One header, folded, in encoded words where it is not ASCII."""
    if not value.isascii():
        value = Header(value, "utf-8", header_name=name).encode(linesep="\r\n")
    elif len(name) + len(value) > 76:
        value = Header(value, "us-ascii", header_name=name).encode(linesep="\r\n")
    return f"{name}: {value}"


def _body(delivery, content):
    """The parts with their own headers, after those of the letter. Built here: Python's generator takes longer than
    the signature, and all that is written is base64."""
    body = _part('text/plain; charset="utf-8"', _lines(content.text))
    ways = [body]
    if content.html:
        ways.append(_part('text/html; charset="utf-8"', _lines(content.html)))
    if content.calendar:
        # Clients that know calendars take the last way they understand (RFC 6047).
        method, text = content.calendar
        ways.append(_part(f'text/calendar; charset="utf-8"; method={method}', _lines(text)))
    if len(ways) > 1:
        body = _parts("alternative", ways)
    files = [_file_part(file) for file in _attachments(delivery)]
    return _parts("mixed", [body, *files]) if files else body


def _part(kind, content, more=""):
    lines = encodebytes(content).replace(b"\n", b"\r\n")
    return f"Content-Type: {kind}\r\n{more}Content-Transfer-Encoding: base64\r\n\r\n".encode() + lines


def _parts(kind, parts):
    mark = f"=_{uuid4().hex}"  # no base64 has a line like it
    between = f"--{mark}\r\n".encode()
    head = f'Content-Type: multipart/{kind}; boundary="{mark}"\r\n\r\n'.encode()
    return head + b"".join(between + part + b"\r\n" for part in parts) + f"--{mark}--\r\n".encode()


def _lines(text):
    """Every line end as SMTP wants it, no NUL. Encoding as base64 keeps each line on the wire under 77 octets."""
    return (
        text.replace("\x00", "")
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\n", "\r\n")
        .encode("utf-8", "replace")
    )


def _attachments(delivery):
    if not delivery.attachments:
        return []
    rows = {file.pk: file for file in StoredFile.objects.filter(pk__in=delivery.attachments)}
    return [rows[pk] for pk in delivery.attachments if pk in rows]


def _file_part(file):
    kind = file.content_type
    if not _KIND.fullmatch(kind) or kind.startswith(("text/", "message/", "multipart/")):
        kind = "application/octet-stream"
    name = encode_rfc2231(one_line(file.name, 150)[-80:], "utf-8")  # a line has at most 998 octets
    with file.content.open("rb") as content:
        return _part(kind, content.read(), f"Content-Disposition: attachment;\r\n filename*={name}\r\n")
