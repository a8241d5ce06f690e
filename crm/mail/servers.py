"""Mail servers that users name: where they are, how one signs in, and a wire to the address that was judged."""

import socket
import ssl
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


def wire(server, timeout):
    """A connected socket, with TLS when the server speaks it from the first byte. Raises outside.Refused, OSError."""
    host = outside.judge_server(server.host, server.port, PORTS) if server.guarded else server.host
    connected = socket.create_connection((host, server.port), timeout)
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
