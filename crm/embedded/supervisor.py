"""`manage.py up`: servers, web, workers and beat as one process group with one end."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from crm.embedded.place import BASE_DIR, Refusal, default_root, die_with_parent, full_disk, open_place, stop
from crm.embedded.postgres import Postgres
from crm.embedded.redis import Redis

CALM = 30  # seconds a process must live before its failures are forgotten
QUEUES = "default,mail,events,segments,models"


def main():
    """Start everything, wait for a signal, end everything. Returns the exit code."""
    try:
        with Group() as group:
            group.start()
            group.wait()
        return 0
    except Refusal as refusal:
        print(f"rapport: {refusal}", file=sys.stderr)
        return 1


class Group:
    """The embedded servers that are needed and the program's own processes."""

    def __init__(self):
        self.port = _port()
        self.servers = []
        self.children = []
        self.over = threading.Event()

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.over.set())
        return self

    def __exit__(self, *_error):
        self.over.set()
        # All are told at once, so that ending takes as long as the slowest.
        enders = [threading.Thread(target=child.stop) for child in self.children]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()
        for server in reversed(self.servers):
            server.stop()

    def start(self):
        """Bring up all parts in order. Raises Refusal."""
        _must_be_free(self.port)
        place = open_place(default_root())
        self.log = place.root / "log"
        self.log.mkdir(mode=0o750, exist_ok=True)
        env = self._environment(place)
        self._manage(env, "migrate", "--verbosity", "0")
        demo = place.root / "demo.json"
        self._load_demo(env, demo)
        for name, command in self._commands(place, env):
            self.children.append(Child(name, command, env, self.over))
        self._wait_for_web()
        _greet(self.port, demo)

    def wait(self):
        """Until a signal comes."""
        while not self.over.wait(1):
            pass

    def _environment(self, place):
        env = dict(os.environ)
        env.setdefault("SECRET_KEY", place.secret("secret.key"))
        env |= {
            "RAPPORT_EMBEDDED": "1",
            "DATA_DIR": str(place.root),
            "BASE_URL": env.get("BASE_URL", f"http://localhost:{self.port}"),
            "DJANGO_SETTINGS_MODULE": "crm.settings",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
            # Many small threads of native libraries would only cost memory.
            "OMP_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
        }
        if not env.get("DATABASE_URL"):
            env["DATABASE_URL"] = self._serve(Postgres(place), "postgres")
        if not env.get("REDIS_URL"):
            env["REDIS_URL"] = self._serve(Redis(place), "redis")
        if not env.get("EMAIL_URL"):
            env["DEV_MAILBOX"] = str(place.root / "mailbox")
            env["EMAIL_URL"] = f"smtp://127.0.0.1:{_free_port()}"
        return env

    def _serve(self, server, name):
        self.servers.append(server)
        with open(self.log / f"{name}.log", "ab") as log:
            server.start(log)
        return server.url()

    def _manage(self, env, *args):
        done = subprocess.run(
            [sys.executable, "manage.py", *args], cwd=BASE_DIR, env=env, capture_output=True, text=True
        )
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()
            # The exception's own line says more than the hint below it.
            why = next((line for line in reversed(lines) if "Error: " in line), lines[-1] if lines else "")
            if os.strerror(errno.ENOSPC) in why:
                raise full_disk(env["DATA_DIR"], f"manage.py {args[0]} found no room to write")
            raise Refusal(f"manage.py {args[0]} failed: {why.strip()}")
        return done.stdout

    def _load_demo(self, env, demo):
        """Load the demo company into an empty database, unless DEMO=0."""
        empty = self._manage(
            env, "shell", "-v", "0", "-c", "from crm.models import User; print(not User.objects.exists())"
        )
        if "True" not in empty or env.get("DEMO", "1") in {"0", "no", "false"}:
            return
        print("rapport: loading the demo company …", flush=True)
        self._manage(env, "seed_demo", "--contacts", env.get("CONTACTS", "2000"), "--passwords", str(demo))

    def _commands(self, place, env):
        python = sys.executable
        if "DEV_MAILBOX" in env:
            yield (
                "mail",
                [python, "-m", "crm.embedded.mailbox", env["DEV_MAILBOX"], env["EMAIL_URL"].rpartition(":")[2]],
            )
        yield "web", [
            python, "-m", "gunicorn", "crm.wsgi", "--bind", f"{env.get('HOST', '127.0.0.1')}:{self.port}",
            "--workers", env.get("WEB_WORKERS", "2"), "--threads", "4",
            "--keep-alive", "30", "--timeout", "60", "--no-control-socket",
        ]  # fmt: skip
        yield "work", [
            python, "-m", "celery", "-q", "-A", "crm", "worker", "-Q", QUEUES, "--concurrency", env.get("WORKERS", "2"),
            "--loglevel", "WARNING", "--without-gossip", "--without-mingle",
        ]  # fmt: skip
        yield (
            "beat",
            [
                python,
                "-m",
                "celery",
                "-q",
                "-A",
                "crm",
                "beat",
                "--loglevel",
                "WARNING",
                "-s",
                str(place.root / "beat"),
            ],
        )

    def _wait_for_web(self):
        until = time.monotonic() + 60
        while time.monotonic() < until and not self.over.is_set():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        if not self.over.is_set():
            raise Refusal("The web server did not start. Its reasons stand above.")


class Child:
    """One process, started again with growing pauses when it dies; its lines carry its name."""

    def __init__(self, name, command, env, over):
        self.name, self.command, self.env, self.over = name, command, env, over
        self.process = None
        threading.Thread(target=self._keep, daemon=True).start()

    def stop(self):
        if self.process:
            stop(self.process, seconds=7)

    def _keep(self):
        failures = 0
        while not self.over.is_set():
            started = time.monotonic()
            self.process = subprocess.Popen(
                self.command, cwd=BASE_DIR, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace", preexec_fn=die_with_parent,
            )  # fmt: skip
            for line in self.process.stdout:
                print(f"{self.name:5}| {line}", end="", flush=True)
            self.process.wait()
            failures = 0 if time.monotonic() - started > CALM else failures + 1
            if not self.over.is_set():
                pause = min(30, 2**failures)
                print(f"{self.name:5}| ended with {self.process.returncode}, starts again in {pause} s", flush=True)
                self.over.wait(pause)


def _port():
    port = os.environ.get("PORT", "8000")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise Refusal(f"PORT must be a number from 1 to 65535, not {port!r}.")
    return int(port)


def _must_be_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Refusal(f"Port {port} cannot be used: {error.strerror}. Set PORT to another number.") from error


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _greet(port, demo):
    print(f"\nRapport runs at http://localhost:{port}/   Letters: http://localhost:{port}/dev/mail/   Ctrl-C ends it.")
    if demo.exists():
        print("Sign in as")
        for row in json.loads(demo.read_text()):
            print(f"  {row['role']:14} {row['email']:32} {row['password']}")
    else:
        print(f"Open http://localhost:{port}/setup/ to create the first account.")
    print(flush=True)
