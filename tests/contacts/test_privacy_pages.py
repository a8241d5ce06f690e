"""The desk of personal data: requests with their day, copies for the one who packed them, erasing with the name typed."""

import zipfile
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact, Erasure, LegalHold, PrivacyRequest
from contacts.services import people, privacy
from contacts.services.privacy import copying, requests
from contacts.services.privacy import preview as previews
from crm import access, events, jobs, outbox, participants
from crm.models import BusinessCalendar, Event, Job, Notification, SpecialDay, StoredFile
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


@pytest.fixture
def officer(workspace):
    """Sees to personal data, and sees everybody."""
    every = dict.fromkeys(["view", "edit", "delete", "export"], access.ALL)
    role = factories.role("officer", {"privacy": every, "contact": {"view": access.ALL}})
    return factories.user("Olga", roles=[role])


@pytest.fixture
def ann(workspace, alice):
    return people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="ann@example.com")


def _look(client, row):
    """Have everything counted that an erasure would take."""
    client.post(reverse("contacts:privacy_preview", args=[row.pk]))
    outbox.run_due()


def _follow(client, answer):
    return client.get(answer["Location"]).content.decode()


def test_the_copy_is_packed_from_the_persons_page_and_fetched_by_one_person_for_seven_days(
    client, officer, admin, ann, time_machine, django_assert_max_num_queries
):
    client.force_login(officer)
    with django_assert_max_num_queries(20):
        assert "Pack the copy" in client.get(reverse("contacts:privacy_person", args=[ann.pk])).content.decode()

    answer = client.post(reverse("contacts:privacy_copy_now", args=[ann.pk]), {"language": "en"})
    outbox.run_due()

    row = PrivacyRequest.objects.get()
    assert (row.kind, row.state, row.contact, row.job.state) == ("export", "done", ann, "done")
    assert reverse("contacts:privacy_file", args=[row.pk]) in _follow(client, answer)
    file = reverse("contacts:privacy_file", args=[row.pk])
    assert b"".join(client.get(file).streaming_content).startswith(b"PK")
    assert list(Event.objects.filter(contact_id=ann.pk, kind__startswith="privacy").order_by("id").values_list("kind", flat=True)) == [
        "privacy.requested", "privacy.copy_started", "privacy.copied", "privacy.fetched",
    ]  # fmt: skip
    # Nobody else fetches it, by no address; not even the administrator.
    client.force_login(admin)
    assert client.get(file).status_code == 404
    assert client.get(row.file.get_absolute_url()).status_code == 404
    client.force_login(officer)
    assert client.get(row.file.get_absolute_url()).status_code == 404

    time_machine.move_to(timezone.now() + timedelta(days=7, seconds=1))
    client.force_login(officer)
    assert client.get(file).status_code == 404
    assert requests.drop_copies() == 1
    assert not StoredFile.objects.exists()


def test_an_erasure_is_noted_looked_at_confirmed_and_proved(
    client, officer, ann, folder, django_assert_max_num_queries
):
    client.force_login(officer)
    form = {
        "contact": ann.pk,
        "kind": "erasure",
        "law": "gdpr",
        "received_on": "2026-01-10",
        "language": "en",
        "note": "Please",
    }
    page = _follow(client, client.post(reverse("contacts:privacy_new"), form))
    row = PrivacyRequest.objects.get()
    assert (row.due_on, row.owner, row.by, row.person) == (date(2026, 2, 9), officer, officer, "Ann Lee")
    assert "See what will go, and erase" in page
    erase = reverse("contacts:privacy_erase", args=[row.pk])
    # Nobody erases without having looked.
    answer = client.post(erase, {"name": "Ann Lee"})
    assert (answer.status_code, "Look first at what will go" in answer.content.decode()) == (422, True)
    assert not Erasure.objects.exists()
    _look(client, row)
    with django_assert_max_num_queries(25):
        assert "Contact points" in client.get(erase).content.decode()
    assert "Ann" not in str(Job.objects.get(kind=previews.KIND).result)

    answer = client.post(erase, {"name": "Ann"})
    assert (answer.status_code, "Type it exactly" in answer.content.decode()) == (422, True)
    assert not Erasure.objects.exists()
    client.post(reverse("contacts:privacy_hold", args=[ann.pk]), {"reason": "A lawsuit"})
    assert client.post(erase, {"name": "Ann Lee"}).status_code == 422
    assert not Erasure.objects.exists()
    client.post(reverse("contacts:privacy_hold", args=[ann.pk]), {"lift": LegalHold.objects.get().pk})
    assert not LegalHold.objects.exists()

    answer = client.post(erase, {"name": "Ann Lee"})
    outbox.run_due()

    assert not Contact.objects.exists()
    row.refresh_from_db()
    assert (row.state, row.contact, row.person, row.note, row.erasure.by) == ("done", None, "", "", officer)
    page = _follow(client, answer)
    assert "Ann" not in page
    assert row.erasure.get_absolute_url() in page
    proof = client.get(row.erasure.get_absolute_url()).content.decode()
    assert "The seal is unbroken" in proof
    answer = client.get(reverse("contacts:erasure_file", args=[row.erasure.pk]))
    assert answer.json()["counts"]["contacts.contact"] == {"erased": 1}
    assert "ann" not in answer.content.decode().casefold()
    assert f"№ {row.pk}" in client.get(reverse("contacts:privacy")).content.decode()


