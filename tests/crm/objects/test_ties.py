"""Relations: tied from either side, filtered by, merged with people, with the rights of both sides."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from contacts.models import Contact, ContactLink
from contacts.services.merging import merge_contacts, undo_merge
from crm import conditions, jobs
from crm.lists import values
from crm.lists.page import Wish, page_named
from crm.models import CustomField, Event, ObjectKind, ObjectRecord, ObjectRelation, RecordLink
from crm.objects import kind_acts, records, relations, ties
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(alice):
    return factories.contact("Ann", "Lee", owner=alice, team=alice.team)


@pytest.fixture
def signed_in(client, alice, workspace):
    client.force_login(alice)
    return client


def people(tree, user=None):
    tree = conditions.parse(tree, "contact", user=user)
    return sorted(str(c) for c in conditions.matching(Contact.objects.all(), tree, "contact", user=user))


def test_a_record_is_tied_from_its_page_and_both_timelines_tell(signed_in, alice, ann, make, relate):
    customer, record = relate(), make("Lease")
    url = reverse("object_tie_create", args=["contract", record.pk, customer.name])

    signed_in.post(url, {customer.name: f"Ann Lee #{ann.pk}"})
    signed_in.post(url, {customer.name: f"Ann Lee #{ann.pk}"})

    assert list(ContactLink.objects.values_list("record", "target")) == [(record.pk, ann.pk)]
    assert [e.contact_id for e in Event.objects.filter(kind="object.tied")] == [ann.pk]
    panel = signed_in.get(reverse("panel", args=["contact", f"back_{customer.pk}", ann.pk])).content.decode()
    assert "Lease" in panel
    timeline = signed_in.get(reverse("timeline", args=["contact", ann.pk])).content.decode()
    assert "linked" in timeline
    assert "Customer" in timeline


def test_it_is_tied_and_untied_from_the_other_side_too(signed_in, ann, make, relate):
    customer, record = relate(), make("Lease")

    signed_in.post(reverse("object_tie_back", args=["contract", customer.name, ann.pk]), {customer.name: "Lease"})
    assert ContactLink.objects.get().record == record
    signed_in.post(reverse("object_tie_delete", args=["contract", record.pk, customer.name, ann.pk]), {"back": "1"})

    assert not ContactLink.objects.exists()


def test_a_new_record_comes_tied_to_where_it_was_asked_for(signed_in, ann, contracts, relate):
    customer = relate(is_required=True)
    url = reverse("object_new", args=["contract"])

    form = signed_in.get(f"{url}?{customer.name}={ann.pk}").context["form"]
    signed_in.post(url, {"title": "Lease", customer.name: form.initial[customer.name]})
    refused = signed_in.post(url, {"title": "Other", customer.name: ""})

    assert ContactLink.objects.get().target == ann
    assert refused.status_code == 422
    assert ObjectRecord.objects.count() == 1


def test_where_one_is_the_most_the_new_one_takes_its_place(ann, alice, make, relate):
    customer, record = relate(is_single=True), make("Lease")
    bea = factories.contact("Bea", "Ost")
    ties.tie(customer, record, ann, by=alice)

    ties.tie(customer, record, bea, by=alice)

    assert ContactLink.objects.get().target == bea
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactLink.objects.create(relation=customer, record=record, target=ann, is_single=True)


def test_records_of_two_kinds_are_tied_but_none_to_itself(alice, contracts, make, relate):
    follows, first, second = relate("co_contract", "Follows"), make("One"), make("Two")

    ties.tie(follows, second, first, by=alice)
    with pytest.raises(ties.TieRefused):
        ties.tie(follows, first, first, by=alice)

    assert list(RecordLink.objects.values_list("record", "target")) == [(second.pk, first.pk)]
    assert list(relations.tied_back(follows, first, alice)) == [second]


def test_what_one_may_not_see_is_neither_shown_nor_tied(client, workspace, alice, mallory, ann, make, relate):
    customer, record = relate(), make("Lease")
    hers = records.create_record(record.definition, "Hers", by=mallory)
    ties.tie(customer, hers, ann, by=alice)
    client.force_login(mallory)
    url = reverse("object_tie_create", args=["contract", hers.pk, customer.name])

    refused = client.post(url, {customer.name: f"Ann Lee #{ann.pk}"}, headers={"HX-Request": "true"})
    panel = client.get(reverse("panel", args=["co_contract", customer.name, hers.pk])).content.decode()
    suggested = client.get(reverse("record_suggestions", args=["contact"]) + f"?{customer.name}=Ann").content.decode()

    assert refused.status_code == 204
    assert "Nobody of that name" in refused.headers["HX-Trigger"]
    assert "Ann" not in panel
    assert "Ann" not in suggested
    client.force_login(alice)
    mine = client.get(reverse("panel", args=["contact", f"back_{customer.pk}", ann.pk])).content.decode()
    assert "Hers" not in mine


def test_people_are_filtered_by_what_they_have(ann, alice, make, relate, signed_on):
    customer = relate()
    factories.contact("Bea", "Ost")
    ties.tie(customer, make("Old", custom={"signed_on": "2020-01-01"}), ann, by=alice)
    ties.tie(customer, make("New", custom={"signed_on": "2026-01-01"}), ann, by=alice)
    has, late = f"back_{customer.pk}", {"field": "cf_signed_on", "op": "after", "value": "2025-01-01"}
    later = late | {"value": "2027-01-01"}

    assert people({"has": has}) == ["Ann Lee"]
    assert people({"not": {"has": has}}) == ["Bea Ost"]
    assert people({"has": has, "where": late}) == ["Ann Lee"]
    assert people({"has": has, "where": later}) == []
    assert people({"has": has, "times": {"op": "at_least", "n": 2}}) == ["Ann Lee"]
    assert people({"has": has, "times": {"op": "at_least", "n": 3}}) == []
    assert people({"has": has, "where": late, "times": {"op": "exactly", "n": 1}}) == ["Ann Lee"]


def test_records_are_filtered_by_whom_they_are_tied_to(ann, admin, alice, make, relate):
    customer, mine = relate(is_single=True), make("Mine")
    make("Free")
    ties.tie(customer, mine, ann, by=alice)

    def found(node):
        tree = conditions.parse({"all": [node]}, "co_contract", user=admin)
        rows = conditions.matching(ObjectRecord.objects.all(), tree, "co_contract", user=admin)
        return sorted(str(row) for row in rows)

    name = customer.name
    assert found({"field": name, "op": "is", "value": ann.pk}) == ["Mine"]
    assert found({"field": name, "op": "is_not", "value": ann.pk}) == ["Free"]
    assert found({"field": name, "op": "empty"}) == ["Free"]
    assert found({"field": name, "op": "not_empty"}) == ["Mine"]
    assert found({"has": name, "where": {"field": "name", "op": "contains", "value": "lee"}}) == ["Mine"]
    tree = {"all": [{"field": name, "op": "is", "value": ann.pk}]}
    assert conditions.sentence(tree, "co_contract", user=admin) == "Contracts where customer is Ann Lee."
    wish = Wish(page_named("co_contract"), admin, {"shape": "values", "by": name})
    assert [(bar["label"], bar["n"]) for bar in values.draw(wish, conditions.field_named("co_contract", name), {})["bars"]] == [
        ("Ann Lee", 1), ("without: Customer", 1)
    ]  # fmt: skip


def test_cards_of_a_board_name_what_they_are_tied_to(signed_in, alice, ann, contracts, make, relate):
    ties.tie(relate(), make("Lease", owner=alice), ann, by=alice)
    choices = [{"key": "new", "en": "New", "ru": "", "retired": False}]
    CustomField.objects.create(subject="co_contract", key="state", kind="choice", label_en="State", choices=choices)

    page = signed_in.get(reverse("object_index", args=["contract"]) + "?shape=board&by=cf_state").content.decode()

    assert f'href="{ann.get_absolute_url()}">Ann Lee' in page


def test_who_may_not_see_a_kind_may_not_ask_about_it(alice, contracts, relate):
    relate()
    stranger = factories.user("Stranger")

    names = {r.name for r in conditions.fields.relations_of("contact", stranger)}

    assert not any(name.startswith("back_") for name in names)


def test_merging_takes_ties_over_and_undoing_gives_them_back(ann, alice, admin, make, relate):
    customer, both, hers = relate(), make("Both"), make("Hers")
    twin = factories.contact("Ann", "Leigh", owner=alice, team=alice.team)
    for record, person in ((both, ann), (both, twin), (hers, twin)):
        ties.tie(customer, record, person, by=alice)
    before = sorted(ContactLink.objects.values_list("id", "record", "target"))

    merge = merge_contacts(ann, twin, by=admin)
    after = sorted(ContactLink.objects.values_list("record", "target"))
    undo_merge(merge, by=admin)

    assert after == sorted([(both.pk, ann.pk), (hers.pk, ann.pk)])
    assert sorted(ContactLink.objects.values_list("id", "record", "target")) == before


def test_a_retired_relation_hides_and_keeps_its_ties(client, admin, workspace, ann, alice, contracts, make, relate):
    customer, record = relate(), make("Lease")
    ties.tie(customer, record, ann, by=alice)
    client.force_login(admin)
    url = reverse("object_kind_relation_retire", args=[contracts.pk, customer.pk])

    client.post(url)
    hidden = client.get(reverse("panel", args=["contact", f"back_{customer.pk}", ann.pk])).status_code
    client.post(url, {"back": "1"})

    assert hidden == 404
    assert "Lease" in client.get(reverse("panel", args=["contact", f"back_{customer.pk}", ann.pk])).content.decode()


def test_a_relation_becomes_single_only_when_no_record_has_two(
    client, admin, workspace, ann, alice, contracts, make, relate
):
    customer, record = relate(), make("Lease")
    bea = factories.contact("Bea", "Ost")
    for person in (ann, bea):
        ties.tie(customer, record, person, by=alice)
    client.force_login(admin)
    url = reverse("object_kind_relation_edit", args=[contracts.pk, customer.pk])
    data = {"label_en": "Customer", "is_single": "on"}

    refused = client.post(url, data)
    ties.untie(customer, record, bea, by=alice)
    client.post(url, data)

    assert refused.status_code == 422
    assert list(ContactLink.objects.values_list("is_single", flat=True)) == [True]


def test_a_kind_related_to_goes_with_the_relations_that_lead_to_it(admin, contracts, make, relate):
    machine = kind_acts.create_kind(ObjectKind(code="machine", name_en="Machine", plural_en="Machines"), like="contact")
    covers = relate("co_machine", "Covers")
    ties.tie(covers, make("Lease"), records.create_record(machine, "Drill", by=admin), by=admin)

    jobs.run({"job": kind_acts.start_deleting(machine, by=admin).pk})

    assert [str(row) for row in ObjectRecord._base_manager.all()] == ["Lease"]
    assert not RecordLink.objects.exists()
    assert list(contracts.relations.all()) == []


def test_the_last_tie_that_must_be_there_is_not_taken_away(signed_in, alice, ann, make, relate):
    customer, record = relate(is_required=True), make("Lease")
    bea = factories.contact("Bea", "Ost", owner=alice, team=alice.team)
    for person in (ann, bea):
        ties.tie(customer, record, person, by=alice)
    gone, kept = (
        reverse("object_tie_delete", args=["contract", record.pk, customer.name, person.pk]) for person in (ann, bea)
    )

    signed_in.post(gone, headers={"HX-Request": "true"})
    refused = signed_in.post(kept, headers={"HX-Request": "true"})
    from_the_other_side = signed_in.post(kept, {"back": "1"})

    assert refused.status_code == 204
    assert "must have: Customer. Link another one first" in refused.headers["HX-Trigger"]
    assert from_the_other_side["Location"] == bea.get_absolute_url()
    assert list(ContactLink.objects.values_list("target", flat=True)) == [bea.pk]
    assert Event.objects.filter(kind="object.untied").count() == 1


def test_two_who_define_a_relation_at_once_lose_nothing(client, admin, workspace, contracts, relate):
    customer = relate()
    client.force_login(admin)
    url = reverse("object_kind_relation_edit", args=[contracts.pk, customer.pk])
    seen = client.get(url).context["form"]["seen"].value()
    mine = {"label_en": "Buyer", "back_en": "Contracts", "seen": seen}
    client.post(url, {"label_en": "Client", "is_required": "on", "seen": seen})

    refused = client.post(url, mine)
    theirs = ObjectRelation.objects.get()
    again = client.post(url, mine | {"seen": refused.context["form"]["seen"].value()})

    assert (refused.status_code, again.status_code) == (422, 302)
    assert refused.context["form"].theirs == [
        ("Name in English", "Client"),
        ("Name on the other side, in English", ""),
        ("Must be filled in", "yes"),
    ]
    assert 'value="Buyer"' in refused.content.decode()
    assert (theirs.label_en, theirs.is_required) == ("Client", True)
    assert (ObjectRelation.objects.get().label_en, ObjectRelation.objects.get().is_required) == ("Buyer", False)
