"""Signing in by OAuth2 at Google or Microsoft: a code for tokens, and a fresh access token when the last has run out.

The providers that the administrator has set up stand in `settings.MAIL_PROVIDERS`.
"""

import base64
import hashlib
import json
import secrets
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from contacts.models import PersonalMailbox
from crm import outside

SECONDS = 15
LARGEST = 100_000
# A token is renewed before it runs out: a letter takes a moment.
SPARE = timedelta(minutes=2)


class NoToken(Exception):
    """The provider gives no access; its owner has to connect the mailbox anew. The message is the provider's word."""


def providers():
    """[(name, label)] of those that are set up."""
    return [(name, PersonalMailbox.Provider(name).label) for name in settings.MAIL_PROVIDERS]


def begin(name, address):
    """(address to go to, what to keep until the person comes back)."""
    provider = settings.MAIL_PROVIDERS[name]
    kept = {
        "provider": name,
        "address": address,
        "state": secrets.token_urlsafe(24),
        "verifier": secrets.token_urlsafe(48),
    }
    challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest()).decode().rstrip("=")
    query = {
        "client_id": provider["client_id"],
        "redirect_uri": return_url(),
        "response_type": "code",
        "scope": provider["scope"],
        "access_type": "offline",
        "prompt": "consent",
        "login_hint": address,
        "state": kept["state"],
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }  # fmt: skip
    return f"{provider['authorize']}?{urlencode(query)}", kept


def finish(mailbox, kept, code):
    """Take the tokens for a code. Raises NoToken."""
    name = kept["provider"]
    given = _ask(name, grant_type="authorization_code", code=code, redirect_uri=return_url(), code_verifier=kept["verifier"])  # fmt: skip
    if not given.get("refresh_token"):
        raise NoToken("no refresh token")
    provider = settings.MAIL_PROVIDERS[name]
    if mailbox.address != kept["address"]:
        mailbox.proved_at = None
    mailbox.provider, mailbox.address, mailbox.user_name = name, kept["address"], kept["address"]
    for kind in ("imap", "smtp"):
        for part, value in zip(("host", "port", "security"), provider[kind], strict=True):
            setattr(mailbox, f"{kind}_{part}", value)
    mailbox.password = given["refresh_token"]
    _note(mailbox, given)


def token_of(mailbox):
    """A good access token of a mailbox. Raises NoToken, outside.Refused."""
    row = PersonalMailbox.objects.get(pk=mailbox.pk)
    return row.access_token if _is_good(row) else renewed(row)


def renewed(row):
    """A fresh access token. No row is locked while the provider is asked: of two workers that ask at once the first one's
    tokens are kept, and where the provider takes a refresh token once only, the second one finds them. Raises NoToken."""
    if row.provider not in settings.MAIL_PROVIDERS:
        raise NoToken("not set up")
    known = PersonalMailbox.objects.filter(pk=row.pk, secret=row.secret)
    try:
        given = _ask(row.provider, grant_type="refresh_token", refresh_token=row.password)
    except NoToken:
        other = PersonalMailbox.objects.exclude(secret=row.secret).filter(pk=row.pk, provider=row.provider).first()
        if other and _is_good(other):
            return other.access_token
        raise
    if given.get("refresh_token"):
        row.password = given["refresh_token"]
    _note(row, given)
    known.update(secret=row.secret, access_secret=row.access_secret, access_until=row.access_until)
    return row.access_token


def _is_good(row):
    return bool(row.access_until) and row.access_until > timezone.now() + SPARE


def return_url():
    return settings.BASE_URL + reverse("contacts:mailbox_return")


def _note(mailbox, given):
    mailbox.access_token = given["access_token"]
    mailbox.access_until = timezone.now() + timedelta(seconds=int(given.get("expires_in", 300)))


def _ask(name, **fields):
    provider = settings.MAIL_PROVIDERS[name]
    fields |= {"client_id": provider["client_id"], "client_secret": provider["secret"]}
    answer = outside.post(provider["token"], fields, limit=LARGEST, seconds=SECONDS)
    try:
        given = json.loads(answer.content)
    except ValueError:
        raise outside.Refused(outside.CLOSED) from None
    if answer.status != 200 or "access_token" not in given:
        raise NoToken(str(given.get("error", "refused"))[:100])
    return given
