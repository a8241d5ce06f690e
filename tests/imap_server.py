"""A real IMAP server for tests: pymap over its own demonstration account, with one empty folder."""

import imaplib
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

USER, PASSWORD, FOLDER = "demouser", "demopass", "Support"


@dataclass
class ImapServer:
    """The running server: `put(raw)` lays letters into its folder."""

    port: int

    def put(self, *letters):
        with imaplib.IMAP4("127.0.0.1", self.port) as connection:
            connection.login(USER, PASSWORD)
            for raw in letters:
                assert connection.append(FOLDER, None, None, raw)[0] == "OK"

    def fetched_by(self, mailbox):
        """Let the mailbox fetch from here."""
        mailbox.host, mailbox.port, mailbox.use_tls = "127.0.0.1", self.port, False
        mailbox.user_name, mailbox.folder, mailbox.password = USER, FOLDER, PASSWORD
        mailbox.save()
        return mailbox


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
