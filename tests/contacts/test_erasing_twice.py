"""An erasure that runs twice at once, because a job seemed dead or a person has asked twice: it is one, and is told once."""

from threading import Thread

import pytest
from django.db import connection, transaction

from contacts.models import Contact, Erasure, PrivacyRequest
from contacts.services import people, privacy
from contacts.services.privacy import chain, mentions, requests, ties
from crm import outbox
from crm.mail import queue_mail
from crm.models import Job

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


@pytest.fixture
def ann(workspace, alice):
    person = people.create_contact(by=alice, first_name="Ann", last_name="Zq7lee", email="zq7ann@example.com")
    queue_mail(to="zq7ann@example.com", subject="Hello", text="x", contact=person)
    return Contact.objects.get(pk=person.pk)


def test_a_second_run_ends_what_the_first_has_begun_and_each_row_is_counted_once(ann, alice):
    privacy.erase(privacy.begin(people.create_contact(by=alice, first_name="Zoe", email="zoe@x.test"), by=alice))
    first, second = privacy.begin(ann, by=alice), privacy.begin(ann, by=alice)
    rows = {model._meta.label_lower: len(keys) for model, keys in privacy.gather(privacy.person_of(ann)).items()}
    said = []

    def tell(done, total):
        said.append((done, total))
        if done and not second.digest:
            privacy.erase(second)

    privacy.erase(first, tell)

    assert (first.pk, first.digest, first.counts) == (second.pk, second.digest, second.counts)
    assert not Contact.objects.filter(pk=ann.pk).exists()
    assert (chain.faults(), Erasure.objects.filter(digest="").count()) == ((2, []), 0)
    assert {label: sum(acts.values()) for label, acts in first.counts.items()} == rows
    # Sealed, it is no more than looked at.
    assert privacy.erase(Erasure.objects.get(pk=first.pk)).digest == first.digest
    assert chain.faults() == (2, [])


def test_it_says_that_it_is_alive_while_whole_tables_are_read(ann, alice):
    person, said = privacy.person_of(ann), []
    assert mentions.left(person, privacy.gather(person), step=lambda: said.append(1)) != {}
    assert len(said) == len(ties.tables())

    told, asked = [], []
    privacy.gather(person, lambda: asked.append(1))
    privacy.erase(privacy.begin(ann, by=alice), lambda done, total: told.append((done, total)))

    assert told.count((0, 0)) == len(asked) > 100
    # Of the rows each batch, and then each table in which the person may still be named.
    assert told[-len(ties.tables()) :] == [told[-1]] * len(ties.tables())


def test_two_requests_of_one_person_are_one_work(ann, alice):
    first, second, later = (requests.note_request(ann, "erasure", by=alice) for _n in range(3))

    job = requests.start_erasure(first, by=alice)
    assert requests.start_erasure(second, by=alice) == job
    outbox.run_due()

    assert list(Job.objects.values_list("kind", "state")) == [("contacts.erasure", "done")]
    erasure = Erasure.objects.get()
    # The third was not begun; nobody is reminded of somebody who is gone.
    rows = PrivacyRequest.objects.order_by("pk").values_list("pk", "state", "erasure", "contact")
    assert list(rows) == [(row.pk, "done", erasure.pk, None) for row in (first, second, later)]
    with pytest.raises(privacy.ErasureRefused, match="not there any more"):
        requests.start_erasure(later, by=alice)


@pytest.mark.django_db(transaction=True)
def test_a_request_that_is_begun_while_the_erasure_ends_waits_and_is_told(ann, alice):
    first, second = (requests.note_request(ann, "erasure", by=alice) for _n in range(2))
    erasure = privacy.begin(ann, by=alice)
    said = {}

    def beside(name, act):
        def run():
            try:
                said[name] = act()
            except Exception as error:  # shown by the assertions below
                said[name] = error
            finally:
                connection.close()

        thread = Thread(target=run)
        thread.start()
        return thread

    with transaction.atomic():
        # The end of the erasure needs this row late, when it has locked everything else.
        PrivacyRequest.objects.select_for_update().get(pk=first.pk)
        ending = beside("ended", lambda: privacy.erase(erasure))
        while _waiting() < 1 and ending.is_alive():
            pass
        beginning = beside("begun", lambda: requests.start_erasure(second, by=alice))
        while _waiting() < 2 and beginning.is_alive():
            pass
        assert (ending.is_alive(), beginning.is_alive()) == (True, True)
    ending.join()
    beginning.join()

    assert said["ended"] == erasure
    assert (type(said["begun"]), str(said["begun"])) == (privacy.ErasureRefused, "The person is not there any more.")
    rows = PrivacyRequest.objects.order_by("pk").values_list("state", "erasure", "job")
    assert list(rows) == [("done", erasure.pk, None)] * 2
    assert chain.faults() == (1, [])


def _waiting():
    """How many connections to this database wait for a row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_locks"
            " WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        return cursor.fetchone()[0]
