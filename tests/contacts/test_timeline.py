"""The timeline: paged by key, runs of edits as one, filters, notes with mentions and drafts, pins, reactions."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import override

from contacts.services import consents, lifecycle, people
from crm import notes, participants, timeline
from crm.events import EventRow, record, record_many
from crm.files import store
from crm.models import Draft, Event, Note, Notification, Pin, Reaction
from crm.timeline import Wish
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def _workspace(workspace, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def ann(alice):
    return people.create_contact(by=alice, first_name="Ann", last_name="Lee", company_name="Acme")


def _url(name, about, *more):
    return reverse(name, args=["contact", about.pk, *more])


def _events(contact, n, *, kind="call.logged", step=timedelta(hours=1), **fields):
    now = timezone.now()
    record_many(
        [EventRow(kind, contact_id=contact.pk, at=now - step * i, data={"text": f"t{i}"}, **fields) for i in range(n)]
    )


def _pages(contact, user, **wish):
    found, before = [], ""
    while True:
        entries, before = timeline.page(contact, user, Wish(before=before, **wish))
        found.append(entries)
        if not before:
            return found


# Reading


def test_pages_hold_every_event_once_in_order_also_those_of_one_instant(ann, alice):
    at = timezone.now() - timedelta(days=40)
    record_many([EventRow("call.logged", contact_id=ann.pk, at=at, data={"text": str(i)}) for i in range(150)])
    _events(ann, 130, step=timedelta(hours=9))

    found = _pages(ann, alice)

    ids = [entry.id for page in found for entry in page]
    assert ids == list(Event.objects.for_contact(ann).values_list("id", flat=True))
    assert {len(page) for page in found[:-1]} == {timeline.PAGE}


def test_fifty_thousand_events_open_by_the_index_and_by_as_many_queries_as_fifty(ann, alice, client):
    client.force_login(alice)
    client.get(ann.get_absolute_url())
    with CaptureQueriesContext(connection) as few:
        client.get(ann.get_absolute_url())
    _events(ann, 50_000, step=timedelta(minutes=30))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE crm_event")

    with CaptureQueriesContext(connection) as many:
        assert client.get(ann.get_absolute_url()).status_code == 200

    assert len(many) - len(few) <= 1
    said = " ".join(query["sql"] for query in many.captured_queries)
    assert "COUNT(*) FROM crm_event" not in said.replace('"', "")
    assert "OFFSET" not in said
    _first, before = timeline.page(ann, alice, Wish())
    plan = timeline._narrowed(timeline.stream_of(ann, alice), Wish(before=before), alice)[: timeline.LOOK + 1].explain(
        analyze=True
    )
    assert "Seq Scan on crm_event_" not in plan
    assert re.search(r"(?<!Incremental )Sort  \(", plan) is None
    # Deep inside it reads what it shows and the first row of each month, however many lie before.
    read = [float(n) for n in re.findall(r"Index Scan.*?actual time=\S+ rows=([\d.]+)", plan)]
    assert sum(read) <= timeline.LOOK + 1 + len(read)


def test_a_run_of_edits_by_one_person_is_one_entry_that_opens(client, alice, bob, ann):
    client.force_login(alice)
    for name, value in (("city", "Ulm"), ("country", "DE"), ("source", "Fair")):
        client.post(reverse("contacts:contact_edit", args=[ann.pk]), {**_form(ann), name: value})
        ann.refresh_from_db()
    record("contact.changed", contact=ann, target=ann, actor=bob, field="city", after="Bonn")

    entries, _more = timeline.page(ann, alice, Wish())

    assert [len(entry.gathered) for entry in entries[:2]] == [0, 3]
    assert str(entries[1].sentence) == "<b>Alice</b> changed: source, country, city"
    assert "city: Ulm" in str(entries[1].gathered[-1].sentence)
    page = client.get(ann.get_absolute_url()).content.decode()
    assert "3 events" in page


def _form(contact):
    names = ("first_name", "last_name", "city", "country", "source")
    return {name: getattr(contact, name) for name in names} | {
        "stage": "lead",
        "owner": contact.owner_id,
        "company": "Acme",
    }


def test_edits_more_than_ten_minutes_apart_are_two_entries(ann, alice):
    now = timezone.now() - timedelta(hours=1)
    for minutes in (0, 8, 16, 27):
        record(
            "contact.changed",
            contact=ann,
            target=ann,
            actor=alice,
            at=now - timedelta(minutes=minutes),
            field="city",
            after="x",
        )

    entries, _more = timeline.page(ann, alice, Wish(group="changes"))

    assert [len(entry.gathered) for entry in entries] == [0, 3, 0]


def test_a_run_over_the_end_of_a_page_stays_whole(ann, alice):
    _events(ann, 20, step=timedelta(hours=1))
    start = timezone.now() - timedelta(days=3)
    rows = [
        EventRow(
            "contact.changed",
            contact_id=ann.pk,
            actor_id=alice.pk,
            at=start - timedelta(minutes=i),
            data={"field": "city"},
        )
        for i in range(110)
    ]
    record_many(rows)

    first, second = _pages(ann, alice)[:2]

    assert {len(entry.gathered) for entry in first} == {0}
    assert len(second[0].gathered) == 110


def test_it_is_narrowed_by_kind_person_and_words(client, alice, bob, ann):
    people.log_talk(ann, "note", "Budget 100% approved", by=alice)
    people.log_talk(ann, "call", "Asked for a discount", by=bob)
    record("letter.written", contact=ann, actor=alice, title="Your Budget", text="Dear Ann")

    def found(**wish):
        return [e.kind for e in _rows(ann, alice, **wish)]

    assert found(group="email") == ["letter.written"]
    assert found(by=bob.pk) == ["call.logged"]
    assert found(find="budget") == ["letter.written", "note.added"]
    assert found(find="100%") == ["note.added"]
    assert found(find="_") == []
    assert found(find="budget", by=alice.pk, group="talks") == ["note.added"]
    client.force_login(alice)
    page = client.get(_url("timeline", ann) + "?find=nowhere", **HTMX).content.decode()
    assert "Nothing fits" in page


def _rows(contact, user, **wish):
    entries, _more = timeline.page(contact, user, Wish(**wish))
    by_id = {event.id: event for event in Event.objects.for_contact(contact)}
    return [by_id[entry.id] for entry in entries]


@pytest.mark.parametrize("query", ["before=soon", "by=me", "before=2026-01-01|x"])
def test_a_tampered_wish_is_a_bad_request(client, alice, ann, query):
    client.force_login(alice)

    assert client.get(f"{_url('timeline', ann)}?{query}").status_code == 400


def test_a_company_shows_what_happened_with_its_people(ann, alice):
    people.log_talk(ann, "note", "Hello", by=alice)

    entries, _more = timeline.page(ann.company, alice, Wish(group="talks"))

    assert [entry.note.text for entry in entries] == ["Hello"]


# Notes


def test_a_mention_tells_those_who_may_see_the_record_and_names_those_who_may_not(client, alice, bob, mallory, ann):
    client.force_login(alice)

    answer = client.post(
        reverse("contacts:contact_talk_create", args=[ann.pk]),
        {"kind": "note", "text": "@Bob and @Mallory, <b>look</b> @Nobody"}, **HTMX,
    )  # fmt: skip

    assert "Mallory may not see this record and was not told." in json.loads(answer["HX-Trigger"])["toast"]["text"]
    assert [(n.user, n.text) for n in Notification.objects.filter(kind="note.mention")] == [
        (bob, "Alice mentions you: Ann Lee")
    ]
    page = client.get(ann.get_absolute_url()).content.decode()
    assert '<b class="mention">@Bob</b> and <b class="mention">@Mallory</b>, &lt;b&gt;look&lt;/b&gt; @Nobody' in page


def test_a_name_that_begins_a_longer_one_is_not_meant(db):
    short, longer = factories.user("Ann"), factories.user("Ann Lee Smith")

    assert notes.mentioned("Ask @Ann Lee Smith") == [longer]
    assert notes.mentioned("Ask @Ann Lee Smith or @Ann") == [short, longer]


def test_the_picker_says_who_may_not_see_the_record(client, alice, bob, mallory, ann):
    client.force_login(alice)

    page = client.get(_url("mentions", ann) + "?q=l").content.decode()

    assert "Mallory" in page
    assert "may not see this record" in page
    assert "Bob" not in page


def test_ones_own_note_is_mended_and_taken_back_and_the_trail_keeps_it(client, alice, ann):
    note = people.log_talk(ann, "note", "Frist", by=alice).note
    client.force_login(alice)

    saved = client.post(_url("note", ann, note.pk), {"text": "First", "version": "1"}, **HTMX)
    late = client.post(_url("note", ann, note.pk), {"text": "Other", "version": "1"}, **HTMX)

    note.refresh_from_db()
    assert (saved.status_code, late.status_code, note.text, note.version) == (204, 422, "First", 2)
    assert "Frist" in client.get(_url("note_versions", ann, note.pk)).content.decode()
    client.post(_url("note_delete", ann, note.pk), **HTMX)
    page = client.get(ann.get_absolute_url()).content.decode()
    assert "The author has taken this back." in page
    assert "First" not in page
    assert client.get(_url("note_versions", ann, note.pk)).status_code == 404
    client.post(_url("note_put_back", ann, note.pk), **HTMX)
    assert "First" in client.get(ann.get_absolute_url()).content.decode()


def test_nobody_mends_the_note_of_another(client, bob, alice, ann):
    note = people.log_talk(ann, "note", "Mine", by=alice).note
    client.force_login(bob)

    for name in ("note", "note_delete", "note_put_back"):
        assert client.post(_url(name, ann, note.pk), {"text": "x", "version": "1"}).status_code == 403

    note.refresh_from_db()
    assert (note.text, note.deleted_at) == ("Mine", None)


def test_files_go_with_a_note_and_stand_with_the_record(client, alice, ann):
    file = store(b"plan", "plan.txt", by=alice, kind="upload")
    client.force_login(alice)

    client.post(
        reverse("contacts:contact_talk_create", args=[ann.pk]),
        {"kind": "note", "text": "See", "files": [str(file.uuid)]},
    )

    assert Note.objects.get().files == [file.uuid]
    file.refresh_from_db()
    assert (file.target_type, file.target_id) == ("contacts.contact", ann.pk)
    assert file.get_absolute_url() in client.get(ann.get_absolute_url()).content.decode()


# Drafts


def test_a_draft_survives_the_tab_and_two_windows_lose_nothing(client, alice, ann):
    client.force_login(alice)
    url = _url("draft", ann)

    first = client.post(url, {"kind": "call", "text": "Half a thou", "version": "0"})
    assert (first.status_code, first.json()["version"]) == (200, 1)
    assert "Half a thou" in client.get(ann.get_absolute_url()).content.decode()
    other = client.post(url, {"kind": "note", "text": "Something else", "version": "0"})
    assert (other.status_code, other.json()) == (409, {"version": 1, "text": "Half a thou"})
    mine = client.post(url, {"kind": "note", "text": "Something else", "version": "1"})
    assert (mine.status_code, Draft.objects.get().data["text"]) == (200, "Something else")

    client.post(reverse("contacts:contact_talk_create", args=[ann.pk]), {"kind": "note", "text": "Something else"})
    assert not Draft.objects.exists()


def test_drafts_are_ones_own(client, alice, bob, ann):
    notes.keep_draft(ann, alice, {"text": "Secret"}, version=0)
    client.force_login(bob)

    assert "Secret" not in client.get(ann.get_absolute_url()).content.decode()


# Pins and reactions


def test_pins_stand_above_every_page_and_are_few(client, alice, ann):
    _events(ann, 200, step=timedelta(days=1))
    oldest = Event.objects.for_contact(ann).last()
    client.force_login(alice)

    client.post(_url("event_pin", ann, oldest.id), **HTMX)
    for event in Event.objects.for_contact(ann)[: timeline.PINS - 1]:
        client.post(_url("event_pin", ann, event.id), **HTMX)
    refused = client.post(_url("event_pin", ann, Event.objects.for_contact(ann)[20].id), **HTMX)

    assert "pinned already" in refused["HX-Trigger"]
    assert Pin.objects.count() == timeline.PINS
    assert [entry.id for entry in timeline.pinned(ann, alice)][-1] == oldest.id
    client.post(_url("event_pin", ann, oldest.id), {"off": "1"}, **HTMX)
    assert Pin.objects.count() == timeline.PINS - 1


def test_a_reaction_is_put_and_taken_away_and_tells_nobody(client, alice, bob, ann):
    written = people.log_talk(ann, "note", "Won!", by=alice)
    participants.follow(ann, alice)
    client.force_login(bob)
    url = _url("event_react", ann, written.event.id)

    page = client.post(url, {"sign": "joy"}, **HTMX).content.decode()
    assert 'aria-label="Hurray: Bob" aria-pressed="true"' in page
    client.post(url, {"sign": "like"}, **HTMX)
    client.post(url, {"sign": "joy"}, **HTMX)

    assert list(Reaction.objects.values_list("user", "sign")) == [(bob.pk, "like")]
    assert client.post(url, {"sign": "rude"}).status_code == 400
    assert not Notification.objects.filter(user=alice).exists()


def test_an_event_of_another_record_is_not_reached_through_mine(client, alice, mallory, ann):
    theirs = people.create_contact(by=mallory, first_name="Max")
    event = people.log_talk(theirs, "note", "Secret", by=mallory).event
    client.force_login(alice)

    assert client.post(_url("event_pin", ann, event.id)).status_code == 404
    assert client.post(_url("event_react", ann, event.id), {"sign": "like"}).status_code == 404
    assert not Pin.objects.exists()
    assert not Reaction.objects.exists()


def test_what_names_a_deleted_record_goes_with_it(client, alice, ann):
    event = people.log_talk(ann, "note", "Hello", by=alice).event
    notes.pin(ann, event, by=alice)
    notes.keep_draft(ann, alice, {"text": "x"}, version=0)

    people.delete_contact(ann, by=alice)

    assert [model.objects.exists() for model in (Note, Pin, Draft)] == [False, False, False]


def test_choices_are_read_in_the_language_of_the_reader(alice, ann):
    lifecycle.set_stage(ann, "qualified", by=alice)
    consents.state_consent(ann, "advertising", given=False, by=alice, source="A talk")
    record("contact.stage_changed", contact=ann, actor=alice, label="Gone since")

    def read():
        return [strip_tags(str(entry.sentence)) for entry in timeline.page(ann, alice, Wish())[0][:3]]

    assert read() == ["Became Gone since", "Consent withdrawn: Advertising · Email", "Became Qualified"]
    with override("ru"):
        assert read() == ["Новый этап: Gone since", "Согласие отозвано: Реклама · Почта", "Новый этап: Квалифицирован"]
