"""Tags: counted, renamed, merged and taken away everywhere at once, with what names them."""

import pytest
from django.apps import apps
from django.db.models import JSONField
from django.urls import reverse

from campaigns.models import Segment
from contacts.models import Contact
from contacts.services import people
from crm import access, conditions, jobs, outbox, tags
from crm.conditions.holders import holders
from crm.models import Alert, CustomField, Feed, Job, SavedView, Tag
from tests import factories

pytestmark = pytest.mark.django_db

VIP = {"all": [{"field": "tags", "op": "has_any", "value": ["vip", "press"]}]}


@pytest.fixture
def people_with_tags(workspace, alice):
    for name, words in (("Ann", ["vip", "press"]), ("Ben", ["VIP", "vip"]), ("Cem", ["press"])):
        people.create_contact(by=alice, first_name=name, tags=words)
    tags.count()


def _tags():
    return {row.first_name: row.tags for row in Contact.objects.all()}


def test_tags_are_counted_by_kind_of_record(people_with_tags):
    assert {t.name: (t.counts, t.total) for t in Tag.objects.all()} == {
        "VIP": ({"contact": 1}, 1),
        "press": ({"contact": 2}, 2),
        "vip": ({"contact": 2}, 2),
    }


def test_renaming_keeps_order_and_place_and_filters_follow(people_with_tags, alice):
    view = SavedView.objects.create(list_name="contacts", name="V", owner=alice, tree=VIP)
    nested = {"all": [{"not": {"any": [VIP, {"field": "city", "op": "is", "value": "vip"}]}}]}
    segment = Segment.objects.create(name="S", tree=nested)
    feed = Feed.objects.create(owner=alice, name="F", wish={"list": "contacts", "tree": VIP})
    alert = Alert.objects.create(owner=alice, name="A", wish={"list": "contacts", "tree": {"all": []}})
    field = CustomField.objects.create(subject="contact", key="x", kind="text", label_en="X", rules={"show": VIP})

    found = tags.change(Tag.objects.get(name="vip"), "key account")

    renamed = {"all": [{"field": "tags", "op": "has_any", "value": ["key account", "press"]}]}
    assert found == (2, 4)
    assert _tags() == {"Ann": ["key account", "press"], "Ben": ["VIP", "key account"], "Cem": ["press"]}
    for row in (view, segment, feed, alert, field):
        row.refresh_from_db()
    assert view.tree == renamed
    assert segment.tree["all"][0]["not"]["any"] == [renamed, {"field": "city", "op": "is", "value": "vip"}]
    assert feed.wish["tree"] == renamed
    assert field.rules == {"show": renamed}
    assert alert.wish["tree"] == {"all": []}
    assert Tag.objects.get(name="key account").total == 2
    assert not Tag.objects.filter(name="vip").exists()


def test_the_same_people_fit_before_and_after(people_with_tags):
    def fitting(tree):
        return sorted(conditions.matching(Contact.objects.all(), tree, "contact").values_list("first_name", flat=True))

    segment = Segment.objects.create(name="S", tree={"all": [{"field": "tags", "op": "has_any", "value": ["vip"]}]})
    before = fitting(segment.tree)

    tags.change(Tag.objects.get(name="vip"), "VIP")

    segment.refresh_from_db()
    assert before == fitting(segment.tree) == ["Ann", "Ben"]


def test_merging_leaves_one_of_two_on_a_record(people_with_tags):
    tags.change(Tag.objects.get(name="vip"), "VIP")

    assert _tags() == {"Ann": ["VIP", "press"], "Ben": ["VIP"], "Cem": ["press"]}
    assert Tag.objects.get(name="VIP").counts == {"contact": 2, "company": 0, "ticket": 0}
    assert Tag.objects.count() == 2


def test_a_tag_that_goes_leaves_records_and_keeps_filters(people_with_tags, alice):
    view = SavedView.objects.create(list_name="contacts", name="V", owner=alice, tree=VIP)

    assert tags.change(Tag.objects.get(name="press"), "") == (2, 0)

    view.refresh_from_db()
    assert _tags() == {"Ann": ["vip"], "Ben": ["VIP", "vip"], "Cem": []}
    assert view.tree == VIP


def test_every_column_of_json_says_whether_conditions_stand_in_it():
    """A new place for trees that nobody declared would keep the old name of a tag."""
    known = {(model._meta.label, column) for model, column in holders()}
    named = {"tree", "wish", "rules", "condition", "filter", "goal", "exits", "trees"}
    found = {
        (model._meta.label, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, JSONField) and not model.__name__.endswith("Event")
        if field.name in named or "condition" in str(field.verbose_name) or "filter" in str(field.verbose_name)
    }
    assert found == known


def test_in_the_browser_a_name_that_is_there_asks_first(client, people_with_tags, admin):
    client.force_login(admin)
    tag = Tag.objects.get(name="vip")
    url = reverse("tag", args=[tag.pk])

    asked = client.post(url, {"name": "VIP", "colour": "red"})
    before = _tags()
    merged = client.post(url, {"name": "VIP", "colour": "red", "anyway": "1"}, follow=True)

    assert asked.status_code == 422
    assert "There is a tag “VIP” already." in asked.content.decode()
    assert before["Ann"] == ["vip", "press"]
    assert "Changed on 2 records." in merged.content.decode()
    assert _tags()["Ann"] == ["VIP", "press"]