def test_what_is_under_way_is_named_and_must_be_acknowledged(client, officer, alice, ann):
    from tickets.services import desk

    desk.open_ticket(subject="Loud", requester=ann, owner=alice, by=alice)
    row = requests.note_request(ann, "erasure", by=officer)
    client.force_login(officer)
    erase = reverse("contacts:privacy_erase", args=[row.pk])

    _look(client, row)

    assert "1 open ticket" in client.get(erase).content.decode()
    assert client.post(erase, {"name": "Ann Lee"}).status_code == 422
    assert not Erasure.objects.exists()

    assert client.post(erase, {"name": "Ann Lee", "aware": "on"}).status_code == 302
    assert Erasure.objects.count() == 1


def test_the_russian_law_counts_working_days(workspace):
    calendar = BusinessCalendar.objects.create(name="Office")
    SpecialDay.objects.create(calendar=calendar, day="2026-05-01")

    # Monday 27 April: ten working days without the first of May end on Tuesday 12 May.
    assert requests.due_on("ru", date(2026, 4, 27)) == date(2026, 5, 12)
    assert requests.due_on("gdpr", date(2026, 4, 27)) == date(2026, 5, 27)


def test_who_sees_to_a_request_is_reminded_once_before_the_day_and_once_after(officer, ann, time_machine):
    row = requests.note_request(ann, "export", by=officer)
    for days in (0, 24, 25, 26, 31, 32):
        time_machine.move_to(
            timezone.make_aware(timezone.datetime.combine(row.received_on, timezone.datetime.min.time()))
            + timedelta(days=days, hours=12)
        )
        requests.remind()

    told = Notification.objects.filter(user=officer, kind="privacy.due").order_by("pk").values_list("key", flat=True)
    assert list(told) == [f"{row.pk}:near", f"{row.pk}:late"]


def test_a_refusal_has_a_reason(client, officer, ann):
    row = requests.note_request(ann, "export", by=officer)
    client.force_login(officer)

    assert client.post(reverse("contacts:privacy_refusal", args=[row.pk]), {"reason": ""}).status_code == 422
    row.refresh_from_db()
    assert row.state == "open"

    client.post(reverse("contacts:privacy_refusal", args=[row.pk]), {"reason": "Could not be recognised"})
    row.refresh_from_db()
    assert (row.state, row.answer) == ("refused", "Could not be recognised")

    client.post(reverse("contacts:privacy_refusal", args=[row.pk]), {"reason": "Twice"})
    assert Event.objects.filter(kind="privacy.refused").count() == 1
    assert client.post(reverse("contacts:privacy_copy", args=[row.pk])).status_code == 404


def test_a_copy_does_not_end_a_request_to_be_erased(client, officer, ann):
    row = requests.note_request(ann, "erasure", by=officer)
    client.force_login(officer)

    assert client.post(reverse("contacts:privacy_copy", args=[row.pk])).status_code == 404
    row.refresh_from_db()
    assert (row.state, row.job) == ("open", None)


@pytest.mark.parametrize("who", ["alice", "carol"])
def test_without_the_right_nothing_leaves_and_nothing_goes(request, client, officer, ann, who):
    row = requests.note_request(ann, "erasure", by=officer)
    client.force_login(request.getfixturevalue(who))

    for name, key in (
        ("privacy_copy_now", ann.pk),
        ("privacy_copy", row.pk),
        ("privacy_erase", row.pk),
        ("privacy_preview", row.pk),
        ("privacy_hold", ann.pk),
    ):
        assert (
            client.post(reverse(f"contacts:{name}", args=[key]), {"name": "Ann Lee", "reason": "x"}).status_code == 403
        )

    assert (Erasure.objects.count(), LegalHold.objects.count(), PrivacyRequest.objects.get().state) == (0, 0, "open")


def test_the_count_is_cancelled_and_grows_old(client, officer, ann, time_machine):
    row = requests.note_request(ann, "erasure", by=officer)
    client.force_login(officer)
    erase = reverse("contacts:privacy_erase", args=[row.pk])
    client.post(reverse("contacts:privacy_preview", args=[row.pk]))
    client.post(reverse("contacts:privacy_preview", args=[row.pk]))
    job = Job.objects.get(kind=previews.KIND)
    jobs.cancel(job)
    outbox.run_due()
    assert "Look through everything" in client.get(erase).content.decode()

    _look(client, row)
    assert client.get(erase).context["found"]["goes"]["contacts.contact"] == 1
    time_machine.move_to(timezone.now() + timedelta(hours=25))
    client.force_login(officer)
    assert client.get(erase).context["found"] is None


