"""From a delivery and its content to the bytes on the wire."""

from email import policy
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime

from django.utils import timezone

from crm.mail.addresses import company_sender, envelope_address, named, one_line, split
from crm.mail.dkim import sign_for_company
from crm.models import StoredFile

# The older of Python's two policies writes a letter three times as fast; line ends as SMTP wants them.
_WIRE = policy.compat32.clone(linesep="\r\n")
# Set by this module alone: a caller's header of that name is dropped.
_OURS = {
    *("from", "to", "cc", "bcc", "subject", "date", "message-id", "reply-to", "mime-version", "sender", "return-path")
}


def compose(delivery, content, company=None):
    """(envelope sender, envelope recipient, bytes with CRLF and DKIM signature).

    Raises BadAddress when the recipient cannot be written to. `company` is (name, address), asked for when missing.
    """
    recipient = envelope_address(delivery.to)
    name, address = company or company_sender()
    given_name, given_address = split(content.sender)
    sender = envelope_address(given_address or address)
    message = _body(content)
    for file in _attachments(delivery):
        message = _with_attachment(message, file)
    message["From"] = named(given_name or name, sender)
    message["To"] = named(delivery.to_name, recipient)
    message["Subject"] = _header(content.subject)
    message["Date"] = format_datetime(timezone.now())
    message["Message-ID"] = delivery.message_id
    reply_name, reply_address = split(content.reply_to)
    if reply_address:
        message["Reply-To"] = named(reply_name, envelope_address(reply_address))
    for header, value in content.headers.items():
        if header.lower() not in _OURS:
            message[one_line(header, 70).replace(" ", "")] = _header(value, limit=4000)
    return sender, recipient, sign_for_company(message.as_bytes(policy=_WIRE))


def _header(value, limit=500):
    value = one_line(value, limit)
    return value if value.isascii() else Header(value, "utf-8")


def _body(content):
    text = MIMEText(_lines(content.text), "plain", "utf-8")
    if not content.html:
        return text
    both = MIMEMultipart("alternative")
    both.attach(text)
    both.attach(MIMEText(_lines(content.html), "html", "utf-8"))
    return both


def _lines(text):
    """Every line end as SMTP wants it, no NUL. Encoding as base64 keeps each line on the wire under 77 octets."""
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def _attachments(delivery):
    if not delivery.attachments:
        return []
    rows = {file.pk: file for file in StoredFile.objects.filter(pk__in=delivery.attachments)}
    return [rows[pk] for pk in delivery.attachments if pk in rows]


def _with_attachment(message, file):
    outer = message if message.get_content_type() == "multipart/mixed" else MIMEMultipart("mixed")
    if outer is not message:
        outer.attach(message)
    kind, _slash, sub = file.content_type.partition("/")
    with file.content.open("rb") as content:
        part = MIMEApplication(content.read(), sub if kind == "application" and sub else "octet-stream")
    if kind not in {"application", "text", "message", "multipart"} and sub:
        part.set_type(file.content_type)
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", one_line(file.name, 150)))
    outer.attach(part)
    return outer
