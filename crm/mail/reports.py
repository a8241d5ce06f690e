"""Reports of mail systems, read: RFC 3464 (delivery), RFC 5965 (complaints), and the older words of Exim and others."""

import email
import email.policy
import re
from dataclasses import dataclass, field

from crm.mail.marks import HEADER, delivery_id_of

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45])\d\d(?=[ -])")
_ID = re.compile(r"<[^<>\s]{1,240}>")
_COPY = re.compile(
    r"^-{2,}.*(?:copy of (?:the|your) message|original message|undelivered message|returned message).*-{2,}\s*$",
    re.I | re.M,
)
# Permanent, but about the sender, the letter or the moment: full, too large, refused by a rule. The address may well live.
_NOT_THE_ADDRESS = re.compile(r"^5\.(1\.[78]|2\.[23]|3\.\d+|4\.[4-7]|5\.[1-6]|6\.\d+|7\.\d+)$")
# Codes that say no more than "no": the words have to tell.
_VAGUE = re.compile(r"^5\.[05]\.0$")
_NOBODY = re.compile(
    r"(unknown|no such|invalid|nonexistent) (user|recipient|mailbox|account|address)|(user|recipient|mailbox|account|address)"
    r" (is )?(unknown|not found|invalid|unavailable|disabled)|do(es)? ?n[o']t exist|no mailbox here|нет такого|не существует",
    re.I,
)
_LATER = ("delayed", "warning: message", "still trying", "not yet been delivered", "will be retried")
_LONGEST = 200_000


@dataclass
class Report:
    """What a report says. `kind`: failed, delayed, complaint, or other (a receipt, a success)."""

    kind: str = "other"
    recipient: str = ""
    status: str = ""
    words: str = ""
    ids: list = field(default_factory=list)
    delivery_id: int | None = None

    @property
    def is_hard(self):
        """Whether the address itself is dead: a permanent failure that is not about size, space or rules (RFC 3463)."""
        return self.kind == "failed" and _is_dead(self.status, self.words)


def refuses_address(reply):
    """Whether a server's answer to a letter ("550 5.1.1 user unknown") says that the address is dead."""
    found = _STATUS.search(reply)
    return reply.startswith("5") and _is_dead(found.group(1) if found else "5.0.0", reply)


def _is_dead(status, words):
    if _VAGUE.match(status):
        return bool(_NOBODY.search(words))
    return status.startswith("5") and not _NOT_THE_ADDRESS.match(status)


def is_report(headers):
    """Whether a letter is a report of a mail system; `headers` are lower-cased names → values.

    A null return path alone says nothing: absence notes carry it too (RFC 3834).
    """
    if "multipart/report" in headers.get("content-type", "").casefold() or "x-failed-recipients" in headers:
        return True
    sender = headers.get("from", "").casefold()
    return bool(re.search(r"\b(mailer-daemon|postmaster)@", sender))


def read_report(raw):
    """Read raw bytes. Never raises for what stands in them."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    report = Report()
    parts = list(_parts(message))
    kinds = {part.get_content_type() for part in parts}
    if "message/feedback-report" in kinds:
        report.kind = "complaint"
    elif "message/delivery-status" in kinds:
        _read_status(next(p for p in parts if p.get_content_type() == "message/delivery-status"), report)
    elif "message/disposition-notification" not in kinds:
        _read_words(message, parts, report)
    _find_original(message, parts, report)
    return report


def _parts(message):
    for number, part in enumerate(message.walk()):
        if number > 60:
            return
        yield part


def _read_status(part, report):
    """The blocks of a delivery status: the first about the message, the others about one recipient each."""
    blocks = part.get_payload() if part.is_multipart() else [email.message_from_string(str(part.get_payload()))]
    for block in blocks:
        action = str(block.get("Action", "")).strip().casefold()
        if not action:
            continue
        report.kind = {"failed": "failed", "delayed": "delayed"}.get(action, "other")
        report.recipient = _address(block.get("Original-Recipient") or block.get("Final-Recipient"))
        report.words = " ".join(str(block.get("Diagnostic-Code", "")).partition(";")[2].split())[:400]
        status = _STATUS.search(str(block.get("Status", "")))
        inner = _STATUS.search(report.words)
        # Many servers write 5.0.0 there and the true code into the words of the other side.
        vague = status is None or status.group(1).endswith(".0.0")
        report.status = (inner or status).group(1) if vague and (inner or status) else status.group(1) if status else ""
        if report.kind == "failed":
            return


def _read_words(message, parts, report):
    """A report without a machine's part: the head and the words have to do."""
    text = "\n".join(_text(p) for p in parts if p.get_content_type() == "text/plain" and not p.is_multipart())[
        :_LONGEST
    ]
    said = _COPY.split(text)[0]
    failed = str(message.get("X-Failed-Recipients", ""))
    subject = str(message.get("Subject", "")).casefold()
    late = any(word in subject or word in said[:3000].casefold() for word in _LATER)
    signs = _STATUS.search(said) or _REPLY.search(said)
    if not (failed or late or signs):
        return
    report.kind = "delayed" if late and not failed else "failed"
    report.recipient = _address(failed.split(",")[0])
    if found := _STATUS.search(said):
        report.status = found.group(1)
    elif found := _REPLY.search(said):
        report.status = f"{found.group(1)}.0.0"
    line = next((row for row in said.splitlines() if _STATUS.search(row) or _REPLY.search(row)), "")
    report.words = " ".join(line.split())[:400]


def _find_original(message, parts, report):
    """Which letter it is about: our mark, then its Message-ID, wherever the report carries them."""
    heads = [message]
    for part in parts:
        kind = part.get_content_type()
        if kind == "message/rfc822" and part.is_multipart():
            heads.append(part.get_payload(0))
        elif kind in {"text/rfc822-headers", "message/rfc822-headers"}:
            heads.append(email.message_from_string(_text(part)[:_LONGEST]))
        elif kind == "text/plain" and len(copy := _COPY.split(_text(part)[:_LONGEST])) > 1:
            heads.append(email.message_from_string(copy[1].lstrip()))
    for head in reversed(heads):
        marked = "" if head is message else str(head.get(HEADER, ""))
        path = " ".join(str(head.get(name, "")) for name in ("Return-Path", "To", "Delivered-To", "X-Original-To"))
        report.delivery_id = report.delivery_id or delivery_id_of(marked) or delivery_id_of(path)
        names = ("In-Reply-To", "References") if head is message else ("Message-ID",)
        report.ids += _ID.findall(" ".join(str(head.get(name, "")) for name in names)[:20_000])
    report.ids = list(dict.fromkeys(report.ids))[:20]


def _text(part):
    payload = part.get_payload(decode=True)
    return (payload or b"").decode("utf-8", "replace") if not part.is_multipart() else ""


def _address(value):
    """The address of `rfc822; ann@example.com`, or of a bare one."""
    return str(value or "").rpartition(";")[2].strip(" <>\r\n\t").casefold()[:320]
