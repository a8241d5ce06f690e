"""Stages with their history, the tree of companies, what stands in the history of a record."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from contacts.models import Company, Contact, LifecycleStay
from contacts.services import group, lifecycle, points
from crm import audit, conditions
from tests import factories
from tests.contacts.details.rows import HTMX, post_row

pytestmark = pytest.mark.django_db


# Lifecycle


def test_every_way_of_changing_a_stage_leaves_a_stay(ann, alice):
    lifecycle.set_stage(ann, "qualified", by=alice)
    Contact.objects.filter(pk=ann.pk).update(stage="customer")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE contacts_contact SET stage = 'lost' WHERE id = %s", [ann.pk])
    Contact.objects.filter(pk=ann.pk).update(city="Ulm")

    stays = list(LifecycleStay.objects.order_by("pk").values_list("stage", "by", "how", "left_at"))
    assert [row[:3] for row in stays] == [
        ("lead", None, ""), ("qualified", alice.pk, "hand"), ("customer", None, ""), ("lost", None, ""),
    ]  # fmt: skip
    assert [row[3] is None for row in stays] == [False, False, False, True]
    with pytest.raises(IntegrityError), transaction.atomic():
        LifecycleStay.objects.create(contact=ann, stage="lead")


def test_the_history_of_stages_can_be_asked(ann, alice):
    lifecycle.set_stage(ann, "qualified", by=alice)
    factories.contact("Ben", "Ray", stage="qualified")
    tree = conditions.parse(
        {
            "has": "stays",
            "where": {"all": [{"field": "stage", "op": "is", "value": "lead"}, {"field": "left", "op": "not_empty"}]},
        },
        "contact",
    )

    assert list(conditions.matching(Contact.objects.all(), tree, "contact")) == [ann]


# The tree
@pytest.fixture
def firms(alice, workspace):
    return [factories.company(name, owner=alice, team=alice.team) for name in ("Top", "Middle", "Low")]


def test_a_company_cannot_stand_below_itself(firms, alice, client):
    top, middle, low = firms
    group.put_below(middle, top, by=alice)
    group.put_below(low, middle, by=alice)
    client.force_login(alice)

    refused = client.post(
        reverse("contacts:company_field", args=[top.pk, "parent"]), {"parent": "Low", "was": ""}, **HTMX
    )

    top.refresh_from_db()
    assert (refused.status_code, top.parent) == (422, None)
    assert "Low stands below Top already" in refused.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        Company.objects.filter(pk=top.pk).update(parent=low)


def test_the_whole_group_is_shown_with_its_figures_as_far_as_it_may_be_seen(firms, alice, mallory, client):
    top, middle, low = firms
    group.put_below(middle, top, by=alice)
    group.put_below(low, middle, by=alice)
    Company.objects.filter(pk=low.pk).update(owner=mallory, team=mallory.team)
    factories.contact(company=middle, owner=alice)
    client.force_login(alice)

    page = client.get(reverse("panel", args=["company", "group", middle.pk])).content.decode()

    assert group.branch_ids(top) == [top.pk, middle.pk, low.pk]
    assert "Top" in page
    assert "Middle" in page
    assert "Low" not in page


@pytest.mark.django_db(transaction=True)
def test_two_people_who_close_a_ring_at_once_are_not_both_right(workspace):
    one, two = factories.company("One"), factories.company("Two")
    barrier, refused = threading.Barrier(2), []

    def put(company, parent):
        try:
            with transaction.atomic():
                Company.objects.get(pk=company.pk)
                barrier.wait(10)
                Company.objects.filter(pk=company.pk).update(parent=parent)
        except IntegrityError as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=put, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(refused) == 1
    assert Company.objects.filter(parent__isnull=False).count() == 1


# History


def test_what_hangs_on_a_record_stands_in_its_history(client, alice, ann):
    client.force_login(alice)
    post_row(client, ann, "points", {"kind": "email", "value": "lee@example.com"})
    post_row(
        client, ann, "points", {"value": "lee@example.com", "label": "home"}, ann.points.get(norm="lee@example.com")
    )
    points.remove_point(ann.points.get(norm="lee@example.com"))

    found = [(c.label, c.before, c.after) for c in audit.changes_of(ann) if c.label.startswith("contact point")]

    assert ("contact point", None, "lee@example.com") in found
    assert ("contact point: label", "", "home") in found
    assert ("contact point", "lee@example.com", None) in found
    assert {c.who for c in audit.changes_of(ann) if c.after == "lee@example.com"} == {alice.pk}
