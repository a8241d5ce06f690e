"""Real Celery workers on a test's own database, broker and mail server."""

import contextlib
import os
import signal
import subprocess
import sys
from urllib.parse import quote

from django.conf import settings
from django.db import connection

QUEUES = "default,mail,events,segments,models"


def environment(**more):
    """The environment in which a process of ours works on the test's database."""
    database = connection.settings_dict
    user, password = quote(database["USER"], safe=""), quote(database["PASSWORD"] or "", safe="")
    port = f"&port={database['PORT']}" if database["PORT"] else ""
    host = quote(str(database["HOST"]), safe="")
    url = f"postgres://{user}:{password}@/{database['NAME']}?host={host}{port}"
    return os.environ | {"DATABASE_URL": url, "SECRET_KEY": settings.SECRET_KEY, "PYTHONWARNINGS": "ignore"} | more


def start(folder, name, **more):
    """Start a worker with its own beat, in a group of their own; `more` goes into its environment. The caller ends it."""
    command = [
        sys.executable, "-m", "celery", "-q", "-A", "crm", "worker", "-B", "-s", str(folder / f"beat-{name}"), "-n", name,
        "-Q", QUEUES, "--loglevel", "ERROR", "--pool", "solo", "--without-gossip", "--without-mingle",
    ]  # fmt: skip
    with open(folder / f"{name}.log", "ab") as log:
        return subprocess.Popen(
            command, env=environment(**more), stdout=log, stderr=log, cwd=settings.BASE_DIR, start_new_session=True
        )


def kill(process):
    """End a worker and its beat at once, as a machine that goes down does: a beat left alone would ring for ever."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