def test_a_comma_stands_in_no_tag(client, people_with_tags, admin):
    client.force_login(admin)
    tag = Tag.objects.get(name="vip")

    answer = client.post(reverse("tag", args=[tag.pk]), {"name": "a, b", "colour": ""})

    assert answer.status_code == 422
    assert Tag.objects.filter(name="vip").exists()


def test_the_list_counts_colours_and_merges_many(client, people_with_tags, admin, django_assert_max_num_queries):
    client.force_login(admin)
    Tag.objects.filter(name="press").update(colour="green")
    picked = list(Tag.objects.filter(name__in=["vip", "VIP"]).values_list("pk", flat=True))

    with django_assert_max_num_queries(16):
        page = client.get(reverse("tags")).content.decode()
    answer = client.post(reverse("list_bulk", args=["tags", "merge"]), {"pick": picked, "name": "client", "go": "1"})

    assert '<span class="chip green">press</span>' in page
    assert answer.status_code == 302
    assert _tags() == {"Ann": ["client", "press"], "Ben": ["client"], "Cem": ["press"]}
    shown = client.get(reverse("contacts:index"), {"cols": "tags"}).content.decode()
    assert '<span class="chip green">press</span>' in shown


def test_what_many_carry_is_changed_by_a_job(client, people_with_tags, admin, monkeypatch):
    monkeypatch.setattr(tags, "AT_ONCE", 1)
    client.force_login(admin)
    tag = Tag.objects.get(name="vip")

    answer = client.post(reverse("tag", args=[tag.pk]), {"name": "key", "colour": ""})
    job = Job.objects.get(kind="tags.change")

    assert answer["Location"] == job.get_absolute_url()
    assert job.params == {"tag": tag.pk, "name": "key"}


def test_only_who_may_change_settings_manages_tags(client, people_with_tags, alice, carol):
    tag = Tag.objects.get(name="vip")
    reader = factories.user("Reader", roles=[factories.role("s", {"settings": {"view": access.ALL}})])
    for person, statuses in ((reader, (200, 200, 403)), (factories.user("Out"), (403, 404, 404))):
        client.force_login(person)
        urls = [reverse("tags"), reverse("tag", args=[tag.pk])]
        answers = [*(client.get(url) for url in urls), client.post(urls[1], {"name": "x", "colour": ""})]
        assert tuple(answer.status_code for answer in answers) == statuses
    assert Tag.objects.filter(name="vip").exists()


def test_a_new_word_stands_in_the_list_at_once(workspace, alice):
    people.create_contact(by=alice, first_name="Ann", tags=["brand-new"])

    assert Tag.objects.get(name="brand-new").total == 1


def test_a_job_that_runs_again_after_it_is_done_takes_no_tag_off(people_with_tags):
    tag = Tag.objects.get(name="vip")
    first = tags.change(tag, "key")

    again = tags.change(Tag.objects.get(pk=tag.pk), "key")

    assert (first, again) == ((2, 0), (0, 0))
    assert _tags() == {"Ann": ["key", "press"], "Ben": ["VIP", "key"], "Cem": ["press"]}


def test_a_change_of_many_that_dies_at_half_is_right_at_every_step_and_goes_on(people_with_tags, admin, monkeypatch):
    monkeypatch.setattr(tags, "BATCH", 1)
    segment = Segment.objects.create(name="S", tree={"all": [{"field": "tags", "op": "has_any", "value": ["vip"]}]})
    others = Segment.objects.create(name="O", tree={"all": [{"field": "tags", "op": "has_none", "value": ["vip"]}]})
    Tag.objects.filter(name="vip").update(colour="red")

    def fitting():
        for row in (segment, others):
            row.refresh_from_db()
        found = conditions.matching(Contact.objects.all(), segment.tree, "contact")
        rest = conditions.matching(Contact.objects.all(), others.tree, "contact")
        return [sorted(rows.values_list("first_name", flat=True)) for rows in (found, rest)]

    class Died(Exception):
        pass

    steps = []

    def dies_at(n):
        def tell(done, **counters):
            assert fitting() == [["Ann", "Ben"], ["Cem"]]
            steps.append(_tags())
            if len(steps) == n:
                raise Died

        return tell

    for n in (2, 5):
        with pytest.raises(Died):
            tags.change(Tag.objects.get(name="vip"), "key", tell=dies_at(n))
        assert fitting() == [["Ann", "Ben"], ["Cem"]]
    assert _tags()["Ann"] == ["vip", "key", "press"]

    job = jobs.start("tags.change", by=admin, params={"tag": Tag.objects.get(name="vip").pk, "name": "key"})
    outbox.run_due()

    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("done", job.total, job.done)
    assert [n for _words, n in job.result["rows"]] == [2, 0]
    assert fitting() == [["Ann", "Ben"], ["Cem"]]
    assert _tags() == {"Ann": ["key", "press"], "Ben": ["VIP", "key"], "Cem": ["press"]}
    tag = Tag.objects.get(name="key")
    assert (tag.total, tag.colour) == (2, "red")
