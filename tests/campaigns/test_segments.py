import json

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import SegmentMembership
from campaigns.services import segments
from contacts.models import Contact


def _open(segment):
    rows = SegmentMembership.objects.filter(segment=segment, left_at=None)
    return set(rows.values_list("contact__first_name", flat=True))


def test_a_rebuild_enters_and_leaves_exactly_who_fits(segment, person):
    ann, _ben = person("Ann"), person("Ben", city="Bonn")

    entered, left = segments.rebuild(segment)
    assert (entered, left, segment.size) == ([ann.pk], 0, 1)

    Contact.objects.filter(pk=ann.pk).update(city="Bonn")
    entered, left = segments.rebuild(segment)

    assert (entered, left, segment.size, _open(segment)) == ([], 1, 0, set())


def test_a_second_rebuild_changes_nothing(segment, person):
    person("Ann")
    segments.rebuild(segment)

    assert segments.rebuild(segment) == ([], 0)
    assert SegmentMembership.objects.count() == 1


def test_who_comes_back_has_two_intervals(segment, person):
    ann = person("Ann")
    for city in ("Berlin", "Bonn", "Berlin"):
        Contact.objects.filter(pk=ann.pk).update(city=city)
        segments.rebuild(segment)

    rows = SegmentMembership.objects.filter(contact=ann).order_by("pk")
    assert [row.left_at is None for row in rows] == [False, True]


def test_one_person_is_reconsidered_without_the_others(segment, person):
    ann = person("Ann")
    person("Ben")

    assert segments.reconsider(ann.pk) == [segment]
    assert segments.reconsider(ann.pk) == []
    assert _open(segment) == {"Ann"}


def test_a_condition_that_can_no_longer_be_read_freezes_the_segment(segment, person):
    person("Ann")
    segments.rebuild(segment)
    segment.tree = {"all": [{"field": "gone", "op": "is", "value": "x"}]}
    segment.save()

    assert segments.rebuild(segment) == ([], 0)
    assert segment.error.startswith("The condition cannot be read")
    assert _open(segment) == {"Ann"}


def test_the_preview_counts_only_whom_the_reader_may_see(segment, person, mallory, alice):
    person("Ann")

    assert segments.preview(segment.tree, alice)[0] == 1
    assert segments.preview(segment.tree, mallory)[0] == 0


def test_the_page_shows_the_kept_number_and_asks_nobody(client, segment, person, alice):
    for name in ("Ann", "Ben"):
        person(name)
    segments.rebuild(segment)
    person("Cid")
    client.force_login(alice)

    with CaptureQueriesContext(connection) as captured:
        page = client.get(segment.get_absolute_url())

    assert (page.context["count"], [p.first_name for p in page.context["sample"]]) == (2, ["Ben", "Ann"])
    assert "ago" in page.content.decode()
    assert not [
        q["sql"] for q in captured.captured_queries if "COUNT(*)" in q["sql"] and "contacts_contact" in q["sql"]
    ]


def test_the_kept_sample_shows_only_whom_the_reader_may_see(segment, person, alice, mallory):
    person("Ann")
    segments.rebuild(segment)

    assert [p.first_name for p in segments.members(segment, alice)] == ["Ann"]
    assert list(segments.members(segment, mallory)) == []


def test_count_now_counts_everybody(client, segment, person, alice):
    segments.rebuild(segment)
    person("Ann")
    client.force_login(alice)

    part = client.get(reverse("campaigns:segment_people"), {"f": json.dumps(segment.tree)})
    whole = client.get(segment.get_absolute_url(), {"count": 1})

    assert (part.context["count"], whole.context["count"]) == (1, 1)
    assert "<html" not in part.content.decode()


def test_a_changed_condition_is_counted_after_the_page(client, segment, person, alice):
    person("Ann")
    segments.rebuild(segment)
    client.force_login(alice)
    draft = json.dumps({"all": [{"field": "city", "op": "is", "value": "Bonn"}]})

    page = client.get(segment.get_absolute_url(), {"f": draft})

    assert "count" not in page.context
    assert 'hx-trigger="load"' in page.content.decode()


def test_a_saved_change_of_the_condition_forgets_the_old_number(client, segment, person, alice):
    segments.rebuild(segment)
    client.force_login(alice)
    tree = {"all": [{"field": "city", "op": "is", "value": "Bonn"}]}

    client.post(reverse("campaigns:segment_save", args=[segment.pk]), {"name": "Bonn", "f": json.dumps(tree)})

    segment.refresh_from_db()
    assert (segment.name, segment.tree, segment.built_at) == ("Bonn", tree, None)


def test_a_condition_that_is_none_is_refused_with_its_reason(client, alice):
    client.force_login(alice)
    answer = client.get(reverse("campaigns:segment_people"), {"f": '{"all": [{"field": "nope", "op": "is"}]}'})
    assert answer.status_code == 422
    assert answer.context["error"]
