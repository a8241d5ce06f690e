"""The copy of all data is the most telling file there is: one for a request, gone with its day, with a newer one, and with
the person."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact, PrivacyRequest
from contacts.services import people, privacy
from contacts.services.privacy import copying, requests, running
from crm import custom, files, jobs, outbox
from crm.kept import keeping
from crm.models import CustomField, Event, StoredFile

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


@pytest.fixture
def ann(workspace, alice):
    return people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="ann.lee@example.com")


@pytest.fixture
def run_due(django_capture_on_commit_callbacks):
    """What is due, with what follows when it is certain."""

    def run():
        with django_capture_on_commit_callbacks(execute=True):
            outbox.run_due()

    return run


def _archives(folder):
    return [path for path in folder.rglob("*") if path.is_file() and path.read_bytes().startswith(b"PK")]


def test_a_copy_packed_anew_takes_the_place_of_the_former(client, admin, ann, folder, run_due):
    client.force_login(admin)
    client.post(reverse("contacts:privacy_copy_now", args=[ann.pk]), {"language": "en"})
    run_due()
    row = PrivacyRequest.objects.get()
    former = row.file
    client.post(reverse("contacts:privacy_copy", args=[row.pk]))
    # Until the new one is there the former can be fetched.
    assert client.get(reverse("contacts:privacy_file", args=[row.pk])).status_code == 200
    run_due()

    row.refresh_from_db()
    assert (row.state, row.file != former, list(StoredFile.objects.all())) == ("done", True, [row.file])
    assert len(_archives(folder)) == 1
    with pytest.raises(FileNotFoundError):
        former.content.open("rb")


@pytest.mark.parametrize("meanwhile", ["another run was quicker", "the person was erased"])
def test_a_copy_that_comes_too_late_is_not_kept(admin, ann, folder, run_due, meanwhile):
    row = requests.note_request(ann, "export", by=admin)
    job = requests.start_copy(row, by=admin)
    late, _counts = copying.pack(ann, "en", by=admin)
    if meanwhile == "the person was erased":
        privacy.erase(privacy.begin(ann, by=admin))
        outbox.run_due()
        kept = []
    else:
        jobs.run({"job": job.pk})
        kept = [PrivacyRequest.objects.get().file_id]
    copied = Event.objects.filter(kind="privacy.copied").count()

    running._keep(row, late, admin)

    row.refresh_from_db()
    assert (row.state, list(StoredFile.objects.values_list("pk", flat=True))) == ("done", kept)
    assert Event.objects.filter(kind="privacy.copied").count() == copied == len(kept)


def test_copies_that_no_request_names_go_too(admin, ann, folder, time_machine, django_capture_on_commit_callbacks):
    row = requests.note_request(ann, "export", by=admin)
    jobs.run({"job": requests.start_copy(row, by=admin).pk})
    # The worker died before the request could name this one.
    copying.pack(ann, "en", by=admin)
    other = files.store(b"x", "x.txt", by=admin)
    now = timezone.now()
    said = []
    for hours in (0, 2, 24 * 7 + 1):
        with django_capture_on_commit_callbacks(execute=True):
            dropped = requests.drop_copies(now + timedelta(hours=hours))
        said.append((dropped, len(_archives(folder))))

    assert said == [(0, 2), (1, 1), (1, 0)]
    assert list(StoredFile.objects.all()) == [other]


def test_names_are_asked_once_and_each_row_is_told(admin, alice, ann):
    CustomField.objects.create(subject="contact", key="keeper", kind="person", label_en="Keeper")
    told, asked = [], []
    for changes in (3, 30):
        for number in range(changes):
            Contact.objects.filter(pk=ann.pk).update(city=f"Bonn {changes} {number}")
            custom.write(Contact.objects.get(pk=ann.pk), {"keeper": [admin, alice][number % 2].pk}, by=alice)
        told.append([])
        with keeping(), CaptureQueriesContext(connection) as queries:
            copying.pack(ann, "en", by=alice, tell=lambda done, total: told[-1].append((done, total)))
        asked.append(len(queries))

    assert asked[0] == asked[1]
    rows = [done for done, _total in told[1] if done]
    assert rows[-1] == told[1][-1][1] > 60
    assert max(later - earlier for earlier, later in zip(rows, rows[1:], strict=False)) == 1
