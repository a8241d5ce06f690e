"""What apps add to the sending of mail: renderers, guards and ears for the outcome. Filled by extensions.py."""

from dataclasses import dataclass, field
from datetime import datetime

_renderers = {}
_guards = []
_ears = []
_report_ears = []
_accounts = {}


@dataclass
class Content:
    """What is in a letter. `headers` are further headers, name → value; `calendar` is (method, text) of an invitation."""

    subject: str
    text: str
    html: str = ""
    headers: dict = field(default_factory=dict)
    sender: str = ""
    reply_to: str = ""
    calendar: tuple = ()


@dataclass(frozen=True)
class Stop:
    """A guard's word against a letter: `state` is suppressed or cancelled; with `until` it waits instead."""

    reason: str
    state: str = "suppressed"
    until: datetime | None = None


def renderer(purpose):
    """Decorator: `fn(deliveries)` gives {pk: Content} for letters of that purpose, or Stop where none can be made."""

    def register(fn):
        _renderers[purpose] = fn
        return fn

    return register


def account(prefix):
    """Decorator: `fn(key)` gives the `crm.mail.servers.Server` of letters whose account is "prefix:key", None when it
    is gone."""

    def register(fn):
        _accounts[prefix] = fn
        return fn

    return register


def server_of(name):
    """The server of an account, None for one that is gone."""
    prefix, _colon, key = name.partition(":")
    return _accounts[prefix](key) if prefix in _accounts else None


def guard(fn):
    """Decorator: `fn(deliveries)` gives {pk: Stop} for letters that must not go now.

    It is asked when a batch is claimed and once more for each letter right before it is handed to the server, in
    the transaction that notes the handing over. It reads the database anew each time.
    """
    _guards.append(fn)
    return fn


def on_outcome(fn):
    """Decorator: `fn(deliveries)` learns, once each, of letters that are sent, failed, suppressed or cancelled.

    It runs in the transaction that notes that it was told: what it writes happens exactly once.
    """
    _ears.append(fn)
    return fn


def on_report(fn):
    """Decorator: `fn(delivery, report)` learns, once for each news, that a letter bounced, is late or was complained of.

    It runs in the transaction that writes the report onto the letter.
    """
    _report_ears.append(fn)
    return fn


def tell_report(delivery, report):
    """Tell the apps of a report; the caller holds the transaction."""
    for hear in _report_ears:
        hear(delivery, report)


def render(deliveries):
    """{pk: Content or Stop} for letters of any purpose."""
    found, by_purpose = {}, {}
    for delivery in deliveries:
        if delivery.purpose in _renderers:
            by_purpose.setdefault(delivery.purpose, []).append(delivery)
        else:
            found[delivery.pk] = Content(
                delivery.subject,
                delivery.text,
                delivery.html,
                dict(delivery.headers),
                delivery.sender,
                delivery.reply_to,
            )
    for purpose, group in by_purpose.items():
        found.update(_renderers[purpose](group))
    return found


def stops(deliveries):
    """{pk: Stop} of the first guard that objects."""
    found = {}
    for check in _guards:
        rest = [d for d in deliveries if d.pk not in found]
        if rest:
            found.update(check(rest))
    return found


def tell(deliveries):
    """Tell the apps of outcomes; the caller holds the transaction."""
    for hear in _ears:
        hear(deliveries)
