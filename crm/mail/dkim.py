"""DKIM signatures, RFC 6376: rsa-sha256, relaxed/relaxed.

Of our own because signing takes most of the time of a letter: with the key kept parsed in memory OpenSSL signs twenty
times as often as the libraries that read it anew for every letter.
"""

import base64
import hashlib
import re
import time
from functools import lru_cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from django.conf import settings

SIGNED = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"in-reply-to",
    b"references",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"auto-submitted",
)
_BLANKS = re.compile(rb"[ \t]+")
_FOLDS = re.compile(rb"\r\n(?=[ \t])")
_TRAILING = re.compile(rb"[ \t]+(?=\r\n)")


def sign(message, *, domain, selector, key, at=None):
    """The message (bytes with CRLF) with a DKIM-Signature in front. `key` is a loaded RSA private key."""
    head, _gap, body = message.partition(b"\r\n\r\n")
    headers = _FOLDS.sub(b"", head).split(b"\r\n")
    found = {}
    for line in headers:
        name, _colon, value = line.partition(b":")
        found.setdefault(name.strip().lower(), []).append(value)
    # From is named once more than it occurs: a second From added on the way breaks the signature (RFC 6376, 5.4.2).
    names = [name for name in SIGNED for _value in found.get(name, [])] + [b"from"]
    value = b"v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s; s=%s;\r\n t=%d; h=%s;\r\n bh=%s;\r\n b=" % (
        domain.encode(),
        selector.encode(),
        int(at if at is not None else time.time()),
        b":\r\n ".join(_chunks(names)),
        base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()),
    )
    values = {name: list(rows) for name, rows in found.items()}
    signed = b"".join(
        relaxed_header(name, values[name].pop()) + b"\r\n" for name in names if values.get(name)
    ) + relaxed_header(b"dkim-signature", _FOLDS.sub(b"", value))
    signature = base64.b64encode(key.sign(signed, padding.PKCS1v15(), hashes.SHA256()))
    folded = b"\r\n ".join(signature[i : i + 72] for i in range(0, len(signature), 72))
    return b"DKIM-Signature: " + value + folded + b"\r\n" + message


def relaxed_header(name, value):
    """One header in relaxed form, without its line end. `value` is already unfolded."""
    return name.lower().strip() + b":" + _BLANKS.sub(b" ", value).strip()


def relaxed_body(body):
    """A body in relaxed form: runs of blanks one, none at line ends, no empty lines at the end, one line end last."""
    if b"  " in body or b"\t" in body:
        body = _BLANKS.sub(b" ", body)
    if b" \r\n" in body:
        body = _TRAILING.sub(b"", body)
    body = body.rstrip(b"\r\n \t")
    return body + b"\r\n" if body else b""


@lru_cache(maxsize=8)
def load_key(pem):
    """The private key out of its PEM text (`\\n` written as two characters is taken as a line end)."""
    return serialization.load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)


def sign_for_company(message):
    """Sign with the key of the settings; without one the message stays as it is."""
    if not (settings.DKIM_PRIVATE_KEY and settings.DKIM_DOMAIN):
        return message
    return sign(
        message,
        domain=settings.DKIM_DOMAIN,
        selector=settings.DKIM_SELECTOR,
        key=load_key(settings.DKIM_PRIVATE_KEY),
    )


def _chunks(names):
    """Names joined by colons in pieces that keep a line under 78 characters."""
    line, lines = b"", []
    for name in names:
        if line and len(line) + len(name) > 65:
            lines.append(line)
            line = b""
        line = line + b":" + name if line else name
    return [*lines, line]
