"""`python -m crm.embedded.run COMMAND …`: run a command with a fresh database and Redis, then throw both away.

Servers named by DATABASE_URL and REDIS_URL are used as they are.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from crm.embedded.place import Refusal, open_place, stop
from crm.embedded.postgres import Postgres
from crm.embedded.redis import Redis


def main(command):
    """Exit code of the command, 1 when the servers do not start."""
    root = Path(tempfile.mkdtemp(prefix="rapport-"))
    servers = []
    # Told to end, it ends the command and the servers too; by itself Python would just be gone.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        root.chmod(0o711)  # the servers' user must be able to pass through
        place = open_place(root / "data")
        env = dict(os.environ, RAPPORT_EMBEDDED="1", STATIC_BUILT="0", DATA_DIR=str(place.root))
        env.setdefault("SECRET_KEY", place.secret("secret.key"))
        with open(root / "servers.log", "ab") as log:
            for name, server in (("DATABASE_URL", Postgres), ("REDIS_URL", Redis)):
                if not env.get(name):
                    servers.append(server(place, fast=True) if server is Postgres else server(place))
                    servers[-1].start(log)
                    env[name] = servers[-1].url()
        return _call(command, env)
    except Refusal as refusal:
        print(f"rapport: {refusal}", file=sys.stderr)
        return 1
    finally:
        for server in reversed(servers):
            server.stop()
        shutil.rmtree(root, ignore_errors=True)


def _call(command, env):
    running = subprocess.Popen(command, env=env)
    try:
        return running.wait()
    finally:
        stop(running)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
