"""Profile, company, users, teams, roles."""

import pytest
from django.urls import reverse

from crm import access
from crm.models import Role, Team, User, Workspace
from tests import factories

COMPANY = {
    "name": "Halden",
    "language": "en",
    "time_zone": "Europe/Berlin",
    "country": "de",
    "currency": "EUR",
    "mail_name": "",
    "mail_from": "",
    "phone": "",
    "address": "",
}
PAGES = ["settings", "profile", "company_settings", "users", "teams", "roles"]
GUARDED = ["company_settings", "users", "teams", "roles"]


@pytest.mark.parametrize("name", PAGES)
def test_an_administrator_opens_every_page(client, admin, name, django_assert_max_num_queries):
    client.force_login(admin)

    with django_assert_max_num_queries(15):
        assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", GUARDED)
def test_who_has_no_right_opens_none_of_the_company_pages(client, db, name):
    client.force_login(factories.user("Plain"))

    assert client.get(reverse(name)).status_code == 403


def test_who_may_only_see_users_is_shown_no_way_to_change_them(client, carol):
    client.force_login(carol)

    page = client.get(reverse("users")).content.decode()

    assert reverse("invitation_create") not in page
    assert reverse("user_edit", args=[carol.pk]) not in page
    assert client.get(reverse("user_edit", args=[carol.pk])).status_code == 403


def test_the_profile_keeps_what_one_is_told(client, alice):
    client.force_login(alice)
    data = {"name": "Alice B.", "language": "ru", "time_zone": "Europe/Moscow", "week_start": "0", "theme": "dark"}

    answer = client.post(reverse("profile"), data | {"job.finished:mail": "on"})

    assert answer.status_code == 302
    alice = User.objects.get(pk=alice.pk)
    assert (alice.name, alice.language, alice.time_zone, alice.theme) == ("Alice B.", "ru", "Europe/Moscow", "dark")
    assert alice.notify["job.finished"] == {"page": False, "mail": True}


def test_the_profile_changes_no_rights(client, alice):
    client.force_login(alice)
    data = {"name": "Alice", "language": "en", "time_zone": "UTC", "theme": "auto"}

    client.post(reverse("profile"), data | {"is_superuser": "on", "is_staff": "on", "roles": "1"})

    fresh = User.objects.get(pk=alice.pk)
    assert (fresh.is_superuser, fresh.is_staff) == (False, False)
    assert set(fresh.roles.all()) == set(alice.roles.all())


def test_a_zone_that_does_not_exist_is_refused(client, alice):
    client.force_login(alice)

    answer = client.post(
        reverse("profile"), {"name": "Alice", "language": "en", "time_zone": "Mars/Olympus", "theme": "auto"}
    )

    assert answer.status_code == 422
    assert User.objects.get(pk=alice.pk).time_zone == "UTC"


def test_the_theme_is_kept_and_leads_back(client, alice):
    client.force_login(alice)

    answer = client.post(reverse("theme"), {"theme": "dark"}, headers={"Referer": "http://testserver/jobs/"})
    away = client.post(reverse("theme"), {"theme": "pink"}, headers={"Referer": "https://evil.example/"})

    assert answer.url == "http://testserver/jobs/"
    assert away.url == "/"
    assert User.objects.get(pk=alice.pk).theme == "dark"


def test_the_company_is_changed_and_its_country_checked(client, admin):
    client.force_login(admin)

    assert client.post(reverse("company_settings"), COMPANY).status_code == 302
    assert client.post(reverse("company_settings"), COMPANY | {"country": "Germany"}).status_code == 422
    assert Workspace.get().country == "DE"


def test_nobody_switches_himself_off(client, admin):
    client.force_login(admin)

    answer = client.post(reverse("user_edit", args=[admin.pk]), {"name": "Admin"})

    assert answer.status_code == 422
    assert User.objects.get(pk=admin.pk).is_active


def test_a_clerk_cannot_lift_himself(client, db):
    everything = Role.objects.create(code="all", name="All", grants={"contact": {"view": 3, "edit": 3}})
    clerk = factories.user("Clerk", roles=[factories.role("clerk", {"user": {"view": 3, "edit": 3}})])
    client.force_login(clerk)

    answer = client.post(
        reverse("user_edit", args=[clerk.pk]), {"name": "Clerk", "is_active": "on", "roles": [everything.pk]}
    )

    assert answer.status_code == 422
    assert [r.code for r in User.objects.get(pk=clerk.pk).roles.all()] == ["clerk"]


def test_a_role_is_made_of_its_matrix(client, admin):
    client.force_login(admin)
    data = {f"{kind.name}:{act}": "0" for kind in access.kinds() for act, _label in access.ACTS}

    answer = client.post(reverse("role_edit", args=[0]), data | {"name": "Helper", "contact:view": "2"})

    assert answer.status_code == 302
    role = Role.objects.get(name="Helper")
    assert role.level("contact", "view") == access.TEAM
    assert role.level("contact", "edit") == access.NONE


def test_a_level_that_a_kind_does_not_know_is_refused(client, admin):
    client.force_login(admin)

    answer = client.post(reverse("role_edit", args=[0]), {"name": "Odd", "settings:view": "1"})

    assert answer.status_code == 422
    assert not Role.objects.filter(name="Odd").exists()


def test_a_role_cannot_be_given_more_than_its_editor_has(client, db):
    own = factories.role("clerk", {"user": {"view": 3, "edit": 3}})
    client.force_login(factories.user("Clerk", roles=[own]))

    answer = client.post(reverse("role_edit", args=[own.pk]), {"name": "clerk", "contact:view": "3"})

    assert answer.status_code == 422
    assert Role.objects.get(pk=own.pk).level("contact", "view") == 0


def test_a_team_cannot_stand_below_itself(client, admin):
    client.force_login(admin)
    top = factories.team("Top")
    below = factories.team("Below", parent=top)

    answer = client.post(reverse("team_edit", args=[top.pk]), {"name": "Top", "parent": below.pk})

    assert answer.status_code == 422
    assert Team.objects.get(pk=top.pk).parent is None


def test_a_team_with_teams_below_stays(client, admin):
    client.force_login(admin)
    top = factories.team("Top")
    factories.team("Below", parent=top)

    client.post(reverse("team_edit", args=[top.pk]), {"delete": "1"})

    assert Team.objects.filter(pk=top.pk).exists()
