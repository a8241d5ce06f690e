"""`manage.py up` with its own servers: it starts, ends with all its processes, and refuses in one sentence."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.conf import settings

from crm.embedded.place import Refusal, open_place


@pytest.fixture
def folder():
    """A data folder that the servers' own system user can reach."""
    root = Path(tempfile.mkdtemp(prefix="rapport-"))
    root.chmod(0o711)
    yield root / "data"
    shutil.rmtree(root, ignore_errors=True)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _up(folder, **more):
    own = {"DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SECRET_KEY", "BASE_URL", "DEBUG", "RAPPORT_EMBEDDED"}
    env = {name: value for name, value in os.environ.items() if name not in own}
    env |= {"DATA_DIR": str(folder), "DEMO": "0", "STATIC_BUILT": "0", "PORT": str(_free_port())} | more
    command = [sys.executable, "manage.py", "up"]
    return env["PORT"], subprocess.Popen(
        command, env=env, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _said(folder, **more):
    """What it prints when it does not start; it must end by itself."""
    _port, process = _up(folder, **more)
    said, _none = process.communicate(timeout=60)
    assert process.returncode == 1
    return said.strip().splitlines()[-1]


def _processes(folder):
    """Command lines that name the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


def test_it_starts_answers_and_ends_with_everything_it_started(folder):
    port, process = _up(folder)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "to create the first account" in line:
            break
    try:
        with urlopen(f"http://127.0.0.1:{port}/accounts/login/", timeout=20) as answer:
            assert answer.status == 200
        with urlopen(f"http://127.0.0.1:{port}/setup/", timeout=20) as answer:
            assert answer.status == 200
        assert oct((folder / "postgres.password").stat().st_mode)[-3:] == "600"
        assert oct((folder / "run").stat().st_mode)[-3:] == "700"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)

    assert process.returncode == 0, "".join(lines)
    assert _processes(folder) == []


def test_a_port_that_is_taken_is_named(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert (
            _said(folder, PORT=str(port))
            == f"rapport: Port {port} cannot be used: Address already in use. Set PORT to another number."
        )


@pytest.mark.parametrize("port", ["abc", "99999", "0"])
def test_a_port_that_cannot_be_is_named(folder, port):
    assert _said(folder, PORT=port) == f"rapport: PORT must be a number from 1 to 65535, not '{port}'."


def test_a_folder_whose_path_is_too_long_for_a_socket_is_refused(folder):
    assert "too long for a socket" in _said(folder / ("x" * 90))


def test_a_database_of_another_version_is_left_alone(folder):
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres/PG_VERSION").write_text("17\n")

    assert "was made by PostgreSQL 17, this is 18" in _said(folder)
    assert (folder / "postgres/PG_VERSION").read_text() == "17\n"


def test_a_folder_that_holds_something_else_is_left_alone(folder):
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres/letter.txt").write_text("mine")

    assert "is not a database folder but is not empty" in _said(folder)
    assert (folder / "postgres/letter.txt").read_text() == "mine"


def test_a_broken_database_folder_says_where_the_reasons_stand(folder):
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres/PG_VERSION").write_text("18\n")

    assert "did not start" in _said(folder)
    assert _processes(folder) == []


def test_a_server_that_does_not_answer_is_named(folder):
    assert "connection" in _said(folder, DATABASE_URL=f"postgres://nobody@127.0.0.1:{_free_port()}/none")


def test_a_full_disk_is_said_before_anything_is_written(folder, monkeypatch):
    usage = shutil.disk_usage(folder.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=199 * 1024 * 1024))

    with pytest.raises(Refusal) as refused:
        open_place(folder)

    assert str(refused.value) == (
        f"The disk of {folder} is full: less than 200 MB are free. Make room or set DATA_DIR to another disk."
    )
    assert {path.name for path in folder.iterdir()} <= {"run"}


def test_a_command_with_servers_of_its_own_leaves_nothing_when_it_is_told_to_end(folder):
    own = {"DATABASE_URL", "REDIS_URL"}
    env = {name: value for name, value in os.environ.items() if name not in own} | {"TMPDIR": str(folder.parent)}
    waiting = "import os, time; print(os.getpid(), os.environ['DATABASE_URL'] != '', flush=True); time.sleep(300)"
    command = [sys.executable, "-m", "crm.embedded.run", sys.executable, "-c", waiting]
    with subprocess.Popen(command, env=env, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True) as running:
        pid, has_database = running.stdout.readline().split()
        assert has_database == "True"

        running.terminate()

        assert running.wait(30) == 143
    assert not Path(f"/proc/{pid}").exists()
    assert list(folder.parent.iterdir()) == []
