"""The examples of `deploy/`, used as `docs/deployment.md` says."""

import configparser
import re
import subprocess
import sys

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import find
from django.contrib.staticfiles.storage import staticfiles_storage

from crm.embedded.supervisor import QUEUES

DEPLOY = settings.BASE_DIR / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))


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


def unit(path):
    """A unit's keys and values; a key may stand several times in systemd, in ours none does."""
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str
    parser.read_string(path.read_text())
    return parser


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a34_every_unit_runs_as_its_own_user_in_a_box(path):
    service = unit(path)["Service"]

    assert (service["User"], service["WorkingDirectory"]) == ("rapport", "/opt/rapport")
    assert (service["EnvironmentFile"], service["ReadWritePaths"]) == ("/etc/rapport/env", "/var/lib/rapport")
    assert (service["UMask"], service["CapabilityBoundingSet"], service["Restart"]) == ("0027", "", "always")
    boxed = (
        "NoNewPrivileges",
        "PrivateTmp",
        "PrivateDevices",
        "ProtectHome",
        "ProtectKernelTunables",
        "RestrictSUIDSGID",
    )
    assert {service[name] for name in boxed} == {"yes"}


def test_the_units_start_what_is_there_and_workers_serve_every_queue():
    commands = {path.stem: unit(path)["Service"]["ExecStart"].split() for path in UNITS}

    assert set(commands) == {"rapport-web", "rapport-worker", "rapport-beat"}
    for command in commands.values():
        program = settings.BASE_DIR / command[0].removeprefix("/opt/rapport/")
        assert program.exists(), program
    worker = commands["rapport-worker"]
    assert set(worker[worker.index("-Q") + 1].split(",")) == set(QUEUES.split(","))
    assert "crm.wsgi" in commands["rapport-web"]


def test_nginx_lets_files_through_tells_who_asks_and_guards_its_own_answers():
    conf = (DEPLOY / "nginx.conf").read_text()

    assert int(re.search(r"client_max_body_size (\d+)m;", conf).group(1)) * 1024**2 > settings.MAX_FILE_SIZE
    for line in ("Host $http_host", "X-Forwarded-Proto $scheme", "X-Forwarded-For $remote_addr"):
        assert f"proxy_set_header {line};" in conf
    assert "BEHIND_PROXY=1" in (DEPLOY / "rapport.env").read_text()
    pages = set(re.findall(r"error_page [\d ]+ /static/([\w-]+\.html);", conf))
    assert pages == {"away.html", "too-large.html"}
    for page in pages:
        text = (settings.BASE_DIR / "static" / page).read_text()
        assert 'lang="ru"' in text
        assert "<script" not in text
        for sheet in re.findall(r'href="/static/([^"]+)"', text):
            assert staticfiles_storage.exists(sheet) or find(sheet), sheet
    static, errors = conf.split("location ")[1:3]
    for block in (static, errors):
        for header in ("X-Content-Type-Options nosniff", "Strict-Transport-Security"):
            assert f"add_header {header}" in block
    assert "Content-Security-Policy" in errors


def test_braces_and_semicolons_of_the_site_add_up():
    conf = re.sub(r"#.*|\"[^\"]*\"", "", (DEPLOY / "nginx.conf").read_text())

    assert conf.count("{") == conf.count("}")
    for line in filter(None, (line.strip() for line in conf.splitlines())):
        assert line.endswith((";", "{", "}")), line
