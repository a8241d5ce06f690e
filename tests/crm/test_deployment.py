"""The examples of `deploy/`, used as `docs/deployment.md` says."""

import subprocess
import sys

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

DEPLOY = settings.BASE_DIR / "deploy"


def under_example_environment(tmp_path, *command):
    """Runs the command with the example's variables alone, read by a shell as an administrator reads them."""
    (tmp_path / "secret.key").write_text("".join(chr(number) for number in range(48, 123)))
    example = (DEPLOY / "rapport.env").read_text()
    (tmp_path / "env").write_text(
        example.replace("/etc/rapport", str(tmp_path)).replace("/var/lib/rapport", str(tmp_path))
    )
    script = 'set -eu; set -a; . "$1"; set +a; shift; exec "$@"'
    return subprocess.run(
        ["/bin/sh", "-c", script, "sh", str(tmp_path / "env"), sys.executable, *command],
        cwd=settings.BASE_DIR, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_the_example_environment_starts_a_safe_program(tmp_path):
    done = under_example_environment(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert (done.returncode, done.stdout.strip()) == (0, "System check identified no issues (0 silenced)."), done.stderr


def test_the_example_sender_keeps_its_name_and_address(tmp_path):
    code = "import django, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'crm.settings'; django.setup(); " + (
        "from django.conf import settings; print(settings.DEFAULT_FROM_EMAIL)"
    )
    assert under_example_environment(tmp_path, "-c", code).stdout.strip() == "Rapport <crm@example.com>"


def test_collected_files_can_be_read_by_the_web_server_and_uploads_cannot():
    assert staticfiles_storage.file_permissions_mode == 0o644
    assert staticfiles_storage.directory_permissions_mode == 0o755
    assert settings.FILE_UPLOAD_PERMISSIONS == 0o640
    assert settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS == 0o750


def test_nginx_serves_the_folder_that_assets_are_collected_into():
    assert "alias /opt/rapport/staticfiles/;" in (DEPLOY / "nginx.conf").read_text()
    assert "STATIC_ROOT" not in (DEPLOY / "rapport.env").read_text()