def test_the_reason_of_a_hold_is_for_those_who_see_to_personal_data(client, officer, alice, ann):
    """Everybody who sees the person sees that a hold lies there; why is said to nobody else, and not in the copy."""
    participants.follow(ann, alice)
    participants.follow(ann, officer)
    requests.lay_hold(ann, "Zq7 lawsuit", by=officer)
    events.record("privacy.refused", contact=ann, actor=alice, why="Zq7 unknown")
    outbox.run_due()
    shown = {}
    for user in (alice, officer):
        client.force_login(user)
        shown[user] = [
            client.get(ann.get_absolute_url()).content.decode(),
            client.get(reverse("timeline", args=["contact", ann.pk])).content.decode(),
            client.get(reverse("history", args=["contact", ann.pk])).content.decode(),
        ]
        shown[user] += Notification.objects.filter(user=user).values_list("text", flat=True)

    assert "Zq7" not in "".join(shown[alice])
    assert "laid a legal hold on this person: hidden from you" in shown[alice][1]
    assert "laid a legal hold on this person: Zq7 lawsuit" in shown[officer][1]
    file, _counts = copying.pack(ann, "en", by=officer)
    with zipfile.ZipFile(file.content.open("rb")) as archive:
        assert "Zq7" not in archive.read("data.json").decode()


def test_a_hold_comes_too_late_when_the_erasure_has_begun(client, officer, ann):
    privacy.begin(ann, by=officer)
    client.force_login(officer)

    answer = client.post(reverse("contacts:privacy_hold", args=[ann.pk]), {"reason": "A claim"})

    assert (answer.status_code, "has begun" in answer.content.decode()) == (422, True)
    assert not LegalHold.objects.exists()
    assert not Event.objects.filter(kind="privacy.held").exists()


def test_a_second_hold_never_lifts_the_first_and_only_the_hold_that_was_seen_is_lifted(client, officer, ann):
    client.force_login(officer)
    hold = reverse("contacts:privacy_hold", args=[ann.pk])
    client.post(hold, {"reason": "Lawsuit of March"})
    first = LegalHold.objects.get()

    # A colleague whose page is older lays one as well.
    answer = client.post(hold, {"reason": "Audit of April"})

    page = answer.content.decode()
    assert (answer.status_code, "A hold lies on this person already" in page, "Audit of April" in page) == (
        422,
        True,
        True,
    )
    assert list(LegalHold.objects.values_list("pk", "reason")) == [(first.pk, "Lawsuit of March")]

    client.post(hold, {"lift": first.pk})
    client.post(hold, {"reason": "Audit of April"})
    for older in (first.pk, "9" * 5000, "x", ""):
        assert client.post(hold, {"lift": older}).status_code == 302
    assert list(LegalHold.objects.values_list("reason", flat=True)) == ["Audit of April"]
    kinds = Event.objects.filter(contact_id=ann.pk, kind__startswith="privacy.").order_by("id")
    assert list(kinds.values_list("kind", flat=True)) == ["privacy.held", "privacy.hold_lifted", "privacy.held"]


def test_the_number_of_a_person_is_no_longer_than_a_number(client, officer, ann):
    client.force_login(officer)

    for number in ("9" * 5000, "9" * 19, "x", ""):
        assert client.post(reverse("contacts:privacy_new"), {"contact": number}).status_code == 404

    assert not PrivacyRequest.objects.exists()


def test_a_name_with_two_spaces_is_typed_as_the_page_shows_it(client, officer, alice):
    person = people.create_contact(by=alice, first_name="Ann  Maria", last_name="Lee")
    row = requests.note_request(person, "erasure", by=officer)
    client.force_login(officer)
    _look(client, row)
    erase = reverse("contacts:privacy_erase", args=[row.pk])

    assert client.post(erase, {"name": "Ann Lee"}).status_code == 422
    assert client.post(erase, {"name": " Ann Maria  Lee"}).status_code == 302

    assert list(Erasure.objects.values_list("numbers", flat=True)) == [[person.pk]]


def test_the_work_of_a_colleague_is_theirs_to_watch(client, officer, admin, ann):
    row = requests.note_request(ann, "erasure", by=officer)
    job = requests.start_erasure(row, by=admin)
    seen = {}
    for user in (officer, admin):
        client.force_login(user)
        seen[user] = client.get(row.get_absolute_url()).content.decode()

    assert [f"job-{job.pk}" in page for page in seen.values()] == [False, True]
    assert f"{admin} has begun it, and it is still at work." in seen[officer]
