"""Collaborators and followers."""

import pytest
from django.db import connection
from django.urls import reverse

from contacts.models import Contact
from contacts.services import people
from crm import participants
from crm.models import Notification, User
from crm.outbox import run_due
from tests import factories
from tests.contacts.details.rows import HTMX

pytestmark = pytest.mark.django_db


# Collaborators and followers
def _fresh(user):
    return User.objects.get(pk=user.pk)


def test_a_collaborator_may_see_or_change_and_never_delete_or_export(ann, mallory, client):
    client.force_login(mallory)
    assert client.get(ann.get_absolute_url()).status_code == 404

    participants.add_collaborator(ann, mallory, can_edit=False, by=ann.owner)
    assert client.get(ann.get_absolute_url()).status_code == 200
    assert client.get(reverse("contacts:contact_edit", args=[ann.pk])).status_code == 403
    assert list(Contact.objects.visible_to(_fresh(mallory))) == [ann]

    participants.add_collaborator(ann, mallory, can_edit=True, by=ann.owner)
    assert client.get(reverse("contacts:contact_edit", args=[ann.pk])).status_code == 200
    assert client.post(reverse("contacts:contact_delete", args=[ann.pk])).status_code == 403
    assert not Contact.objects.exportable_by(_fresh(mallory)).exists()
    assert client.get(ann.company.get_absolute_url()).status_code == 404

    participants.remove_collaborator(ann, mallory)
    assert client.get(ann.get_absolute_url()).status_code == 404


def test_a_role_that_hides_the_kind_keeps_hiding_it(ann):
    nobody = factories.user("Nobody", roles=[factories.role("none", {})])
    participants.add_collaborator(ann, nobody, can_edit=True, by=None)

    assert not Contact.objects.visible_to(_fresh(nobody)).exists()


def test_what_is_open_by_hand_is_found_by_its_key(ann, mallory, django_assert_num_queries):
    """Nobody pays for it who has nothing; who has something reads it by the index on the key."""
    participants.add_collaborator(ann, mallory, can_edit=False, by=None)
    user = _fresh(mallory)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE contacts_contact")
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan = Contact.objects.visible_to(user).explain()

    assert "SubPlan" not in plan
    assert "Seq Scan" not in plan
    with django_assert_num_queries(1):
        list(Contact.objects.visible_to(user))


def test_letting_somebody_in_and_out_by_the_page(client, alice, ann, mallory):
    client.force_login(alice)
    url = reverse("collaborator_create", args=["contact", ann.pk])

    assert client.post(url, {"user": "", "can_edit": "1"}, **HTMX).status_code == 422
    shown = client.post(url, {"user": mallory.pk, "can_edit": "0"}, **HTMX).content.decode()
    assert "Mallory" in shown
    assert Notification.objects.get(user=mallory).text == "Alice opened Ann Lee to you"

    client.post(reverse("collaborator_delete", args=["contact", ann.pk, mallory.pk]), **HTMX)
    assert not Contact.objects.visible_to(_fresh(mallory)).exists()


def test_followers_are_told_unless_they_did_it_or_may_not_see_it(ann, alice, carol, mallory):
    for user in (alice, carol, mallory):
        participants.follow(ann, user)

    people.log_talk(ann, "note", "Hello", by=alice)
    run_due()
    run_due()

    assert [(n.user, n.text) for n in Notification.objects.filter(kind="record.followed")] == [
        (carol, "Ann Lee: Alice wrote a note")
    ]


def test_who_may_only_see_a_record_may_follow_it(client, carol, ann):
    client.force_login(carol)

    client.post(reverse("follow", args=["contact", ann.pk]), **HTMX)
    assert carol.following.count() == 1
    client.post(reverse("follow", args=["contact", ann.pk]), {"stop": "1"}, **HTMX)
    assert carol.following.count() == 0
