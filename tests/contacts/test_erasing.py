"""Erasing a person: every table and file, once, even when it is broken off; what stays is nobody's, and the proof is sealed."""

import json
import re
import zipfile

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import InternalError, connection, transaction

from campaigns.models import Suppression
from contacts.models import (
    Contact,
    ErasedAddress,
    Erasure,
    ImportedRow,
    ImportRun,
    Participant,
    PersonalLetter,
    PersonalMailbox,
    Task,
)
from contacts.services import people, privacy
from contacts.services.consents import state_consent
from contacts.services.privacy import certificates, copying, declaring, erasing, scanning, ties
from contacts.tasks import keep_privacy
from crm import files, jobs, outbox
from crm.mail import queue_mail
from crm.models import Delivery, Notification, OutboxMessage
from deals.models import Deal
from deals.services.setup import create_standard_pipeline
from tests.contacts import somebody as marked
from tickets.services import desk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


def test_every_table_is_reached_or_named_with_a_reason():
    """A new table fails here until its rows are found by themselves, or its app says how, or why it holds nobody."""
    known = ties.reached()

    strays = [m._meta.label_lower for m in ties.tables() if m not in known and not declaring.is_exempt(m)]

    assert strays == []


def test_every_tie_is_followed_by_an_index():
    """Each question of `gather` that follows a key is answered by an index: at a million people nothing else would do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.relname, a.attname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid"
            " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]"
            " WHERE i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) LIKE '%IS NOT NULL%'"
        )
        first = set(cursor.fetchall())

    slow = [
        (tied.model._meta.label_lower, tied.column)
        for parent in ties.reached()
        for tied in ties.ties_to(parent)
        if not {(tied.model._meta.db_table, name) for name in _columns_of(tied)} & first
    ]

    assert len([tied for parent in ties.reached() for tied in ties.ties_to(parent)]) > 100
    assert sorted(set(slow)) == []


def _columns_of(tied):
    column = tied.model._meta.get_field(tied.column).column
    return ("target_type", column) if tied.pair else (column,)


def test_nothing_marked_is_left_in_any_table_or_file(workspace, alice, folder):
    contact = marked.somebody()
    assert {"contacts_contact", "deals_deal", "tickets_ticketmessage", "crm_delivery"} < {
        table for table, _column in marked.marked_columns()
    }
    assert marked.marked_files(folder)

    erasure = privacy.erase(privacy.begin(contact, by=alice))

    kept = {
        (model._meta.db_table, name)
        for model in ties.tables()
        if (stay := declaring.stay_of(model))
        for name in stay.keep
    }
    assert marked.marked_columns() <= kept
    assert marked.marked_files(folder) == []
    assert not Contact.objects.filter(pk=contact.pk).exists()
    assert certificates.is_sound(erasure)
    assert erasure.mentions == {}
    assert marked.MARK not in str(certificates.document(erasure))


def test_an_erasure_that_was_killed_goes_on_and_counts_each_row_once(workspace, alice):
    contact = marked.somebody()
    whole = {m._meta.label_lower: len(keys) for m, keys in privacy.gather(privacy.person_of(contact)).items()}
    # A number under which the record stood before a merge is no row.
    whole["contacts.contact"] = 1
    erasure = privacy.begin(contact, by=alice)

    class Killed(Exception):
        pass

    def stop_halfway(done, total):
        if done > total / 2:
            raise Killed

    with pytest.raises(Killed):
        privacy.erase(erasure, stop_halfway)
    assert privacy.begin(contact, by=alice) == erasure
    erasure = privacy.erase(Erasure.objects.get(pk=erasure.pk))
    again = privacy.erase(Erasure.objects.get(pk=erasure.pk))

    counted = {label: sum(acts.values()) for label, acts in erasure.counts.items()}
    # Files of imports are emptied, and count apart.
    assert {label: n for label, n in counted.items() if label != "crm.storedfile"} == {
        label: n for label, n in whole.items() if label != "crm.storedfile"
    }
    assert (again.digest, Erasure.objects.count()) == (erasure.digest, 1)


def test_what_belongs_to_others_stays(workspace, alice):
    ann = people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="ann@example.com")
    bob = people.create_contact(by=alice, first_name="Bob", last_name="Ray", email="bob@example.com")
    deal = Deal(name="Pumps", contact=ann, owner=alice, currency="EUR", amount=10)
    deal.stage = create_standard_pipeline("en").stages.first()
    deal.begin(by=alice)
    meeting = Task.objects.create(title="Both meet", contact=bob, target_type="deals.deal", target_id=deal.pk)
    Participant.objects.create(task=meeting, contact=ann, email="ann@example.com")
    Participant.objects.create(task=meeting, contact=bob, email="bob@example.com")

    privacy.erase(privacy.begin(ann, by=alice))

    deal.refresh_from_db()
    assert (deal.name, deal.contact, deal.amount) == (f"#{deal.pk}", None, 10)
    assert list(Contact.objects.all()) == [bob]
    assert list(meeting.participants.values_list("email", flat=True)) == ["bob@example.com"]
    assert bob.points.get().value == "bob@example.com"


def test_a_longer_address_or_name_is_somebody_else(workspace, alice):
    lee = people.create_contact(
        by=alice, first_name="Ann", last_name="Lee", email="lee@example.com", phone="+4930123456"
    )
    PersonalMailbox.objects.create(user=alice, address="alice@halden.test", imap_host="x", smtp_host="x", shown="all")
    mailbox = PersonalMailbox.objects.select_related("user").get()
    mine, others = (
        PersonalLetter.objects.create(
            mailbox=mailbox, owner=alice, message_id=f"<{n}@x.test>", sender=sender, recipients=[["", to]], text=to
        )
        for n, (sender, to) in enumerate(
            [("lee@example.com", "alice@halden.test"), ("ann.lee@example.com", "lee@example.com.au")]
        )
    )
    copied = PersonalLetter.objects.create(
        mailbox=mailbox, owner=alice, message_id="<2@x.test>", recipients=[["", "bob@x.test"], ["", "lee@example.com"]]
    )
    rows = [
        queue_mail(to=to, subject="Offer", text="Hello", refs={"cc": cc})
        for to, cc in [("lee@example.com", []), ("ann.lee@example.com", []), ("bob@x.test", [["", "lee@example.com"]])]
    ]
    PersonalLetter.objects.filter(pk=copied.pk).update(delivery_id=rows[2].pk)
    for n, text in enumerate(["Joann Leeson wrote", "+49301234567", "Ann Lee wrote", 'Line\nlee@example.com', "lee@example.com."]):  # fmt: skip
        Notification.objects.create(user=alice, kind="privacy.due", text=text, key=str(n))
    Notification.objects.create(
        user=alice, kind="mailbox.trouble", text="Not arrived", url=mine.get_absolute_url(), key="letter"
    )

    erasure = privacy.erase(privacy.begin(lee, by=alice))

    assert erasure.mentions == {}
    assert list(PersonalLetter.objects.all()) == [others]
    assert list(Delivery.objects.values_list("to", flat=True)) == ["ann.lee@example.com"]
    texts = Notification.objects.order_by("key").values_list("text", flat=True)
    assert list(texts) == ["Joann Leeson wrote", "+49301234567"]


def test_a_line_end_in_json_is_no_part_of_the_address(workspace, alice):
    lee = people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="lee@example.com")
    outbox.put("notification.mail", "1", {"text": "From:\nlee@example.com\nto nobody"})

    assert scanning.containing(OutboxMessage, [lee.email], "payload").count() == 1


def test_certificates_are_a_chain_that_nobody_changes(workspace, alice):
    first, second = (
        privacy.erase(privacy.begin(people.create_contact(by=alice, first_name=name, email=f"{name}@x.test"), by=alice))
        for name in ("Ann", "Bob")
    )
    assert (first.previous, second.previous) == ("", first.digest)
    assert set(first.digests) == {ErasedAddress.digest_of("ann@x.test")}
    assert [c["uuid"] for c in certificates.written()] == [str(first.uuid), str(second.uuid)]

    with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
        Erasure.objects.filter(pk=first.pk).update(counts={})
    first.refresh_from_db()
    first.counts = {"contacts.task": {"erased": 9}}
    assert not certificates.is_sound(first)


def test_the_copy_holds_everything_about_the_person_and_nothing_of_others(workspace, alice):
    ann = people.create_contact(
        by=alice, first_name="Ann", last_name="Lee", email="ann@example.com", phone="+49 30 55501192"
    )
    bob = people.create_contact(by=alice, first_name="Bob", last_name="Ray", email="bob@example.com")
    people.log_talk(ann, "note", "She likes blue pumps", by=alice)
    ann.city = "Bonn"
    ann.save()
    state_consent(ann, "advertising", given=True, text="I agree to letters.", source="form")
    ticket = desk.open_ticket(subject="Pump is loud", requester=ann, owner=alice, by=alice)
    desk.receive(ticket, text="It hums", sender="ann@example.com")
    meeting = Task.objects.create(title="Visit", contact=ann)
    Participant.objects.create(task=meeting, contact=bob, name="Bob Ray", email="bob@example.com")
    files.store(b"drawing of the pump", "pump.txt", target=ann)

    file, counts = copying.pack(ann, "ru", by=alice)

    with zipfile.ZipFile(file.content.open("rb")) as archive:
        names = archive.namelist()
        data = json.loads(archive.read("data.json"))
        page = archive.read("index.html").decode()
        assert archive.read(next(name for name in names if name.endswith("pump.txt"))) == b"drawing of the pump"
    assert {"index.html", "data.json", "copy.css"} < set(names)
    tables = {table["label"]: table["rows"] for table in data["tables"]}
    assert counts == {label: len(rows) for label, rows in tables.items()}
    said = json.dumps(tables, ensure_ascii=False)
    for text in ("ann@example.com", "blue pumps", "I agree to letters.", "Pump is loud", "It hums", "Bonn", "Alice"):
        assert text in said
        assert text in page
    assert "Bob" not in said
    assert "bob@example.com" not in said
    assert not re.search(r'"[a-z_]*(token|salt|secret|password)', said)
    assert 'lang="ru"' in page
    assert "Персональные данные" in page
    assert "<script" not in page


def test_every_marked_text_is_in_the_copy_but_for_what_is_hidden(workspace, alice):
    contact = marked.somebody()
    person = privacy.person_of(contact)
    found = privacy.gather(person)

    file, counts = copying.pack(contact, "en", by=alice)

    told = {
        m._meta.label_lower for m in found if not declaring.is_hidden(m) and ties.told_to(person, m, found[m]).exists()
    }
    assert told == set(counts)
    with zipfile.ZipFile(file.content.open("rb")) as archive:
        said = archive.read("data.json").decode()
    for model in (m for m in found if not declaring.is_hidden(m)):
        for field in (
            f for f in model._meta.concrete_fields if erasing.is_text(f) and not copying._SECRET.search(f.name)
        ):
            for value in ties.told_to(person, model, found[model]).values_list(field.name, flat=True):
                for text in re.findall(r"zq7\d{6}", str(value)):
                    assert (model, field.name, text in said) == (model, field.name, True)


def test_an_import_tells_of_the_erased_and_does_not_bring_them_back(workspace, alice):
    ann = people.create_contact(by=alice, first_name="Ann", email="ann@example.com", phone="+49 30 55501192")
    privacy.erase(privacy.begin(ann, by=alice))
    text = "Name,Email,Phone\nAnn,Ann@Example.com,\nBob,bob@example.com,+49 30 55501192\nCid,,+49 30 55501192\nDan,dan@example.com,\n"
    run = ImportRun.objects.create(
        owner=alice, by=alice, encoding="utf-8", separator=",", headers=["Name", "Email", "Phone"],
        mapping={"0": "first_name", "1": "email", "2": "phone"}, file=files.store(text.encode(), "people.csv", by=alice, kind="import"),
    )  # fmt: skip

    jobs.start("contacts.import", by=alice, params={"import": run.pk})
    outbox.run_due()

    assert sorted(Contact.objects.values_list("first_name", flat=True)) == ["Bob", "Dan"]
    refused = ImportedRow.objects.filter(run=run, outcome="failed").order_by("line")
    assert [(row.cells, "was erased on" in row.reason) for row in refused] == [([], True), ([], True)]


@pytest.mark.parametrize(("way", "comes_back"), [("confirmed", True), ("form", False)])
def test_only_a_new_proved_consent_lets_the_address_in_again(workspace, alice, way, comes_back):
    ann = people.create_contact(by=alice, first_name="Ann", email="ann@example.com")
    privacy.erase(privacy.begin(ann, by=alice))
    assert Suppression.of("ann@example.com") == "erased"

    again = people.create_contact(by=alice, first_name="Ann", email="ann@example.com")
    state_consent(again, "advertising", given=True, way=way, source="form", text="I agree")

    assert (Suppression.of("ann@example.com") is None, not ErasedAddress.known(["ann@example.com"])) == (
        comes_back,
        comes_back,
    )


def test_files_and_certificate_of_an_erasure_that_was_killed_after_the_seal_follow(workspace, alice, folder):
    erasure = privacy.erase(privacy.begin(people.create_contact(by=alice, first_name="Ann"), by=alice))
    # As if the worker had died between the seal and the storage.
    default_storage.delete(f"{certificates.FOLDER}/{erasure.uuid}.json")
    Erasure.objects.update(leftover=[default_storage.save("drawing", ContentFile(b"drawing"))])

    keep_privacy()

    (left,) = (path for path in folder.rglob("*") if path.is_file())
    assert json.loads(left.read_text()) == certificates.document(erasure)
    assert Erasure.objects.get().leftover == []
