"""First start: one owner, once."""

from django.urls import reverse

from crm.models import User, Workspace

DATA = {
    "company": "Halden",
    "name": "Olga Owner",
    "email": "Olga@Example.com",
    "password": "seven-green-otters",
}


def test_the_first_account_owns_the_company(client, db):
    answer = client.post(reverse("setup"), DATA)

    assert answer.status_code == 302
    owner = User.objects.get()
    assert (owner.email, owner.is_superuser) == ("olga@example.com", True)
    assert owner.role_codes == {"owner"}
    assert Workspace.get().name == "Halden"
    assert client.get("/").status_code == 200


def test_set_up_is_gone_as_soon_as_anybody_has_an_account(client, alice):
    assert client.get(reverse("setup")).status_code == 404
    assert client.post(reverse("setup"), DATA).status_code == 404
    assert User.objects.count() == 1


def test_without_any_account_every_page_leads_to_set_up(client, db):
    answer = client.get("/jobs/")

    assert (answer.status_code, answer.url) == (302, reverse("setup"))


def test_a_weak_password_makes_no_account(client, db):
    answer = client.post(reverse("setup"), DATA | {"password": "12345"})

    assert answer.status_code == 422
    assert not User.objects.exists()
