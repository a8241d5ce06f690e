"""The chain of erasure certificates: it does not fork when two end at once, and whoever alters it is found out."""

import json
from threading import Thread

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.urls import reverse

from contacts.models import Erasure
from contacts.services import people, privacy
from contacts.services.privacy import certificates, chain
from contacts.tasks import check_erasures, keep_privacy
from crm import access, outbox
from crm.models import Job, Notification
from tests import factories


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def _erased(by, *names):
    found = [people.create_contact(by=by, first_name=name, email=f"{name}@x.test") for name in names]
    return [privacy.erase(privacy.begin(contact, by=by)) for contact in found]


@pytest.mark.django_db(transaction=True)
def test_two_erasures_that_end_at_once_follow_each_other(workspace, alice):
    _erased(alice, "Zoe")
    first, second = (Erasure.objects.create(numbers=[10**9 + n]) for n in range(2))
    errors = []

    def seal_too():
        try:
            with transaction.atomic():
                certificates.seal(second)
        except Exception as error:  # shown by the assertion below
            errors.append(error)
        finally:
            connection.close()

    # The second one comes while the first is sealed and not yet committed: it has to wait for it.
    with transaction.atomic():
        certificates.seal(first)
        other = Thread(target=seal_too)
        other.start()
        while not _somebody_waits() and other.is_alive():
            pass
        waited = other.is_alive()
    other.join()

    assert (errors, waited) == ([], True)
    zoe, one, two = certificates.sealed()
    assert (one, two) == (first, second)
    assert (zoe.previous, one.previous, two.previous) == ("", zoe.digest, one.digest)
    assert [chain.faults()[0], [fault.what for fault in chain.faults()[1]]] == [3, []]


def _somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_a_clock_that_goes_back_does_not_change_the_order(workspace, alice, time_machine):
    time_machine.move_to("2026-05-02T12:00Z")
    (first,) = _erased(alice, "Ann")
    time_machine.move_to("2026-05-01T12:00Z")
    second, third = _erased(alice, "Bob", "Cid")

    assert list(certificates.sealed()) == [first, second, third]
    assert [row.previous for row in certificates.sealed()] == ["", first.digest, second.digest]


@pytest.mark.django_db
def test_each_way_of_tampering_is_found_by_its_name(workspace, alice):
    a, b, c, d = _erased(alice, "Ann", "Bob", "Cid", "Dan")
    assert chain.faults() == (4, [])
    forged = Erasure(numbers=[1], finished_at=d.finished_at, previous=a.digest)
    forged.digest = certificates.digest_of(forged)

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        Erasure.objects.filter(pk=c.pk).update(counts={})
        Erasure.objects.filter(pk=b.pk).delete()
        forged.save()
        cursor.execute("SET session_replication_role = origin")
    with default_storage.open(f"{certificates.FOLDER}/{a.uuid}.json", "w") as file:
        json.dump(certificates.document(a) | {"cause": "rule"}, file)

    n, found = chain.faults()
    assert n == 4
    assert {(fault.number, fault.what) for fault in found} == {
        (str(a.uuid), "file"), (str(b.uuid), "gone"), (str(c.uuid), "altered"), (str(c.uuid), "gap"), (str(c.uuid), "file"),
    }  # fmt: skip


@pytest.mark.django_db
def test_two_that_follow_the_same_one_are_a_fork(workspace, alice):
    first, second = _erased(alice, "Ann", "Bob")
    forged = Erasure.objects.create(numbers=[1], finished_at=second.finished_at, previous=first.digest)
    forged.digest = certificates.digest_of(forged)
    forged.save()

    assert chain.faults() == (3, [chain.Fault(str(forged.uuid), "fork")])


@pytest.mark.django_db
def test_the_command_the_page_and_the_night_say_the_same(client, workspace, alice, admin, capsys):
    role = factories.role("officer", {"privacy": {"view": access.ALL}})
    client.force_login(factories.user("Olga", roles=[role]))
    page = reverse("contacts:erasures")
    assert "Nobody has been erased yet" in client.get(page).content.decode()
    erasure, last = _erased(alice, "Ann", "Bob")

    call_command("check_erasures")
    assert json.loads(capsys.readouterr().out) == {"certificates": 2, "faults": []}
    client.post(reverse("contacts:erasures_check"))
    outbox.run_due()
    shown = client.get(page).content.decode()
    assert "2 certificates, each unbroken" in shown
    assert last.get_absolute_url() in shown

    default_storage.delete(f"{certificates.FOLDER}/{erasure.uuid}.json")
    Erasure.objects.filter(pk=erasure.pk).delete()
    with pytest.raises(CommandError, match="1 faults"):
        call_command("check_erasures")
    assert json.loads(capsys.readouterr().out)["faults"] == [{"number": str(last.uuid), "what": "gap"}]
    check_erasures()
    outbox.run_due()
    assert "The certificate before it is missing." in client.get(page).content.decode()
    assert list(Notification.objects.filter(kind="privacy.broken").values_list("user", "url")) == [(admin.pk, page)]
    assert Job.objects.filter(kind=chain.KIND).count() == 2
    client.force_login(alice)
    assert client.get(page).status_code == 403
    assert client.post(reverse("contacts:erasures_check")).status_code == 403


@pytest.mark.django_db
def test_after_a_restore_the_chain_goes_on_behind_all_that_came_back(workspace, alice):
    """Two erasures are forgotten by the database; a third certificate in the storage is no certificate of ours."""
    first, second = _erased(alice, "Ann", "Bob")
    Erasure.objects.all().delete()
    with default_storage.open(f"{certificates.FOLDER}/forged.json", "w") as file:
        json.dump(certificates.document(first) | {"uuid": "0b7f51f4-1111-4222-8333-444455556666"}, file)

    keep_privacy()

    assert [row.uuid for row in certificates.sealed()] == [first.uuid, second.uuid]
    (third,) = _erased(alice, "Cid")
    assert third.previous == second.digest
