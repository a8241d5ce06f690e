"""A real IMAP server for tests: pymap over its own demonstration account, with one empty folder."""

import contextlib
import imaplib
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

USER, PASSWORD, FOLDER = "demouser", "demopass", "Support"


@dataclass
class ImapServer:
    """The running server: `put(raw)` lays letters into its folder."""

    port: int

    def put(self, *letters, folder=FOLDER):
        with self._signed_in() as connection:
            for raw in letters:
                assert connection.append(folder, None, None, raw)[0] == "OK"

    def all(self, folder):
        """The raw letters of a folder."""
        with self._signed_in() as connection:
            connection.select(folder, readonly=True)
            uids = connection.uid("SEARCH", None, "ALL")[1][0].split()
            return [connection.uid("FETCH", uid.decode(), "(BODY.PEEK[])")[1][0][1] for uid in uids]

    def clear(self, *folders):
        """Empty folders."""
        for folder in folders:
            if count := len(self.all(folder)):
                self.expunge(folder, count)

    def expunge(self, folder, n=1):
        """Take the first n letters out of a folder, as a person does in a mail program."""
        with self._signed_in() as connection:
            connection.select(folder)
            connection.store(f"1:{n}", "+FLAGS", r"(\Deleted)")
            connection.expunge()

    def _signed_in(self):
        connection = imaplib.IMAP4("127.0.0.1", self.port)
        connection.login(USER, PASSWORD)
        return connection

    def fetched_by(self, mailbox):
        """Let the mailbox fetch from here."""
        mailbox.host, mailbox.port, mailbox.use_tls = "127.0.0.1", self.port, False
        mailbox.user_name, mailbox.folder, mailbox.password = USER, FOLDER, PASSWORD
        mailbox.save()
        return mailbox


class Dropping:
    """A wire to a server of this machine that breaks after so many bytes of answers; None lets everything through.

    `hears(piece)` is told of what the client says, and swallows it by saying True.
    """

    def __init__(self, port, hears=None):
        self.target, self.limit, self.hears = port, None, hears
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                near, _address = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self._carry, args=(near, far, None, self.hears), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, self.limit), daemon=True).start()

    @staticmethod
    def _carry(source, target, left, hears=None):
        try:
            while (piece := source.recv(256)) and left != 0:
                if hears and hears(piece):
                    continue
                piece = piece if left is None else piece[:left]
                target.sendall(piece)
                left = None if left is None else left - len(piece)
        except OSError:
            pass
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def serve():
    """Generator of a started server, ended with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [sys.executable, "-c", "from pymap.main import main; main()"]
    command = [*program, "--no-tls", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([*command, "dict", "--demo-data"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        with imaplib.IMAP4("127.0.0.1", port) as connection:
            connection.login(USER, PASSWORD)
            connection.create(FOLDER)
        yield ImapServer(port)
    finally:
        process.terminate()
        process.wait(10)


def _wait(port):
    for _n in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the IMAP server did not start")
