"""An IMAP mailbox as little as we need of it: its folders, the numbers of its letters, heads, letters, and adding one.

Folders and letters are only looked at (EXAMINE, BODY.PEEK): nothing is marked as read.
"""

import imaplib
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from crm.mail.servers import NOT_ASCII, TIMEOUT, Server, bearer, tls, wire

# What of a head is needed to judge a letter before it is fetched.
HEADS = (
    "FROM TO CC BCC SUBJECT DATE MESSAGE-ID IN-REPLY-TO REFERENCES AUTO-SUBMITTED CONTENT-TYPE RETURN-PATH X-RAPPORT"
    " X-FAILED-RECIPIENTS"
)
# Twice what is ever asked for. A server that announces more is not listened to.
LARGEST = 100 * 1024 * 1024
_FOLDER = re.compile(rb'\((?P<flags>[^)]*)\) (?:"(?:[^"\\]|\\.)*"|NIL) (?P<path>.*)', re.S)
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_NOT_NOW = re.compile(r"\[(UNAVAILABLE|LIMIT|INUSE|SERVERBUG)\]", re.I)
_SHIFTED = re.compile(r"&([^-&]*)-")


@dataclass(frozen=True)
class Folder:
    """`path` as the server calls it, `name` as people read it, `flags` in small letters such as "\\sent"."""

    path: str
    name: str
    flags: frozenset


@dataclass(frozen=True)
class Head:
    uid: int
    size: int
    raw: bytes


class _Imap(imaplib.IMAP4):
    """A connection to the address that was judged; TLS checks the name."""

    def __init__(self, server, timeout, deadline):
        self.server, self.deadline = server, deadline
        super().__init__(server.host, server.port, timeout=timeout)

    def _create_socket(self, timeout):
        return wire(self.server, timeout, self.deadline)

    def read(self, size):
        if size > LARGEST:
            raise self.abort("more was announced than was asked for")
        return super().read(size)


class Mailbox:
    """A signed-in connection. Methods raise OSError or imaplib.IMAP4.error for what the server or the wire does."""

    def __init__(self, imap):
        self.imap = imap

    @property
    def is_gmail(self):
        return "X-GM-EXT-1" in self.imap.capabilities

    def folders(self):
        """All folders that hold letters."""
        status, rows = self.imap.list()
        _checked(status, rows)
        found = []
        for row in rows or []:
            head, literal = row if isinstance(row, tuple) else (row, None)
            match = _FOLDER.match(head or b"")
            if not match:
                continue
            path = _unquoted(literal if literal is not None else match["path"]).decode("utf-8", "replace")
            flags = frozenset(match["flags"].decode("ascii", "replace").lower().split())
            if "\\noselect" not in flags and "\\nonexistent" not in flags:
                found.append(Folder(path, readable(path), flags))
        return found

    def look_at(self, path):
        """Open a folder to read. Returns its UIDVALIDITY, by which a server says that it numbers letters anew."""
        status, said = self.imap.select(quoted(path), readonly=True)
        if status != "OK":
            raise imaplib.IMAP4.error(f"folder {path}: {said[0].decode(errors='replace')}")
        return int((self.imap.response("UIDVALIDITY")[1] or [b"0"])[0] or 0)

    def uids(self, *criteria):
        """Numbers of the letters that fit, in order, each once."""
        status, found = self.imap.uid("SEARCH", *criteria)
        _checked(status, found)
        return sorted({int(uid) for row in found if row for uid in row.split()})

    def uids_after(self, uid):
        """Those above a number: "n:*" names the last letter even when its number is smaller."""
        return [found for found in self.uids("UID", f"{uid + 1}:*") if found > uid]

    def heads(self, uids):
        """{uid: Head}; a letter that the server names but does not give is missing."""
        status, rows = self.imap.uid(
            "FETCH", ",".join(map(str, uids)), f"(UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS ({HEADS})])"
        )
        _checked(status, rows)
        found = {}
        for place, row in enumerate(rows):
            if not isinstance(row, tuple):
                continue
            # Some servers name the number behind the text.
            after = rows[place + 1] if place + 1 < len(rows) and isinstance(rows[place + 1], bytes) else b""
            said = row[0] + b" " + after
            uid, size = _UID.search(said), _SIZE.search(said)
            if uid and int(uid.group(1)) in uids:
                found.setdefault(int(uid.group(1)), Head(int(uid.group(1)), int(size.group(1)) if size else 0, row[1]))
        return found

    def letter(self, uid, limit):
        """The first `limit` bytes of a letter, None when the server does not give it."""
        status, found = self.imap.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{limit}>)")
        return next((part[1] for part in found if isinstance(part, tuple)), None) if status == "OK" else None

    def holds(self, message_id):
        """Whether the open folder has a letter with that Message-ID."""
        return bool(self.uids("HEADER", "Message-ID", quoted(message_id)))

    def add(self, path, raw, at=None):
        """Lay a letter into a folder, as read."""
        moment = imaplib.Time2Internaldate(at or datetime.now(UTC))
        status, said = self.imap.append(quoted(path), r"(\Seen)", moment, raw)
        _checked(status, said)


class SignInRefused(Exception):
    """The server is there and does not take the account. The message is in its words."""


@contextmanager
def mailbox(server: Server, *, timeout=TIMEOUT, deadline=None):
    """A signed-in Mailbox; a `servers.Deadline` bounds all that is done in it. Raises SignInRefused, outside.Refused for an address that may not be asked, OSError and
    imaplib.IMAP4.error for all else that the server or the wire does."""
    imap = _Imap(server, timeout, deadline)
    try:
        _sign_in(imap, server)
        yield Mailbox(imap)
    finally:
        leave(imap)


def leave(imap):
    """Sign off. A server that went away meanwhile must not hide what went wrong before."""
    try:
        imap.logout()
    except (OSError, imaplib.IMAP4.error):
        imap.shutdown()


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def readable(path):
    """A folder's name out of the modified UTF-7 of RFC 3501; what is not written so stays as it is."""

    def word(match):
        if not match[1]:
            return "&"
        return f"+{match[1].replace(',', '/')}-".encode("ascii").decode("utf-7")

    try:
        return _SHIFTED.sub(word, path)
    except UnicodeError:
        return path


def _sign_in(imap, server):
    if server.security == "starttls":
        imap.starttls(tls())
    try:
        if server.token:
            answer = bearer(server)
            imap.authenticate("XOAUTH2", lambda challenge: answer(challenge).encode())
        else:
            imap.login(server.user, server.password)
    except UnicodeError as error:
        raise SignInRefused(NOT_ASCII) from error
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        # A server that has no room or no time now (RFC 5530) says nothing about the account.
        if _NOT_NOW.search(str(error)):
            raise
        raise SignInRefused(str(error)) from error


def _unquoted(path):
    path = path.strip()
    if path[:1] == b'"' and path[-1:] == b'"':
        return re.sub(rb"\\(.)", rb"\1", path[1:-1])
    return path


def _checked(status, said):
    if status != "OK":
        words = said[0] if said else b""
        raise imaplib.IMAP4.error(words.decode(errors="replace") if isinstance(words, bytes) else str(words))
