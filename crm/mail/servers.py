"""Mail servers that users name: where they are, how one signs in, and a wire to the address that was judged."""

import contextlib
import socket
import ssl
import threading
from dataclasses import dataclass, field

from crm import outside

TIMEOUT = 30
# Instead of the words of an error that quotes what it could not write.
NOT_ASCII = "User names and passwords travel in Latin letters, digits and signs only."
# Ports of mail. Others have no business with us, whoever listens there.
PORTS = {25, 143, 465, 587, 993, 2525}


@dataclass(frozen=True)
class Server:
    """An IMAP or SMTP server with an account: a password, or a bearer token (XOAUTH2).

    `security` is "tls" from the first byte, "starttls" or "none". `guarded`: named by a user, so only public addresses
    are asked, and those in OUTSIDE_ALLOW; an administrator's server may stand in the house.
    """

    host: str
    port: int
    security: str = "tls"
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    guarded: bool = True


class Deadline:
    """Ends the wires it holds after so many seconds: a timeout of a socket starts anew with every byte, so a server that
    drips would hold us for ever."""

    def __init__(self, seconds):
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._held, self._is_over = [], False

    def __enter__(self):
        self._timer.start()
        return self

    def __exit__(self, *_error):
        self._timer.cancel()
        for held in self._held:
            held.close()

    def hold(self, connected):
        # A copy of the handle: TLS takes the socket itself away.
        self._held.append(connected.dup())
        if self._is_over:
            self._end()

    def _end(self):
        self._is_over = True
        for held in self._held:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)


def wire(server, timeout, deadline=None):
    """A connected socket, with TLS when the server speaks it from the first byte. Raises outside.Refused, OSError."""
    host = outside.judge_server(server.host, server.port, PORTS) if server.guarded else server.host
    connected = socket.create_connection((host, server.port), timeout)
    if deadline:
        deadline.hold(connected)
    if server.security != "tls":
        return connected
    try:
        return tls().wrap_socket(connected, server_hostname=server.host)
    except Exception:
        connected.close()
        raise


def tls():
    """Certificates are checked, always."""
    return ssl.create_default_context()


def bearer(server):
    """The answer of XOAUTH2: the token once, then nothing, so that a refusing server says why and ends."""
    words = [f"user={server.user}\x01auth=Bearer {server.token}\x01\x01"]

    def answer(_challenge=None):
        return words.pop() if words else ""

    return answer
