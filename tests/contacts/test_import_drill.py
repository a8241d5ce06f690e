"""An import in processes of its own: killed in the middle again and again, and with a large file in little memory."""

import subprocess
import sys
import time

import pytest
from django.conf import settings

from contacts.models import Contact, ContactPoint, Employment, ImportedRow, ImportRun
from crm import files
from crm.models import Event, OutboxMessage
from tests.workers import environment

KILLS = 5
ROWS = 12_000
PATIENCE = 180  # seconds for a drill
# What a worker does with a job, without waiting for a bell.
WORK = "import django; django.setup(); from crm import jobs; jobs.run({'job': %s})"
# The peak of the process after a small file, then after a large one, in kilobytes.
PEAKS = """
import resource
import django; django.setup()
from crm import jobs
for job in %s:
    jobs.run({'job': job})
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def _process(code, tmp_path, **more):
    env = environment(DJANGO_SETTINGS_MODULE="crm.settings", MEDIA_ROOT=str(tmp_path))
    return subprocess.Popen([sys.executable, "-c", code], env=env, cwd=settings.BASE_DIR, **more)


def _begun(user, lines, mapping):
    """An import of a file of those lines, begun but not taken by any worker."""
    run = ImportRun(
        by=user, owner=user, team=user.team, encoding="utf-8", separator=",", headers=["x"], mapping=mapping
    )
    run.file = files.store("".join(lines).encode(), "people.csv", by=user, kind="import")
    run.save()
    run.begin(by=user)
    return run


@pytest.mark.django_db(transaction=True)
def test_an_import_killed_five_times_doubles_and_loses_no_row(workspace, admin, tmp_path):
    # Every tenth line is refused, every seventh names a person of the line before it.
    def line(i):
        person = i - 1 if i % 7 == 6 else i
        email = "no address" if i % 10 == 9 else f"p{person}@example.com"
        return f"Ann{person},{email},Acme {person % 50},City {i}\n"

    run = _begun(
        admin, ["Name,Email,Company,City\n", *map(line, range(ROWS))],
        {"0": "first_name", "1": "email", "2": "company", "3": "city"},
    )  # fmt: skip
    end, kills = time.monotonic() + PATIENCE, 0
    while kills < KILLS:
        taken = run.rows.count()
        worker = _process(WORK % run.job_id, tmp_path)
        while run.rows.count() == taken and worker.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        worker.kill()
        worker.wait()
        assert taken < run.rows.count() < ROWS, "it was killed in the middle"
        kills += 1
    assert _process(WORK % run.job_id, tmp_path).wait(PATIENCE) == 0

    run.refresh_from_db()
    refused = sum(1 for i in range(ROWS) if i % 10 == 9)
    # A person of the line before is updated, unless either of the two lines is refused.
    updated = sum(1 for i in range(ROWS) if i % 7 == 6 and i % 10 not in {9, 0})
    created = ROWS - refused - updated
    assert (run.state, run.job.__class__.objects.get(pk=run.job_id).done) == ("done", ROWS)
    assert run.counts == {
        "created": created,
        "updated": updated,
        "skipped": 0,
        "failed": refused,
        "companies_created": 50,
    }
    assert list(run.rows.order_by("line").values_list("line", flat=True)) == list(range(2, ROWS + 2))
    assert Contact.objects.count() == Contact.objects.values("email").distinct().count() == created
    assert ContactPoint.objects.count() == Employment.objects.count() == created
    assert Event.objects.filter(kind="contact.imported").count() == created + updated
    assert ImportedRow.objects.filter(outcome="created", contact=None).count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_file_ten_times_as_large_takes_no_more_memory(workspace, admin, tmp_path):
    def lines(start, n):
        filler = "x" * 2_000
        return ["Name,Email,Left out\n", *(f"Ann{i},p{i}@example.com,{filler}\n" for i in range(start, start + n))]

    mapping = {"0": "first_name", "1": "email"}
    small, large = _begun(admin, lines(0, 2_000), mapping), _begun(admin, lines(2_000, 20_000), mapping)

    process = _process(PEAKS % [small.job_id, large.job_id], tmp_path, stdout=subprocess.PIPE, text=True)
    said, _error = process.communicate(timeout=PATIENCE)

    first, second = (int(kilobytes) for kilobytes in said.split())
    assert Contact.objects.count() == 22_000
    # The larger file is 40 MB longer: were it held, or its rows kept, the peak would rise by more than that.
    assert second - first < 10_000
    OutboxMessage.objects.all().delete()
