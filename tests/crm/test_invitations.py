"""Joining: the letter's link makes one account, once, with the roles the inviter may give."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from crm import access, outbox
from crm.models import Delivery, Invitation, Role, User
from tests import factories

PASSWORD = "seven-green-otters"


@pytest.fixture
def rep(db):
    return factories.role("rep2", {"contact": {"view": access.OWN}})


def invite(client, **fields):
    data = {"email": "new@example.com", "name": "New Person", "language": "en", "roles": [], **fields}
    return client.post(reverse("invitation_create"), data)


def link_of(letter):
    return re.search(r"/join/\S+", letter.text).group()


@pytest.fixture
def link(client, admin, workspace, rep):
    client.force_login(admin)
    invite(client, roles=[rep.pk])
    client.logout()
    return link_of(Delivery.objects.get())


def test_the_invited_person_chooses_a_password_and_is_in(client, link, rep):
    assert client.get(link).status_code == 200

    answer = client.post(link, {"name": "Nora New", "password": PASSWORD})

    assert answer.status_code == 302
    user = User.objects.get(email="new@example.com")
    assert user.name == "Nora New"
    assert list(user.roles.all()) == [rep]
    assert not user.is_staff
    assert not user.is_superuser
    assert client.get("/").status_code == 200


def test_a_link_works_once(client, link):
    client.post(link, {"name": "Nora New", "password": PASSWORD})
    client.logout()

    assert client.post(link, {"name": "Second", "password": PASSWORD}).status_code == 404
    assert User.objects.filter(email="new@example.com").count() == 1


def test_a_link_ends_after_seven_days(client, link):
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1), tick=False):
        assert client.get(link).status_code == 404


def test_a_revoked_link_is_not_found(client, link, admin):
    client.force_login(admin)
    client.post(reverse("invitation_revoke", args=[Invitation.objects.get().pk]))
    client.logout()

    assert client.get(link).status_code == 404
    assert client.post(link, {"name": "X", "password": PASSWORD}).status_code == 404
    assert not User.objects.filter(email="new@example.com").exists()


def test_a_made_up_link_is_not_found(client, db):
    assert client.get(reverse("invitation_accept", args=["made-up"])).status_code == 404


def test_a_weak_password_is_refused_with_a_reason(client, link):
    answer = client.post(link, {"name": "Nora", "password": "short"})

    assert answer.status_code == 422
    assert not User.objects.filter(email="new@example.com").exists()


def test_the_token_is_not_kept(link):
    token = link.strip("/").rpartition("/")[2]

    assert token not in str(Invitation.objects.values().get())


def test_who_may_not_change_users_may_not_invite(client, alice, carol, workspace):
    plain = factories.user("Plain")
    for person in (plain, carol):
        client.force_login(person)
        assert invite(client).status_code == 403
    assert not Invitation.objects.exists()


def test_nobody_gives_away_more_than_he_has(client, workspace):
    clerk = factories.user("Clerk", roles=[factories.role("clerk", {"user": {"view": 3, "edit": 3}})])
    strong = Role.objects.create(code="strong", name="Strong", grants={"contact": {"view": 3, "delete": 3}})
    client.force_login(clerk)

    answer = invite(client, roles=[strong.pk])

    assert answer.status_code == 422
    assert not Invitation.objects.exists()


def test_somebody_with_an_account_is_not_invited_again(client, admin, alice, workspace):
    client.force_login(admin)

    assert invite(client, email=alice.email.upper()).status_code == 422
    assert not Invitation.objects.exists()


def test_the_letter_arrives(client, admin, workspace, rep, smtp):
    client.force_login(admin)
    invite(client, roles=[rep.pk])

    outbox.run_due()
    assert Delivery.objects.get().to == "new@example.com"
