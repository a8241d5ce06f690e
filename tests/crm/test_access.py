import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from contacts.models import Contact
from crm import access
from tests import factories


@pytest.fixture
def ann(alice):
    return factories.contact(owner=alice, team=alice.team)


def test_a_role_level_own_shows_only_own_records(alice, bob, ann):
    factories.contact("Ben", owner=bob, team=bob.team)

    assert list(Contact.objects.visible_to(alice)) == [ann]


def test_a_role_level_team_shows_the_branch_below(bob, alice, ann):
    below = factories.team("Inside sales", parent=bob.team)
    ben = factories.contact("Ben", owner=None, team=below)

    assert set(Contact.objects.visible_to(bob)) == {ann, ben}


def test_an_invisible_record_and_a_missing_one_are_both_not_found(mallory, ann):
    for pk in (ann.pk, ann.pk + 1):
        with pytest.raises(Http404):
            access.fetch(Contact.objects.all(), mallory, pk)


def test_a_readable_record_may_not_be_edited_or_deleted(carol, ann):
    assert access.fetch(Contact.objects.all(), carol, ann.pk) == ann
    for wish in ({"edit": True}, {"delete": True}):
        with pytest.raises(PermissionDenied):
            access.fetch(Contact.objects.all(), carol, ann.pk, **wish)


def test_the_highest_of_several_roles_counts(alice, bob):
    alice.roles.add(*bob.roles.all())

    assert alice.level("contact", "view") == access.TEAM


def test_an_inactive_user_sees_nothing(alice, ann):
    alice.is_active = False

    assert not Contact.objects.visible_to(alice).exists()
    assert not access.may(alice, "contact")
