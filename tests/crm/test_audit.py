from contacts.models import Contact
from crm import audit
from tests import factories


def _story(obj):
    return [(change.field, change.before, change.after) for change in audit.changes_of(obj)]


def test_each_change_shows_before_and_after_newest_first(db):
    ann = factories.contact(city="Berlin")
    ann.city = "Hamburg"
    ann.save()
    ann.city, ann.job_title = "Bremen", "Buyer"
    ann.save()

    assert _story(ann) == [("job_title", "", "Buyer"), ("city", "Hamburg", "Bremen"), ("city", "Berlin", "Hamburg")]


def test_a_bulk_update_is_seen_for_each_row(db):
    ann, ben = factories.contact("Ann"), factories.contact("Ben")

    Contact.objects.update(city="Berlin")

    for person in (ann, ben):
        person.refresh_from_db()
        assert _story(person) == [("city", "", "Berlin")]


def test_a_derived_column_leaves_no_trace(db):
    ann = factories.contact()

    Contact.objects.filter(pk=ann.pk).update(score=50)

    ann.refresh_from_db()
    assert _story(ann) == []


def test_a_change_of_owner_and_stage_shows_names_not_keys(alice, bob):
    ann = factories.contact(owner=alice, stage="lead")
    ann.owner, ann.stage = bob, "customer"
    ann.save()

    assert set(_story(ann)) == {("owner", "Alice", "Bob"), ("stage", "Lead", "Customer")}
