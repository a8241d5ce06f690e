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
