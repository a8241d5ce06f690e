"""The benchmarks do real work and leave nothing behind."""

import io
import json

import pytest
from django.core.management import call_command

from contacts.models import Company, Contact, ImportRun, Merge
from crm.models import Delivery, Event, Job, User
from crm.roles import create_standard_roles
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def measure(workspace, settings, tmp_path):
    """Runs `bench` as a company with an owner does; gives the figures."""
    settings.MEDIA_ROOT = tmp_path
    factories.user("Olga", roles=[create_standard_roles()["owner"]])

    def run(*options):
        out = tmp_path / "figures.json"
        call_command("bench", *options, "--out", str(out), stdout=io.StringIO())
        return json.loads(out.read_text())

    return run


def test_the_import_is_measured_with_refused_and_known_rows_and_taken_away(measure):
    found = measure("--only", "import", "--count", "100")["work"]["import"]

    assert (found["created"], found["updated"], found["failed"]) == (94, 4, 2)
    assert [model.__name__ for model in (Contact, Company, Event, ImportRun, Job) if model.objects.exists()] == []


def test_letters_are_sent_by_two_workers_and_taken_away(measure):
    found = measure("--only", "letters", "--count", "60")["work"]["letters"]

    assert found["sent"] == 60
    assert not any(model.objects.exists() for model in (Contact, Delivery, Event))


def test_a_merge_is_measured_and_taken_away(measure):
    found = measure("--only", "merge", "--count", "50")["work"]["merge"]

    assert found["rows each"] == 50
    assert not any(model.objects.exists() for model in (Contact, Event, Merge))


def test_pages_are_measured_with_their_statements_and_the_sign_in_with_its_password(measure):
    pages = measure("--only", "pages", "--rounds", "1")["pages"]

    assert {"sign-in", "today", "contact list", "deal board", "ticket list"} <= set(pages)
    assert 0 < pages["sign-in"]["queries"] <= 20
    assert User.objects.count() == 1
