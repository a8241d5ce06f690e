"""Who must not be answered by a machine, and what is no request at all."""


def is_automatic(letter):
    """Whether a machine wrote it (RFC 3834 and what mailers really send): it wakes nobody and gets no automatic answer."""
    headers = letter.headers
    submitted = headers.get("auto-submitted", "no").split(";")[0].strip().casefold()
    return (
        submitted not in {"", "no"}
        or headers.get("x-autoreply", "").casefold() == "yes"
        or headers.get("x-autorespond", "") != ""
        or headers.get("precedence", "").casefold() in {"bulk", "junk", "auto_reply", "list"}
        or "list-id" in headers
        or headers.get("x-auto-response-suppress", "").casefold() == "all"
    )


def is_bounce(letter):
    """A report of the mail system, not a letter of a person."""
    kind = letter.headers.get("content-type", "").casefold()
    return (
        "multipart/report" in kind
        or letter.headers.get("return-path", "").strip() == "<>"
        or letter.sender.partition("@")[0] in {"mailer-daemon", "postmaster"}
    )


def is_ours(letter):
    """One of our own letters come back: its mark is in the head."""
    return "x-rapport" in letter.headers
