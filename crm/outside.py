"""Asking servers elsewhere on a user's behalf: only public addresses, little, and not for long.

The name is resolved once, every address of it is judged, and the connection goes to the judged address itself, so
that a name which answers differently the second time gains nothing. Redirects are judged like the first address.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit

from django.conf import settings

PORTS = {80, 443}
REDIRECTS = 3
# One sentence for every refusal and failure: what stands behind a closed port is nobody's business.
CLOSED = "the address cannot be reached"
# Networks that IPv6 carries inside an address: NAT64 and 6to4.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(Exception):
    """The address may not be asked, did not answer in time, or answered too much."""


@dataclass(frozen=True)
class Answer:
    """What came back: status, content type in small letters, content."""

    status: int
    content_type: str
    content: bytes


def fetch(url, *, limit, seconds):
    """GET an address: at most `limit` bytes within `seconds`, three redirects followed. Raises Refused."""
    until = time.monotonic() + seconds
    for _n in range(REDIRECTS + 1):
        answer, onward = _ask(url, limit, until)
        if onward is None:
            return answer
        url = urljoin(url, onward)
    raise Refused(CLOSED)


def post(url, fields, *, limit, seconds):
    """POST a form. What the server says to a wrong one (400, 401) is an Answer too. Raises Refused."""
    until = time.monotonic() + seconds
    answer, onward = _ask(url, limit, until, urlencode(fields).encode(), {200, 400, 401})
    if onward is not None:
        raise Refused(CLOSED)
    return answer


def judge(url):
    """(parts of the address, IP to connect to). Raises Refused for all that is not a public http or https address."""
    if any(ord(c) <= 32 or c in "\\\x7f" for c in url) or len(url) > 2000:
        raise Refused(CLOSED)
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError:
        raise Refused(CLOSED) from None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        raise Refused(CLOSED)
    return parts, host, port, judge_server(host, port, PORTS)


def judge_server(host, port, ports):
    """The IP to connect to for a server that a user named, on one of `ports`. Raises Refused.

    What stands in OUTSIDE_ALLOW is taken by its name.
    """
    if f"{host}:{port}" in settings.OUTSIDE_ALLOW:
        return host
    if port not in ports:
        raise Refused(CLOSED)
    try:
        found = {row[4][0] for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise Refused(CLOSED) from None
    if not found or not all(is_public(address) for address in found):
        raise Refused(CLOSED)
    return sorted(found, key=lambda address: ":" in address)[0]


def is_public(address):
    """Whether an IP address lies in the open network, also when it is wrapped into an IPv6 one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 6:
        inner = ip.ipv4_mapped or ip.sixtofour or (ipaddress.ip_address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _ask(url, limit, until, body=None, good=frozenset({200})):
    parts, host, port, address = judge(url)
    connection = _connection(parts.scheme, host, port, address, _left(until))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        headers = {"User-Agent": "Rapport", "Accept": "*/*", "Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("GET" if body is None else "POST", path, body, headers)
        response = connection.getresponse()
        if response.status in {301, 302, 303, 307, 308} and response.headers.get("Location"):
            return None, response.headers["Location"]
        if response.status not in good:
            raise Refused(CLOSED)
        kind = response.headers.get_content_type()
        return Answer(response.status, kind, _read(response, connection, limit, until)), None
    except (OSError, http.client.HTTPException, ValueError):
        raise Refused(CLOSED) from None
    finally:
        connection.close()


def _connection(scheme, host, port, address, seconds):
    """A connection to the judged address that speaks with, and for TLS checks, the name."""
    if scheme == "https":
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=ssl.create_default_context())
    else:
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    connection._create_connection = lambda _name, timeout=None, source=None: socket.create_connection(
        (address, port), timeout
    )
    return connection


def _read(response, connection, limit, until):
    """The body, piece by piece: a server that drips is cut off when the time is up."""
    content = bytearray()
    while piece := response.read1(65536):
        content += piece
        if len(content) > limit:
            raise Refused(CLOSED)
        if connection.sock:
            connection.sock.settimeout(_left(until))
        else:
            _left(until)
    return bytes(content)


def _left(until):
    left = until - time.monotonic()
    if left <= 0:
        raise Refused(CLOSED)
    return left
