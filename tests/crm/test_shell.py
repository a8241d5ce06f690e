"""The frame around every page: palette, search, notifications, jobs, files, errors, the first page."""

import gzip
import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import files, htmx, notify
from crm.models import Job, Notification, User
from crm.tasks import remove_stray_uploads
from tests import factories


def test_the_palette_finds_records_that_the_user_may_see(client, alice, mallory):
    mine = factories.contact("Jonas", "Weber", owner=alice, team=alice.team)
    for person, seen in ((alice, True), (mallory, False)):
        client.force_login(person)
        page = client.get(reverse("palette"), {"q": "weber"}).content.decode()
        assert (mine.get_absolute_url() in page) is seen


def test_the_palette_lists_only_what_the_user_may_do(client, admin, mallory):
    url = reverse("invitation_create")
    client.force_login(admin)
    assert url in client.get(reverse("palette"), {"q": "> invite"}).content.decode()
    client.force_login(factories.user("Plain"))
    assert url not in client.get(reverse("palette"), {"q": "> invite"}).content.decode()


def test_what_was_typed_is_shown_as_text(client, alice):
    client.force_login(alice)

    for name in ("palette", "search"):
        page = client.get(reverse(name), {"q": "<script>alert(1)</script>"}).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_notifications_are_read_one_by_one_and_all_at_once(client, alice):
    for key in "abc":
        notify.notify(alice, "job.finished", f"Job {key}", "/jobs/", key=key)
    client.force_login(alice)
    first = Notification.objects.get(key="a")

    assert client.post(reverse("notification_show", args=[first.pk])).url == "/jobs/"
    assert notify.unread_count(alice) == 2
    client.post(reverse("notifications_read"))
    assert notify.unread_count(alice) == 0


def test_notifications_of_others_are_not_found(client, alice, mallory):
    notify.notify(alice, "job.finished", "Secret", "/jobs/", key="a")
    row = Notification.objects.get()
    client.force_login(mallory)

    assert client.post(reverse("notification_show", args=[row.pk])).status_code == 404
    assert "Secret" not in client.get(reverse("notifications")).content.decode()
    row.refresh_from_db()
    assert row.read_at is None


def test_a_notification_never_leads_to_another_host(client, alice):
    Notification.objects.create(user=alice, kind="x", key="x", text="x", url="https://evil.example/")
    client.force_login(alice)

    answer = client.post(reverse("notification_show", args=[Notification.objects.get().pk]))

    assert answer.url == reverse("notifications")


@pytest.fixture
def job(alice):
    return Job.objects.create(kind="contacts.import", by=alice, state="running", total=10, done=4)


def test_a_job_shows_its_progress_to_its_owner_only(client, alice, mallory, job):
    client.force_login(mallory)
    for name in ("job_show", "job_progress"):
        assert client.get(reverse(name, args=[job.pk])).status_code == 404
    assert client.post(reverse("job_cancel", args=[job.pk])).status_code == 404
    job.refresh_from_db()
    assert not job.cancel_requested

    client.force_login(alice)
    page = client.get(reverse("job_progress", args=[job.pk])).content.decode()

    assert 'value="40"' in page
    assert "4 of 10" in page


def test_a_finished_job_stops_asking_and_shows_its_result(client, alice, job):
    Job.objects.filter(pk=job.pk).update(state="done", result={"rows": [["Created", 9], ["Skipped", 1]]})
    client.force_login(alice)

    page = client.get(reverse("job_progress", args=[job.pk])).content.decode()

    assert "hx-trigger" not in page
    assert "Created" in page


def test_a_job_is_cancelled_by_its_owner(client, alice, job):
    client.force_login(alice)

    client.post(reverse("job_cancel", args=[job.pk]))

    job.refresh_from_db()
    assert job.cancel_requested


def test_a_file_is_only_ever_a_download(client, alice, mallory):
    kept = files.store(b"<html><script>alert(1)</script></html>", "page.html", by=alice)
    url = reverse("file_show", args=[kept.uuid])
    client.force_login(mallory)
    assert client.get(url).status_code == 404

    client.force_login(alice)
    answer = client.get(url)

    assert answer.headers["Content-Disposition"] == 'attachment; filename="page.html"'
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_an_uploaded_file_comes_back_as_a_line_of_the_form(client, alice):
    from django.core.files.uploadedfile import SimpleUploadedFile

    client.force_login(alice)
    answer = client.post(reverse("file_create"), {"file": SimpleUploadedFile("a.txt", b"hello")})
    empty = client.post(reverse("file_create"), {"file": SimpleUploadedFile("b.txt", b"")})
    program = client.post(reverse("file_create"), {"file": SimpleUploadedFile("c.exe", b"MZ")})

    kept = files.StoredFile.objects.get()
    assert (answer.status_code, kept.by) == (200, alice)
    assert f'value="{kept.uuid}"' in answer.content.decode()
    assert (empty.status_code, program.status_code) == (422, 422)
    assert "program" in program.content.decode()


