"""Two records become one: everything goes over, nothing is lost, and undoing restores every row of every table."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from threading import Barrier, Thread

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import connection, connections, models
from django.utils import timezone

from contacts.models import Company, Consent, Contact, ContactPair, Employment, LifecycleStay, Merge, MergeStep, Task
from contacts.services import consents, merging, people, points, tasks
from contacts.services.merging import pointers as found
from crm import events, outbox
from crm.models import CustomField, Delivery, Event, StoredFile
from deals.models import Order
from tests import factories
from tests.contacts.one_of_each import digests, pointing_at, row_of

pytestmark = pytest.mark.django_db
_numbers = count(10**9)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
# What tells of the merge itself; the audit trail and the notes for figures and scores only ever grow.
TOLD = (
    "contacts_merge", "crm_outbox", "crm_event", "pghistory", "analytics_dirtyfact", "crm_searchword", "contacts_qualitymark",
)  # fmt: skip
VERSIONS = tuple(
    model._meta.db_table for model in apps.get_models() if issubclass(model, found.Version) and model._meta.managed
)


def _all_rows():
    own = list(Event.objects.exclude(kind__endswith="merged").order_by("id").values())
    return digests(without=(*TOLD, *VERSIONS)), own


def _one_of_each(model, *, clashing):
    """Two records at which a row of every model points, for each reference; the same rows when `clashing`."""
    kept, gone = (row_of(model) for _n in range(2))
    model.objects.filter(pk=gone.pk).update(created_at=kept.created_at - timedelta(days=3))
    shared = {}
    for reference in merging.references(model):
        for record in (kept, gone) if clashing else (gone,):
            row_of(reference.model, {reference.column: record.pk} | _needed(reference, model), shared)
    return model.objects.get(pk=kept.pk), model.objects.get(pk=gone.pk)


def _needed(reference, model):
    if reference.model is Event:
        events.make_partitions(timezone.now().date(), timezone.now().date())
        target = {"target_type": model._meta.label_lower} if reference.pair else {}
        return {"id": next(_numbers), "occurred_at": timezone.now(), "kind": "x"} | target
    if reference.pair:
        return {"target_type": model._meta.label_lower}
    if issubclass(reference.model, ContactPair.__mro__[1]):
        third = factories.contact() if model is Contact else factories.company()
        other = {"first_id": "second_id", "second_id": "first_id"}[reference.column]
        # The older stands first.
        return {other: third.pk} if reference.column == "first_id" else {other: row_of(model, {"id": -third.pk}).pk}
    if reference.model is LifecycleStay:
        # The record itself has an open one.
        return {"left_at": timezone.now() + timedelta(days=1)}
    if reference.model is Order:
        return {"paid_at": NOON}
    return {"kept_id": 1, "gone_id": 2} if reference.model is Merge else {}


@pytest.mark.parametrize("model", [Contact, Company])
@pytest.mark.parametrize("clashing", [False, True], ids=["alone", "both"])
def test_a_row_of_every_model_goes_over_and_comes_back(model, clashing):
    kept, gone = _one_of_each(model, clashing=clashing)
    before = _all_rows()

    merge = merging.merge_records(model, kept.pk, gone.pk, by=None)

    assert pointing_at(model._meta.db_table, gone.pk) == []
    assert not model.objects.filter(pk=gone.pk).exists()
    for reference in merging.references(model):
        with connection.cursor() as cursor:
            table, where = reference.model._meta.db_table, reference.condition(model)
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE {where}', [gone.pk])  # noqa: S608
            assert (reference, cursor.fetchone()[0]) == (reference, 0)
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE {where}', [kept.pk])  # noqa: S608
            assert (reference, cursor.fetchone()[0] > 0) == (reference, True)

    assert merging.undo_merge(merge, by=None) == 0
    after = _all_rows()
    assert {t for t in before[0] if before[0][t] != after[0][t]} == set()
    assert after[1] == before[1]


@pytest.mark.parametrize("model", [Contact, Company])
def test_no_model_points_at_records_without_a_way_to_merge_it(model):
    """A new model fails here until it can be moved as it stands or its app declares a rule."""
    for reference in found.moved(model):
        assert reference.key, f"{reference.label} has no single key: declare a rule"
        assert not found.clashing(reference), f"{reference.label} may clash: declare a rule"
    generic = {
        m._meta.label_lower
        for m in apps.get_models()
        if not issubclass(m, found.Version)
        and any(f.related_model is ContentType for f in m._meta.concrete_fields if isinstance(f, models.ForeignKey))
    }
    # What administrators did and which rights there are speak of records only in passing.
    assert generic == {"admin.logentry", "auth.permission"}


def test_the_values_are_those_that_the_preview_showed(alice):
    ann = people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="ann@example.com", tags=["a", "b"])
    anna = people.create_contact(by=alice, first_name="Anna", city="Berlin", email="anna@example.com", tags=["b", "c"])
    people.set_company(anna, "Acme", by=alice)
    Contact.objects.filter(pk=anna.pk).update(stage="customer", custom={"size": "L"})
    tasks.create_task(owner=alice, title="Call", contact=anna, due_at=NOON)
    ann.refresh_from_db()
    anna.refresh_from_db()

    values, moving = merging.preview(ann, anna, {"first_name": "gone", "email": "gone"})
    merge = merging.merge_contacts(ann, anna, by=alice, choices={"first_name": "gone", "email": "gone"})

    kept = Contact.objects.get()
    assert {name: getattr(kept, name) for name in values} == values
    assert (kept.first_name, kept.last_name, kept.city, kept.stage) == ("Anna", "Lee", "Berlin", "customer")
    assert (kept.tags, kept.custom, kept.company.name) == (["a", "b", "c"], {"size": "L"}, "Acme")
    assert (kept.email, kept.next_step, kept.next_step_at) == ("anna@example.com", "Call", NOON)
    stays = kept.stays.order_by("pk").values_list("stage", "how", "by", "left_at")
    assert [(*row[:3], row[3] is None) for row in stays][-1] == ("customer", "merge", alice.pk, True)
    main = kept.points.order_by("norm").values_list("norm", "is_primary")
    assert list(main) == [("ann@example.com", False), ("anna@example.com", True)]
    assert {m.label: m.n for m in moving} == {
        "contacts.task": 1, "contacts.employment": 1, "contacts.contactpoint": 1, "crm.event": 2,
        "contacts.lifecyclestay": 2,
    }  # fmt: skip
    (event,) = Event.objects.filter(kind="contact.merged")
    assert (event.contact_id, event.actor_id, event.data["title"]) == (ann.pk, alice.pk, str(anna))
    assert (merge.by, merge.is_automatic, merge.gone_id) == (alice, False, anna.pk)


@pytest.mark.parametrize(("chosen", "has_year"), [("kept", True), ("gone", False)])
def test_a_birthday_without_a_year_stays_without_one(alice, chosen, has_year):
    kept = people.create_contact(by=alice, first_name="Ann", birthday_on=date(1980, 3, 5))
    gone = people.create_contact(by=alice, first_name="Anna", birthday_on=date(1904, 3, 5), birthday_has_year=False)

    merging.merge_contacts(kept, gone, by=alice, choices={"birthday_on": chosen})

    kept.refresh_from_db()
    assert (kept.birthday_has_year, kept.birthday_on.year) == (has_year, 1980 if has_year else 1904)


def test_the_same_address_of_both_is_one_with_all_that_is_known_of_it(alice):
    ann, twin = (people.create_contact(by=alice, first_name=name) for name in ("Ann", "Anna"))
    for one in (ann, twin):
        points.add_point(one, "email", "ann@example.com")
    twin.points.update(opted_out_at=NOON)

    merging.merge_contacts(ann, twin, by=alice)

    (point,) = ann.points.all()
    assert (point.opted_out_at, point.is_primary) == (NOON, True)


def test_a_role_in_the_same_company_is_one_role(alice):
    ann, twin = (people.create_contact(by=alice, first_name=n, company_name="Acme") for n in ("Ann", "Anna"))

    merging.merge_contacts(ann, twin, by=alice)

    (role,) = Employment.objects.all()
    assert (role.contact, role.is_primary) == (ann, True)


@pytest.mark.parametrize(
    ("later", "text", "allowed"),
    [("given", "I agree", True), ("given", "", False), ("withdrawn", "", False)],
    ids=["proven consent after refusal", "unproven consent after refusal", "refusal after consent"],
)
def test_the_newest_provable_choice_wins_and_without_proof_the_refusal(alice, time_machine, later, text, allowed):
    ann, twin = (people.create_contact(by=alice, first_name=name) for name in ("Ann", "Anna"))
    time_machine.move_to("2026-01-01")
    consents.state_consent(ann, "advertising", given=later != "given", text="I agree", source="form")
    time_machine.move_to("2026-02-01")
    consents.state_consent(twin, "advertising", given=later == "given", text=text, source="form")
    before = _all_rows()

    merge = merging.merge_contacts(ann, twin, by=alice)

    assert consents.has_consent(ann, Consent.Purpose.ADVERTISING) is allowed
    merging.undo_merge(merge, by=alice)
    assert _all_rows() == before


@pytest.mark.parametrize(("state", "expected"), [("open", "open"), ("never", "never")])
def test_pairs_with_a_third_become_one_and_never_outweighs(state, expected):
    kept, gone, third = (factories.contact() for _n in range(3))
    ContactPair.objects.create(first=kept, second=gone, score=0.9)
    ContactPair.objects.create(first=kept, second=third, score=0.8)
    ContactPair.objects.create(first=gone, second=third, score=0.7, state=state)

    merging.merge_contacts(kept, gone, by=None)

    (pair,) = ContactPair.objects.all()
    assert (pair.first, pair.second, pair.state) == (kept, third, expected)


def test_what_came_after_the_merge_is_told_and_stays_with_the_kept_one(alice):
    ann, twin = (people.create_contact(by=alice, first_name=name) for name in ("Ann", "Anna"))
    old = Task.objects.create(title="Old", contact=twin)
    merge = merging.merge_contacts(ann, twin, by=alice)
    new = Task.objects.create(title="New", contact=ann)
    people.log_talk(ann, "note", "Met her", by=alice)

    told = {m.label: m.n for m in merging.arrivals(merge)}
    merging.undo_merge(merge, by=alice)

    assert told == {"contacts.task": 1, "crm.event": 1, "crm.note": 1}
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.contact_id, new.contact_id) == (twin.pk, ann.pk)
    assert Event.objects.get(kind="note.added").contact_id == ann.pk


def test_a_field_changed_since_the_merge_keeps_the_newer_value(alice):
    ann = people.create_contact(by=alice, first_name="Ann", city="Bonn")
    twin = people.create_contact(by=alice, first_name="Anna", city="Berlin", job_title="Buyer")
    merge = merging.merge_contacts(ann, twin, by=alice, choices={"city": "gone"})
    Contact.objects.filter(pk=ann.pk).update(job_title="Head of purchasing")

    left = merging.undo_merge(merge, by=alice)

    ann.refresh_from_db()
    assert (ann.city, ann.job_title, left) == ("Bonn", "Head of purchasing", 1)
    assert Contact.objects.get(pk=twin.pk).job_title == "Buyer"


def test_a_merge_is_undone_once_within_thirty_days_and_before_a_further_merge(alice, time_machine):
    one, two, three = (people.create_contact(by=alice, first_name=name) for name in ("Ann", "Anna", "Anne"))
    first = merging.merge_contacts(two, three, by=alice)
    second = merging.merge_contacts(one, two, by=alice)
    first.refresh_from_db()
    with pytest.raises(merging.MergeRefused):
        merging.undo_merge(first, by=alice)
    assert merging.survivor_of(Contact, three.pk) == merging.survivor_of(Contact, two.pk) == one.pk

    merging.undo_merge(second, by=alice)
    merging.undo_merge(first, by=alice)
    with pytest.raises(merging.MergeRefused):
        merging.undo_merge(first, by=alice)

    assert set(Contact.objects.values_list("pk", flat=True)) == {one.pk, two.pk, three.pk}
    assert merging.survivor_of(Contact, three.pk) is None
    late = merging.merge_contacts(one, two, by=alice)
    time_machine.move_to(timezone.now() + timedelta(days=31))
    with pytest.raises(merging.MergeRefused):
        merging.undo_merge(late, by=alice)
    assert merging.forget_old_merges() > 0
    assert (MergeStep.objects.count(), merging.survivor_of(Contact, two.pk)) == (0, one.pk)


def test_only_who_may_change_both_and_delete_the_one_merges(alice, bob, carol, mallory):
    ann = people.create_contact(by=alice, first_name="Ann")
    hers = people.create_contact(by=mallory, first_name="Ann")
    before = _all_rows()

    for kept, gone, by in ((ann, hers, alice), (hers, ann, alice), (hers, ann, mallory), (ann, hers, carol)):
        with pytest.raises(PermissionDenied):
            merging.merge_contacts(kept, gone, by=by)
    merge = Merge.objects.create(contact=ann, kept_id=ann.pk, gone_id=0, title="x")
    with pytest.raises(PermissionDenied):
        merging.undo_merge(merge, by=mallory)

    assert _all_rows() == before


def test_a_record_that_changed_under_the_eyes_is_not_merged(alice):
    ann, twin = (people.create_contact(by=alice, first_name=name) for name in ("Ann", "Anna"))
    seen = [ann.updated_at, twin.updated_at]
    twin.refresh_from_db()
    twin.city = "Bonn"
    twin.save()

    with pytest.raises(merging.MergeRefused, match="changed"):
        merging.merge_contacts(ann, twin, by=alice, seen=seen)
    with pytest.raises(merging.MergeRefused, match="not two"):
        merging.merge_records(Contact, ann.pk, ann.pk, by=alice)
    with pytest.raises(merging.MergeRefused, match="not there"):
        merging.merge_records(Contact, ann.pk, 0, by=alice)

    assert Contact.objects.count() == 2


def test_a_company_takes_over_people_and_daughters_and_is_not_its_own_parent():
    top, kept, gone, child = (factories.company(name) for name in ("Top", "Acme", "Acme Ltd", "Acme Services"))
    for one, parent in ((gone, top), (kept, gone), (child, gone)):
        one.parent = parent
        one.save()
    ann = factories.contact(company=gone)
    before = _all_rows()

    merge = merging.merge_companies(kept, gone, by=None)

    for row in (kept, child, ann):
        row.refresh_from_db()
    assert (kept.parent, child.parent, ann.company) == (top, kept, kept)
    merging.undo_merge(merge, by=None)
    assert _all_rows() == before


def test_a_merge_into_a_company_below_makes_no_circle():
    gone, middle, kept = (factories.company(name) for name in ("Acme", "Acme Group", "Acme Ltd"))
    Company.objects.filter(pk=middle.pk).update(parent=gone)
    Company.objects.filter(pk=kept.pk).update(parent=middle)

    merging.merge_companies(kept, gone, by=None)

    assert list(Company.objects.order_by("name").values_list("name", "parent__name")) == [
        ("Acme Group", "Acme Ltd"), ("Acme Ltd", None),
    ]  # fmt: skip


def test_what_was_written_for_the_merged_one_meanwhile_goes_over_later(alice):
    ann, twin = (people.create_contact(by=alice, first_name=name) for name in ("Ann", "Anna"))
    merging.merge_contacts(ann, twin, by=alice)
    events.record("page.viewed", contact=twin, page="/")

    outbox.run_due()

    assert Event.objects.get(kind="page.viewed").contact_id == ann.pk


def test_files_and_letters_go_over(alice):
    ann, twin = (people.create_contact(by=alice, first_name=name) for name in ("Ann", "Anna"))
    StoredFile.objects.create(name="a", size=1, target_type="contacts.contact", target_id=twin.pk)
    StoredFile.objects.create(name="b", size=1, target_type="contacts.company", target_id=twin.pk)
    for state in ("claimed", "submitting"):
        Delivery.objects.create(
            kind="service", key=state, to="a@x.test", message_id=state, state=state, contact_id=twin.pk
        )

    merging.merge_contacts(ann, twin, by=alice)

    assert list(StoredFile.objects.order_by("name").values_list("target_id", flat=True)) == [ann.pk, twin.pk]
    # What a worker only prepared begins anew; what it is handing over goes on under its number and fence.
    assert list(Delivery.objects.order_by("key").values_list("state", "fence", "contact_id")) == [
        ("queued", 1, ann.pk), ("submitting", 0, ann.pk),
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_two_who_merge_the_same_pair_crosswise_merge_it_once(alice, bob):
    ann, twin = (people.create_contact(by=alice, first_name=name) for name in ("Ann", "Anna"))
    start, told = Barrier(2), []

    def merge(kept, gone, by):
        try:
            start.wait(10)
            merging.merge_contacts(kept, gone, by=by)
            told.append("merged")
        except merging.MergeRefused:
            told.append("refused")
        finally:
            connections.close_all()

    threads = [Thread(target=merge, args=args) for args in ((ann, twin, alice), (twin, ann, bob))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(told) == ["merged", "refused"]
    assert (Contact.objects.count(), Merge.objects.count()) == (1, 1)


def test_own_fields_that_name_the_one_who_goes_name_the_one_who_stays(admin):
    for subject in ("contact", "deal"):
        CustomField.objects.create(subject=subject, key="friend", kind="contact", label_en="Friend")
    ann, twin, third = (factories.contact("Ann", name) for name in ("Lee", "Leigh", "Third"))
    Contact.objects.filter(pk=third.pk).update(custom={"friend": twin.pk, "other": "x"})
    Contact.objects.filter(pk=ann.pk).update(custom={"friend": third.pk})

    merge = merging.merge_contacts(ann, twin, by=admin)
    after = dict(Contact.objects.values_list("pk", "custom"))
    merging.undo_merge(merge, by=admin)

    assert after == {ann.pk: {"friend": third.pk}, third.pk: {"friend": ann.pk, "other": "x"}}
    assert Contact.objects.get(pk=third.pk).custom == {"friend": twin.pk, "other": "x"}
