"""One SMTP connection, kept from letter to letter, and an exact word on what became of each."""

import smtplib
import ssl
from dataclasses import dataclass

from django.conf import settings

from crm import outside
from crm.mail.hooks import server_of
from crm.mail.servers import NOT_ASCII, bearer, tls, wire

# Letters over one connection; many servers end it after a hundred or so.
LETTERS_A_CONNECTION = 100


class ServerAway(Exception):
    """No connection: nothing was handed over. The message is the reason in the server's or system's words."""


@dataclass(frozen=True)
class Answer:
    """What the server said to one letter.

    `outcome` is sent, deferred (try later), failed (never), or unknown: the connection broke after the letter had
    begun to flow, so it may have arrived.
    """

    outcome: str
    code: int = 0
    text: str = ""


class SignInRefused(ServerAway):
    """The server is there and does not take the account."""


class Connection:
    """A connection to a server, opened when needed and kept: to a user's own `server`, else to the company's."""

    def __init__(self, server=None, *, timeout=None, account="", deadline=None):
        self._server, self._timeout, self._account, self._deadline = server, timeout, account, deadline
        self._smtp = None
        self._letters = 0

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

    def open(self):
        """Connect and sign in unless that is done. Raises ServerAway."""
        if self._smtp is not None and self._letters >= LETTERS_A_CONNECTION:
            self.close()
        if self._smtp is None:
            try:
                self._smtp, self._letters = self._connected(), 0
            except smtplib.SMTPAuthenticationError as error:
                # "Not now" (454) is no word on the account.
                kind = SignInRefused if error.smtp_code >= 500 else ServerAway
                raise kind(_words((error.smtp_code, error.smtp_error))[1]) from error
            except UnicodeError as error:
                raise SignInRefused(NOT_ASCII) from error
            except outside.Refused as error:
                raise ServerAway(str(error)) from error
            except (OSError, smtplib.SMTPException) as error:
                raise ServerAway(str(error)[:400]) from error

    def _connected(self):
        if self._account:
            self._server = server_of(self._account)
            if self._server is None:
                raise SignInRefused("")
        return _connect_to(self._server, self._timeout, self._deadline) if self._server else _connect()

    def close(self):
        if self._smtp is not None:
            try:
                self._smtp.quit()
            except (OSError, smtplib.SMTPException):
                self._smtp.close()
            self._smtp = None

    def send(self, sender, recipient, message, copies=()):
        """Hand over one letter for one recipient, and for those who get a copy. Returns the Answer; never raises for
        what the server does. A copy that is refused holds up nothing: the answer names it."""
        started = kept = False
        try:
            self.open()
            kept = self._letters > 0
            self._letters += 1
            writes_all = self._smtp.has_extn("smtputf8")
            extra = [] if "".join([recipient, *copies]).isascii() or not writes_all else ["SMTPUTF8"]
            if not recipient.isascii() and not writes_all:
                return Answer("failed", 553, "The server cannot write to addresses with other than Latin letters.")
            refused = self._refusal(self._smtp.mail(sender, extra)) or self._refusal(self._smtp.rcpt(recipient))
            if refused:
                return refused
            left_out = [
                copy for copy in copies if not (copy.isascii() or writes_all) or self._smtp.rcpt(copy)[0] >= 400
            ]
            started = True
            answer = self._smtp.data(message)
            refused = self._refusal(answer)
            return refused or Answer("sent", answer[0], " ".join([_words(answer)[1], *left_out])[:400])
        except smtplib.SMTPDataError as error:
            # The server refused the word DATA itself: nothing has flowed.
            self._reset()
            return _judge(error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPException, ServerAway) as error:
            self._drop()
            if kept and not started:
                return self.send(sender, recipient, message, copies)  # a kept connection had ended meanwhile
            return Answer("unknown" if started else "deferred", 0, str(error)[:400] or type(error).__name__)

    def _refusal(self, answer):
        code, text = answer
        if code < 400:
            return None
        self._reset()
        return _judge(code, text)

    def _reset(self):
        try:
            self._smtp.rset()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self):
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _judge(code, text):
    return Answer("deferred" if 400 <= code < 500 else "failed", *_words((code, text)))


def _words(answer):
    code, text = answer
    return code, (text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text))[:400]


def _connect():
    kind = smtplib.SMTP_SSL if settings.EMAIL_USE_SSL else smtplib.SMTP
    options = {"context": ssl.create_default_context()} if settings.EMAIL_USE_SSL else {}
    smtp = kind(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=settings.EMAIL_TIMEOUT, **options)
    try:
        smtp.ehlo()
        if settings.EMAIL_USE_TLS:
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        if settings.EMAIL_HOST_USER:
            smtp.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    except Exception:
        smtp.close()
        raise
    return smtp


class _Smtp(smtplib.SMTP):
    """A connection to the address that was judged; TLS checks the name."""

    def __init__(self, server, timeout, deadline):
        self.server, self.deadline = server, deadline
        super().__init__(server.host, server.port, timeout=timeout)

    def _get_socket(self, host, port, timeout):
        return wire(self.server, timeout, self.deadline)


def _connect_to(server, timeout, deadline):
    smtp = _Smtp(server, timeout or settings.EMAIL_TIMEOUT, deadline)
    try:
        smtp.ehlo()
        if server.security == "starttls":
            smtp.starttls(context=tls())
            smtp.ehlo()
        if server.token:
            smtp.auth("XOAUTH2", bearer(server))
        elif server.password:
            smtp.login(server.user, server.password)
    except Exception:
        smtp.close()
        raise
    return smtp