def test_uploads_are_taken_over_once_by_their_owner(alice, mallory):
    kept = files.store(b"hello", "a.txt", by=alice, kind="upload")
    target = factories.contact()

    assert files.take_uploads([str(kept.uuid), "nonsense"], by=mallory, target=target) == []
    assert files.take_uploads([str(kept.uuid)], by=alice, target=target) == [kept]
    kept.refresh_from_db()
    assert (kept.target_id, kept.kind) == (target.pk, "attachment")
    assert files.take_uploads([str(kept.uuid)], by=alice, target=target) == []


def test_uploads_that_nobody_took_are_removed_after_two_days(alice):
    old = files.store(b"old", "old.txt", by=alice, kind="upload")
    taken = files.store(b"taken", "taken.txt", by=alice, kind="upload")
    fresh = files.store(b"fresh", "fresh.txt", by=alice, kind="upload")
    files.take_uploads([str(taken.uuid)], by=alice, target=factories.contact())
    long_ago = timezone.now() - timedelta(days=3)
    files.StoredFile.objects.filter(pk__in=[old.pk, taken.pk]).update(created_at=long_ago)

    remove_stray_uploads()

    assert set(files.StoredFile.objects.all()) == {taken, fresh}
    assert not old.content.storage.exists(old.content.name)


def test_scripts_of_every_page_stay_small(settings):
    own = sorted((settings.BASE_DIR / "static/js").glob("*.js"))
    packed = [len(gzip.compress(path.read_bytes())) for path in own]
    packed.append(len(gzip.compress((settings.BASE_DIR / "node_modules/htmx.org/dist/htmx.min.js").read_bytes())))

    assert sum(packed) < 120_000


def test_the_first_page_is_quick_and_empty_for_a_newcomer(client, alice, django_assert_max_num_queries):
    client.force_login(alice)
    client.get("/")  # The first request of a session also notes the session.

    with django_assert_max_num_queries(20):
        page = client.get("/")

    assert page.status_code == 200
    assert "All done" in page.content.decode()


def test_errors_say_what_to_do(client, alice, settings):
    client.force_login(alice)

    page = client.get("/no-such-page/")

    assert page.status_code == 404
    assert "Nothing is here" in page.content.decode()


def test_a_form_without_token_is_refused_with_a_page(alice):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)

    answer = browser.post(reverse("theme"), {"theme": "dark"})

    assert answer.status_code == 403
    assert "The form has expired" in answer.content.decode()
    assert User.objects.get(pk=alice.pk).theme == "auto"


def test_a_broken_page_tells_it_without_the_shell(client, alice, monkeypatch):
    client.force_login(alice)
    client.raise_request_exception = False
    monkeypatch.setattr("crm.registry.today_items", lambda user, now: 1 / 0)

    answer = client.get("/")

    assert answer.status_code == 500
    assert "Nothing you saved before is lost" in answer.content.decode()


def test_the_policy_allows_no_inline_code(client, alice):
    client.force_login(alice)

    policy = client.get("/").headers["Content-Security-Policy"]

    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "object-src 'none'" in policy


def test_toasts_and_stale_regions_travel_in_one_header(rf):
    from django.http import HttpResponse

    answer = htmx.toast(htmx.refresh(HttpResponse(), "deals:changed"), "Done", undo_url="/undo/")

    assert json.loads(answer.headers["HX-Trigger"]) == {
        "deals:changed": True,
        "toast": {"text": "Done", "level": "ok", "undo": "/undo/"},
    }


def test_the_panel_of_a_record_that_is_invisible_is_not_found(client, alice, mallory):
    kept = factories.contact("Jonas", "Weber", owner=alice, team=alice.team)
    client.force_login(mallory)

    assert client.get(reverse("history", args=["contact", kept.pk])).status_code == 404
    assert client.get(reverse("history", args=["nothing", 1])).status_code == 404
    client.force_login(alice)
    assert client.get(reverse("history", args=["contact", kept.pk])).status_code == 200


@pytest.mark.parametrize(
    ("path", "place"),
    [("/contacts/", "/contacts/"), ("/contacts/duplicates/", "/contacts/duplicates/"), ("/contacts/mailbox/", "/settings/"), ("/contacts/duplicates/settings/", "/settings/"), ("/settings/tags/", "/settings/")],
)  # fmt: skip
def test_one_place_is_marked_also_where_settings_stand_below_another(client, admin, path, place):
    client.force_login(admin)

    side = client.get(path, follow=True).content.decode().partition('<nav class="side"')[2].partition("</nav>")[0]

    assert re.findall(r'href="([^"]+)"\s+aria-current="page"', side) == [place]
