"""A37: what people and servers authenticate with stands nowhere in the clear: no log, page, table or event."""

import logging

import pytest
from django.db import connection
from django.urls import reverse

from crm.models import Delivery, User
from tests import factories
from tests.crm.test_invitations import link_of
from tickets.models import Mailbox

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "seven-green-otters-37"
MAIL_PASSWORD = "imap-secret-of-the-desk"


def _rows_with(text):
    """Names of the tables that hold a text anywhere."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT count(*) FROM {quoted} t WHERE to_jsonb(t)::text LIKE %s", [f"%{text}%"])  # noqa: S608  names out of the catalogue
            if cursor.fetchone()[0]:
                found.append(table)
    return found


@pytest.fixture
def everything_said(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


def test_passwords_and_tokens_are_kept_as_nothing_that_could_be_used(
    client, admin, workspace, everything_said, settings
):
    admin.set_password(PASSWORD)
    admin.save()
    sign_in = reverse("account_login")
    client.post(sign_in, {"login": admin.email, "password": f"{PASSWORD}-mistyped"})
    refused = client.post(sign_in, {"login": admin.email, "password": f"{PASSWORD}-mistyped"})
    client.post(sign_in, {"login": admin.email, "password": PASSWORD})
    assert client.get(reverse("today")).status_code == 200
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post(
        reverse("tickets:mailbox_new"),
        {"name": "Desk", "address": "desk@halden.test", "host": "imap.halden.test", "port": 993, "use_tls": "on",
         "user_name": "desk", "password": MAIL_PASSWORD, "folder": "INBOX"},
    )  # fmt: skip
    role = factories.role("rep2", {})
    client.post(
        reverse("invitation_create"), {"email": "new@example.com", "name": "New", "language": "en", "roles": [role.pk]}
    )
    assert Mailbox.objects.get().password == MAIL_PASSWORD
    token = link_of(Delivery.objects.get(to="new@example.com")).strip("/").rpartition("/")[2]
    client.logout()
    client.post(reverse("invitation_accept", args=[token]), {"name": "New", "password": PASSWORD})
    assert User.objects.get(email="new@example.com").check_password(PASSWORD)

    assert PASSWORD.encode() not in refused.content
    assert _rows_with(PASSWORD) == []
    assert _rows_with(MAIL_PASSWORD) == []
    # Only the letter itself carries the link; what is kept of a session is where the cookie leads.
    assert set(_rows_with(token)) <= {"crm_delivery"}
    said = everything_said.text
    assert [secret for secret in (PASSWORD, MAIL_PASSWORD, token, session) if secret in said] == []


def test_a_broken_page_says_nothing_of_what_was_sent(client, admin, workspace, everything_said, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("the disk is gone")

    client.raise_request_exception = False
    client.force_login(admin)
    monkeypatch.setattr("contacts.services.people.create_contact", broken)

    answer = client.post(
        reverse("contacts:contact_create"),
        {"first_name": "Ann", "last_name": PASSWORD, "language": "en", "time_zone": "UTC", "stage": "lead"},
    )

    assert answer.status_code == 500
    assert "the disk is gone" in everything_said.text
    assert PASSWORD not in everything_said.text
    assert PASSWORD.encode() not in answer.content
