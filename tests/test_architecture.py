"""The house's rules, read from the syntax trees and templates."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("crm", "contacts", "deals", "tickets", "campaigns", "analytics")
ALLOWED = {
    "crm": {"crm"},
    "contacts": {"crm", "contacts"},
    "deals": {"crm", "contacts", "deals"},
    "tickets": {"crm", "contacts", "tickets"},
    "campaigns": {"crm", "contacts", "campaigns"},
    "analytics": set(APPS),
}
PYTHON = [p for app in APPS for p in sorted((ROOT / app).rglob("*.py")) if "migrations" not in p.parts]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def _name(path):
    return str(path.relative_to(ROOT))


def _imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", PYTHON, ids=_name)
def test_imports_point_down(path):
    app = path.relative_to(ROOT).parts[0]
    strays = {
        name
        for name in _imports(ast.parse(path.read_text()))
        if name.partition(".")[0] in APPS and name.partition(".")[0] not in ALLOWED[app]
    }
    # The seeding, benchmarking and health commands see all apps through Django's registry, not by import.
    assert not strays, f"{_name(path)} may not import {sorted(strays)}"


@pytest.mark.parametrize("path", [p for p in PYTHON if "views" in p.parts or p.name == "forms.py"], ids=_name)
def test_views_reach_records_through_access(path):
    """`Model.objects` of an owned model in a view stands in one expression with fetch() or a visible_to()."""
    from django.apps import apps

    owned = {m.__name__ for m in apps.get_models() if hasattr(m, "access_kind") or hasattr(m, "access_through")}
    tree = ast.parse(path.read_text())
    safe = {id(inner) for node in ast.walk(tree) if _is_guard(node) for inner in ast.walk(node)}
    strays = [
        f"{node.value.id}.objects in line {node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"objects", "_base_manager"}
        and isinstance(node.value, ast.Name)
        and node.value.id in owned
        and id(node) not in safe
    ]
    assert not strays, f"{_name(path)}: {strays}"


def _is_guard(node):
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
    return name in {"fetch", "visible_to", "editable_by", "deletable_by", "exportable_by", "create", "published"}


@pytest.mark.parametrize("path", PYTHON, ids=_name)
def test_code_keeps_the_house_rules(path):
    text = path.read_text()
    for pattern, why in [
        (r"\bpost_save\b", "subscribers are declared in extensions.py"),
        (r"\bmark_safe\(", "use format_html"),
        (r"@csrf_exempt(?!.*# open:)", "a form without a token"),
        (r"\b(TODO|FIXME|XXX)\b", "left for later"),
        (r"\.extra\(|\.raw\(", "no SQL around the query builder"),
    ]:
        assert not re.search(pattern, text), f"{_name(path)}: {why}"


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_templates_can_be_read(path):
    """One thing in a line: only an address or a list of arguments may be longer than the 120 columns of the code."""
    lines = path.read_text().splitlines()
    longest = max(lines, key=len, default="")
    assert len(longest) <= 150, longest
    # A short comment that goes over its line is shown to the reader of the page.
    assert [line for line in lines if line.count("{#") != line.count("#}")] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_templates_keep_the_policy(path):
    text = path.read_text()
    for pattern, why in [
        (r"\sstyle=[\"']", "an inline style"),
        (r"<style", "a style element"),
        (r"\son[a-z]+=[\"']", "an inline handler"),
        (r"<script(?![^>]*(src=|type=\"application/json\"))", "an inline script"),
        (r"\|\s*safe\b|\{%\s*autoescape off", "unescaped text"),
        (r"(src|href)=[\"']https?://", "another host"),
    ]:
        assert not re.search(pattern, text), f"{_name(path)}: {why}"


def test_every_template_is_used():
    code = "".join(p.read_text() for p in PYTHON) + "".join(
        p.read_text() for p in (ROOT / "templates").rglob("*") if p.is_file()
    )
    # Django and allauth look these up by name; the condition pages are named with and without an underscore.
    known = re.compile(
        r"^(\d{3}\.html|crm/conditions/|account/|mfa/|allauth/|usersessions/|socialaccount/|admin/|django/|bootstrap5/)"
    )
    unused = [
        name
        for name in (str(p.relative_to(ROOT / "templates")) for p in TEMPLATES)
        if not known.match(name) and f'"{name}"' not in code and f"'{name}'" not in code
    ]
    assert not unused


def test_migrations_leave_no_model_behind(django_db_setup, django_db_blocker):
    from django.core.management import call_command

    with django_db_blocker.unblock():
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_a_web_process_loads_nothing_that_only_work_needs():
    heavy = ["numpy", "scipy", "sklearn", "openpyxl", "python_calamine", "typst", "icalendar"]
    loading = (
        "import sys, crm.wsgi; from django.urls import get_resolver; get_resolver().reverse_dict;"
        f" print([name for name in {heavy} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", loading], cwd=ROOT, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
