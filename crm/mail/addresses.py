"""Addresses and header texts that cannot smuggle anything in."""

import re
from email.header import Header
from email.utils import formataddr, parseaddr

from django.conf import settings

from crm.models import Workspace
from crm.text import CONTROLS

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]+@[^\s@<>()\[\],;:\"\\]+\Z")


# Domains nobody can own (RFC 2606, RFC 6761).
_RESERVED = re.compile(r"(^|\.)(test|example|invalid|localhost|example\.(com|net|org))$")


class BadAddress(ValueError):
    """The address cannot be written to; the message says why."""


def one_line(text, limit=500):
    """Text fit for a header: controls and line ends become one blank."""
    return CONTROLS.sub(" ", str(text or "")).strip()[:limit]


def envelope_address(address):
    """The address as the server wants it: an international domain in its ASCII form.

    Raises BadAddress for anything that is not one plain address. The local part may be other than ASCII; whether
    the server takes that is its own answer.
    """
    address = (address or "").strip()
    if len(address) > 320 or CONTROLS.search(address) or not _ADDRESS.match(address):
        raise BadAddress(address)
    local, _at, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode() if not domain.isascii() else domain}"
    except UnicodeError:
        raise BadAddress(address) from None


def named(name, address):
    """`Name <address>` for a header, the name encoded when it has to be."""
    name = one_line(name, 150)
    if not name:
        return address
    return formataddr((name, address)) if name.isascii() else f"{_encoded(name)} <{address}>"


def _encoded(name):
    return Header(name, "utf-8").encode().replace("\n", "")


def company_sender():
    """(name, address) from which the company writes."""
    workspace = Workspace.get()
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return one_line(workspace.mail_name or workspace.name or name), workspace.mail_from or address


def split(value):
    """(name, address) of a From or Reply-To value such as `Ann <a@x.test>`; ("", "") when there is none."""
    return parseaddr(one_line(value, 400))


def message_domain():
    """The domain that stands in Message-IDs: that of DKIM, else of the sender's address."""
    domain = settings.DKIM_DOMAIN or company_sender()[1].rpartition("@")[2]
    return domain if domain.isascii() and domain else "localhost"


def masked(address):
    """Enough of an address for its owner to know it."""
    name, _at, domain = address.partition("@")
    return f"{name[:2]}…@{domain}"


def is_reserved(address):
    """Whether the address lies in a domain nobody can own, so that a letter to it reaches no one."""
    return bool(_RESERVED.search(address.rpartition("@")[2].lower()))
