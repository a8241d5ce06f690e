"""DKIM signatures, held against an independent verifier."""

import dkim as verifier
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from crm.mail import queue_mail, send_due
from crm.mail.dkim import relaxed_body, sign


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def record_of(key):
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    import base64

    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def verifies(raw, key):
    return verifier.verify(raw, dnsfunc=lambda name, timeout=5: record_of(key))


@pytest.mark.parametrize(
    "body",
    ["Hello\r\n", "", "\r\n\r\n", "two  blanks \t at the end  \r\n\r\n\r\n", "no line end", " \t\r\nx \r\n \r\n"],
)
def test_an_independent_verifier_accepts_the_signature(key, body):
    raw = (
        "From: Halden <crm@halden.test>\r\nTo: ann@example.com\r\nSubject: Long  one\r\n that is folded\r\n"
        f"Message-ID: <1@halden.test>\r\nDate: Tue, 24 Nov 2026 00:00:00 +0000\r\n\r\n{body}"
    ).encode()

    signed = sign(raw, domain="halden.test", selector="rapport", key=key)

    assert signed.endswith(raw)
    assert verifies(signed, key)


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"Hello", b"Hullo"), (b"To: ann", b"To: bob"), (b"From: Halden", b"From: x@evil.test\r\nFrom: Halden")],
)
def test_a_change_on_the_way_is_noticed(key, before, after):
    raw = b"From: Halden <crm@halden.test>\r\nTo: ann@example.com\r\nSubject: S\r\n\r\nHello\r\n"

    signed = sign(raw, domain="halden.test", selector="rapport", key=key)

    assert not verifies(signed.replace(before, after, 1), key)


def test_the_relaxed_body_follows_the_example_of_the_rfc():
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"


def test_a_letter_on_the_wire_is_signed(workspace, smtp, settings, key):
    settings.DKIM_DOMAIN = "halden.test"
    settings.DKIM_PRIVATE_KEY = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    queue_mail(to="ann@example.com", to_name="Анна", subject="Привет " * 20, text="x  y\n\n", html="<p>z</p>")

    send_due()

    assert verifies(smtp.letters[0].raw, key)
