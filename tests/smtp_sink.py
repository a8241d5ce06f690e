"""A real SMTP server for tests: keeps what it gets, answers as it is told."""

import email
import email.policy
from dataclasses import dataclass

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


@dataclass
class Letter:
    """One letter as it came over the wire."""

    sender: str
    to: list
    raw: bytes

    @property
    def message(self):
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def subject(self):
        return str(self.message["Subject"])

    def body(self, kind):
        """Text of the "plain" or "html" part."""
        return self.message.get_body((kind,)).get_content()


class Sink:
    """Context manager around a server on a free port of this machine."""

    def __init__(self, port=0, utf8=True, auth=None):
        """`auth` is (user, password): with it the server wants a sign-in."""
        self.utf8, self.auth = utf8, auth
        self.letters = []
        self._answers = {}
        self._drops = set()
        self._controller = _Controller(self, hostname="127.0.0.1", port=port)

    def __enter__(self):
        self._controller.start()
        self.port = self._controller.server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_error):
        self._controller.stop(no_assert=True)

    def answer(self, address, *answers):
        """Say these lines to the next letters for that address, one each, at DATA's end."""
        self._answers[address] = list(answers)

    def drop(self, address):
        """Keep the next letter to that address, and end the connection before saying so."""
        self._drops.add(address)

    def to(self, address):
        """Letters that came for one address."""
        return [letter for letter in self.letters if address in letter.to]

    async def handle_DATA(self, server, session, envelope):
        address = envelope.rcpt_tos[0]
        if self._answers.get(address):
            return self._answers[address].pop(0)
        self.letters.append(Letter(envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        if address in self._drops:
            self._drops.discard(address)
            server.transport.abort()
        return "250 Taken"


class _Controller(Controller):
    def factory(self):
        auth = self.handler.auth
        options = {"authenticator": self._judge, "auth_required": True, "auth_require_tls": False} if auth else {}
        return SMTP(
            self.handler, enable_SMTPUTF8=self.handler.utf8, hostname="sink.test", data_size_limit=None, **options
        )

    def _judge(self, server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.handler.auth, handled=False)

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
