"""Who must not be answered by a machine, and what is no request at all."""

from crm.mail.marks import delivery_id_of
from crm.mail.reports import is_report as head_says_report


def is_automatic(letter):
    """Whether a machine wrote it (RFC 3834 and what mailers really send): it wakes nobody and gets no automatic answer."""
    headers = letter.headers
    return (
        is_answer_of_machine(letter)
        or _submitted(headers) not in {"", "no"}
        or headers.get("x-autoreply", "").casefold() == "yes"
        or headers.get("precedence", "").casefold() in {"bulk", "junk", "list"}
        or "list-id" in headers
        or headers.get("x-auto-response-suppress", "").casefold() == "all"
        or headers.get("return-path", "").strip() == "<>"
    )


def is_answer_of_machine(letter):
    """Whether it only answers a letter ("I am away"): without a ticket it asks for nothing."""
    headers = letter.headers
    return (
        _submitted(headers) == "auto-replied"
        or headers.get("x-autorespond", "") != ""
        or headers.get("precedence", "").casefold() == "auto_reply"
    )


def is_report(letter):
    """A report of the mail system, not a letter of a person."""
    return head_says_report(letter.headers)


def may_be_human(letter, report):
    """A postmaster who writes himself: nothing in the letter looks like a report."""
    plain = "multipart/report" not in letter.headers.get("content-type", "").casefold()
    return plain and report.kind == "other" and letter.sender.startswith("postmaster@")


def is_ours(letter):
    """One of our own letters come back: it carries our mark, which another installation's letters do not."""
    return delivery_id_of(letter.headers.get("x-rapport", "")) is not None


def _submitted(headers):
    return headers.get("auto-submitted", "no").split(";")[0].strip().casefold()
