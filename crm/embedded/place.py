"""Where embedded servers live, and as whom they run."""

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent
# A Unix socket's path holds at most 107 bytes; PostgreSQL's own file name is the longest of ours.
LONGEST_SOCKET = 107


class Refusal(Exception):
    """Why the program cannot start: one sentence for a person."""


@dataclass(frozen=True)
class Place:
    """A data folder and the system user who owns what the servers write (None: the present user)."""

    root: Path
    user: pwd.struct_passwd | None = None

    @property
    def run(self):
        """Folder of the sockets, open to nobody else."""
        return self.root / "run"

    def folder(self, name):
        """A private folder below the root, owned by the servers' user."""
        path = self.root / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.give(path)
        return path

    def give(self, path):
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def secret(self, name):
        """A random word kept in a file that only its owner may read; made on first use."""
        path = self.root / name
        if not path.exists():
            write_private(path, secrets.token_urlsafe(48))
        return path.read_text().strip()

    def spawn(self, args, **options):
        """Start a server as its user; it dies with this process."""
        as_user = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        return subprocess.Popen(args, preexec_fn=die_with_parent, stdin=subprocess.DEVNULL, **as_user, **options)


def open_place(root):
    """The data folder, made when missing. Raises Refusal when it cannot be written or its path is too long."""
    root = Path(root).absolute()
    user = _servers_user() if os.geteuid() == 0 else None
    if len(os.fsencode(root / "run" / ".s.PGSQL.5432.lock")) > LONGEST_SOCKET:
        raise Refusal(f"The path of DATA_DIR is too long for a socket: {root}. Choose one of at most 80 characters.")
    try:
        root.mkdir(parents=True, exist_ok=True)
        place = Place(root, user)
        if user:
            root.chmod(0o711)
            _must_reach(root, user)
        place.folder("run")
    except OSError as error:
        raise Refusal(
            f"The data folder {root} cannot be used: {error.strerror}. Set DATA_DIR to another folder."
        ) from error
    if shutil.disk_usage(root).free < 200 * 1024 * 1024:
        raise full_disk(root, "less than 200 MB are free")
    return place


def full_disk(root, why):
    """What to say when there is no room: why, and what to do."""
    return Refusal(f"The disk of {root} is full: {why}. Make room or set DATA_DIR to another disk.")


def default_root():
    """DATA_DIR, or a folder that the servers' user can reach."""
    if chosen := os.environ.get("DATA_DIR"):
        return Path(chosen)
    return Path("/var/lib/rapport") if os.geteuid() == 0 else BASE_DIR / ".data"


def write_private(path, text):
    """Write a file that only its owner may read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)


def die_with_parent():
    """Ask the kernel to end this process when its parent dies, however that dies."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    # Ctrl-C goes to the whole terminal: only the parent decides when a child ends.
    os.setpgid(0, 0)


def stop(process, *, with_signal=signal.SIGTERM, seconds=8):
    """End a process and wait; one that does not listen is killed."""
    if process.poll() is not None:
        return
    process.send_signal(with_signal)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _servers_user():
    """PostgreSQL refuses to run as root: a system user of our own, else nobody."""
    for attempt in range(2):
        try:
            return pwd.getpwnam("rapport")
        except KeyError:
            if attempt == 0 and (useradd := shutil.which("useradd")):
                subprocess.run(
                    [useradd, "--system", "--no-create-home", "--shell", "/bin/false", "rapport"], check=False
                )
    return pwd.getpwnam("nobody")


def _must_reach(root, user):
    """Raise Refusal when the servers' user cannot enter the folder: no permission outside it is ever changed."""
    for folder in root.parents:
        mode = folder.stat()
        if not (mode.st_mode & 0o001 or (mode.st_uid == user.pw_uid and mode.st_mode & 0o100)):
            raise Refusal(
                f"The servers run as {user.pw_name}, who may not enter {folder}."
                " Set DATA_DIR to a folder below /var/lib or /tmp."
            )
