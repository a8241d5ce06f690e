"""What `make check` looks at beyond the linter: one line each, non-zero when one fails."""

import os
import subprocess
import sys

PRODUCTION = {
    "RAPPORT_EMBEDDED": "0",
    "DEBUG": "0",
    "BASE_URL": "https://crm.example.com",
    "SECRET_KEY": "k7-Qz" * 14,
    "MAIL_FROM": "Rapport <crm@example.com>",
    "DJANGO_SETTINGS_MODULE": "crm.settings",
}
CHECKS = [
    ("migrations are complete", ["manage.py", "makemigrations", "--check", "--dry-run"]),
    ("settings are safe", ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]),
    ("translations are complete", ["manage.py", "messages", "--check"]),
    ("templates compile", ["-m", "tests.compile_templates"]),
    ("the house is in order", ["-m", "pytest", "-q", "tests/test_architecture.py"]),
]


def main():
    failed = 0
    for name, command in CHECKS:
        done = subprocess.run(
            [sys.executable, *command], env=os.environ | PRODUCTION, capture_output=True, text=True, check=False
        )
        print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name}", flush=True)
        if done.returncode:
            failed += 1
            print(done.stdout[-6000:] + done.stderr[-3000:])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
