"""What a person shares with others: letters, requests, records of own kinds, fields that name them. The others lose nothing
of theirs, and nothing of the person is left."""

import io
import json
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.models import Company, CompanyLink, Contact, ContactLink, PersonalLetter, PersonalMailbox
from contacts.services import people, privacy
from contacts.services.mailbox import keeping
from contacts.services.privacy import copying, naming, preview, scanning
from contacts.services.privacy.declaring import share_of
from crm import audit, custom, files, outbox
from crm.lists import workbook
from crm.mail import queue_mail, worker
from crm.models import (
    CustomField,
    Delivery,
    Event,
    ObjectKind,
    ObjectRecord,
    ObjectRelation,
    OutboxMessage,
    RecordLink,
    StoredFile,
)
from crm.objects.records import create_record
from tests.contacts import somebody as marked
from tickets.models import TicketMessage
from tickets.services import desk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]
ERASED = "What stood here was erased together with the person who wrote it."


@pytest.fixture
def ann(workspace, alice):
    return people.create_contact(
        by=alice, first_name="Ann", last_name="Zq7lee", email="zq7ann@example.com", phone="+49 30 55501192"
    )


@pytest.fixture
def bob(workspace, alice):
    return people.create_contact(by=alice, first_name="Bob", last_name="Ray", email="bob@example.com")


@pytest.fixture
def mailbox(alice):
    return PersonalMailbox.objects.create(
        user=alice, address="alice@halden.test", imap_host="x", smtp_host="x", shown="all"
    )


def _letter(mailbox, number, sender, recipients, parties, **said):
    letter = PersonalLetter.objects.create(
        mailbox=mailbox, owner=mailbox.user, message_id=f"<{number}@x.test>", sender=sender,
        recipients=[["", address] for address in recipients], **said,
    )  # fmt: skip
    keeping.add_parties(letter, parties)
    return letter


def _erase(contact, by):
    return privacy.erase(privacy.begin(contact, by=by))


def test_a_letter_to_several_people_stays_in_the_history_of_the_others(ann, bob, alice, mailbox):
    to_both = _letter(
        mailbox, 1, "alice@halden.test", ["zq7ann@example.com", "bob@example.com"], [ann, bob], state="sent",
        subject="Offer for Ann Zq7lee", text="Dear Bob,\nAnn Zq7lee (zq7ann@example.com, +493055501192) will call.\nxzq7ann@example.com",
        html='<a href="mailto:ZQ7Ann@example.com">Ann Zq7lee</a>',
    )  # fmt: skip
    sent = queue_mail(
        to="zq7ann@example.com", to_name="Ann Zq7lee", subject="", text="", contact=ann,
        refs={"letter": to_both.pk, "cc": [["", "bob@example.com"]]},
    )  # fmt: skip
    PersonalLetter.objects.filter(pk=to_both.pk).update(delivery_id=sent.pk)
    by_ann = _letter(
        mailbox, 2, "zq7ann@example.com", ["alice@halden.test", "bob@example.com"], [ann, bob], subject="My illness", text="I was ill", sender_name="Ann",
    )  # fmt: skip
    files.store(b"zq7 scan", "scan.pdf.txt", target=by_ann)
    kept = files.store(b"drawing", "drawing.txt", target=to_both)
    alone = _letter(mailbox, 3, "zq7ann@example.com", ["alice@halden.test"], [ann], subject="Only me")
    _letter(mailbox, 4, "bob@example.com", ["alice@halden.test"], [bob], subject="Only Bob", text="Hello")

    erasure = _erase(ann, alice)

    assert not PersonalLetter.objects.filter(pk=alone.pk).exists()
    letters = PersonalLetter.objects.filter(parties__contact=bob).order_by("message_id")
    assert [(row.subject, row.text, row.sender, row.sender_name, row.recipients) for row in letters] == [
        ("Offer for […]", "Dear Bob,\n[…] ([…], […]) will call.\nxzq7ann@example.com", "alice@halden.test", "", [["", "bob@example.com"]]),
        ("", "", "", "", [["", "alice@halden.test"], ["", "bob@example.com"]]),
        ("Only Bob", "Hello", "bob@example.com", "", [["", "alice@halden.test"]]),
    ]  # fmt: skip
    assert letters[0].html == '<a href="mailto:[…]">[…]</a>'
    # What still waits reaches the other one.
    row = Delivery.objects.get()
    assert (row.to, row.to_name, row.copies, row.contact_id, row.state) == ("bob@example.com", "", [], None, "queued")
    assert list(StoredFile.objects.all()) == [kept]
    assert erasure.counts["contacts.personalletter"] == {"erased": 1, "redacted": 2}
    assert erasure.counts["crm.delivery"] == {"redacted": 1}
    assert erasure.mentions == {}
    assert marked.marked_columns() == {("contacts_personalletter", "text")}


def test_what_the_worker_says_meanwhile_stays_said_and_what_is_prepared_is_prepared_anew(ann, bob, alice, mailbox):
    letters, rows = [], []
    for number in (1, 2):
        letter = _letter(mailbox, number, "alice@halden.test", ["zq7ann@example.com", "bob@example.com"], [ann, bob])
        rows.append(
            queue_mail(
                to="zq7ann@example.com",
                subject="",
                text="",
                refs={"letter": letter.pk, "cc": [["", "bob@example.com"]]},
            )
        )
        PersonalLetter.objects.filter(pk=letter.pk).update(delivery_id=rows[-1].pk, state="waiting")
        letters.append(letter)
    person = privacy.person_of(ann)
    # They were read, and then the worker writes.
    stale = list(Delivery.objects.order_by("pk")), list(PersonalLetter.objects.order_by("pk"))
    Delivery.objects.filter(pk=rows[0].pk).update(state="sent", fence=1)
    PersonalLetter.objects.filter(pk=letters[0].pk).update(state="sent")

    share_of(Delivery).redact(stale[0][:1], person)
    share_of(PersonalLetter).redact(stale[1][:1], person)

    assert Delivery.objects.values_list("state", "fence", "to").get(pk=rows[0].pk) == ("sent", 1, "bob@example.com")
    assert PersonalLetter.objects.values_list("state", "recipients").get(pk=letters[0].pk) == (
        "sent",
        [["", "bob@example.com"]],
    )
    (held,) = worker.claim()
    assert (held.pk, held.to, held.fence) == (rows[1].pk, "zq7ann@example.com", 1)
    with CaptureQueriesContext(connection) as asked:
        _erase(ann, alice)
    # Its holder finds another fence and hands nothing over; the rows were locked, as the worker locks them.
    assert Delivery.objects.values_list("state", "fence", "to", "lease_until").get(pk=rows[1].pk) == (
        "queued",
        2,
        "bob@example.com",
        None,
    )
    locked = [query["sql"].split(' FROM "')[1].split('"')[0] for query in asked if query["sql"].endswith("FOR UPDATE")]
    assert [table for table in locked if "delivery" in table or "letter" in table] == [
        "crm_delivery",
        "contacts_personalletter",
    ]


def test_the_copy_has_the_letters_that_went_to_others_too(ann, bob, alice, mailbox):
    _letter(mailbox, 1, "alice@halden.test", ["zq7ann@example.com", "bob@example.com"], [ann, bob], text="To you both")

    file, counts = copying.pack(ann, "en", by=alice)

    assert counts["contacts.personalletter"] == 1
    with zipfile.ZipFile(file.content.open("rb")) as archive:
        assert "To you both" in archive.read("data.json").decode()


def test_what_a_person_wrote_in_the_request_of_another_goes_and_the_request_stays_whole(ann, bob, alice):
    ticket = desk.open_ticket(subject="Pump is loud", requester=bob, owner=alice, by=alice)
    desk.receive(ticket, text="It hums", sender="bob@example.com")
    desk.receive(ticket, text="I am Ann and it hums", html="<p>I am Ann</p>", sender="zq7ann@example.com")

    erasure = _erase(ann, alice)

    said = TicketMessage.objects.order_by("pk").values_list("sender", "text", "html")
    assert list(said) == [("bob@example.com", "It hums", ""), ("", ERASED, "")]
    texts = Event.objects.filter(kind="ticket.customer_wrote").order_by("id").values_list("data", flat=True)
    assert list(texts) == [{"text": "It hums"}, {}]
    assert erasure.counts["tickets.ticketmessage"] == {"redacted": 1}


@pytest.fixture
def contracts(workspace):
    """A kind of one's own with a text and a contact among its fields, tied to people and companies."""
    kind = ObjectKind.objects.create(code="contract", name_en="Contract", plural_en="Contracts", unique_by="title")
    CustomField.objects.create(subject="co_contract", key="note", kind="text", label_en="Note")
    CustomField.objects.create(subject="co_contract", key="signs", kind="contact", label_en="Signs")
    kind.person = ObjectRelation.objects.create(kind=kind, target="contact", label_en="Client")
    kind.firm = ObjectRelation.objects.create(kind=kind, target="company", label_en="Firm")
    return kind


def _contract(kind, title, by, people=(), companies=(), **own):
    row = create_record(kind, title, by=by, custom=own)
    for person in people:
        ContactLink.objects.create(relation=kind.person, record=row, target=person)
    for company in companies:
        CompanyLink.objects.create(relation=kind.firm, record=row, target=company)
    return row


def test_records_of_own_kinds_go_with_the_person_or_stay_with_the_others(ann, bob, alice, contracts):
    firm = Company.objects.create(name="Acme", owner=alice)
    hers = _contract(contracts, "zq7 alone", alice, [ann], note="zq7 secret")
    others = [
        _contract(contracts, "Ann Zq7lee", alice, [ann, bob], note="zq7ann@example.com"),
        _contract(contracts, "Zq7lee Ann", alice, [ann], [firm], note="Call Ann Zq7lee"),
    ]
    bobs = _contract(contracts, "Bobs", alice, [bob])
    RecordLink.objects.create(relation=contracts.firm, record=hers, target=bobs)
    # An earlier version of a record that stays has her name as well.
    ObjectRecord.objects.filter(pk=others[0].pk).update(custom={"note": "Ann Zq7lee signs"})
    said = preview.count(ann)
    assert (said["goes"]["crm.objectrecord"], said["shared"]["crm.objectrecord"]) == (1, 2)

    file, _counts = copying.pack(ann, "en", by=alice)
    erasure = _erase(ann, alice)

    with zipfile.ZipFile(file.content.open("rb")) as archive:
        tables = {table["label"]: table["rows"] for table in json.loads(archive.read("data.json"))["tables"]}
    told = {row["title"]: row["custom"] for row in tables["crm.objectrecord"]}
    assert told == {
        "zq7 alone": {"Note": "zq7 secret"}, "Ann Zq7lee": {"Note": "Ann Zq7lee signs"}, "Zq7lee Ann": {"Note": "Call Ann Zq7lee"},
    }  # fmt: skip
    rows = ObjectRecord.objects.order_by("number").values_list("pk", "title", "custom")
    assert list(rows) == [
        (others[0].pk, "[…]", {"note": "[…] signs"}), (others[1].pk, "[…]", {"note": "Call […]"}), (bobs.pk, "Bobs", {}),
    ]  # fmt: skip
    assert list(ContactLink.objects.values_list("target", flat=True).order_by("record")) == [bob.pk, bob.pk]
    assert erasure.counts["crm.objectrecord"] == {"erased": 1, "redacted": 2}
    titles = Event.objects.filter(kind="object.created").order_by("id").values_list("data__title", flat=True)
    assert list(titles) == ["[…]", "[…]", "Bobs"]
    assert erasure.mentions == {}
    assert marked.marked_columns() == set()


def test_fields_that_name_the_person_are_emptied_wherever_they_stand(ann, bob, alice, contracts):
    CustomField.objects.create(subject="company", key="champion", kind="contact", label_en="Champion")
    CustomField.objects.create(subject="contact", key="boss", kind="contact", label_en="Boss")
    CustomField.objects.create(subject="contact", key="works_at", kind="company", label_en="Works at")
    acme, other = (Company.objects.create(name=name, owner=alice) for name in ("Acme", "Other"))
    custom.write(acme, {"champion": ann.pk}, by=alice)
    # Now somebody else: the earlier version names her still.
    custom.write(other, {"champion": ann.pk}, by=alice)
    custom.write(other, {"champion": bob.pk}, by=alice)
    custom.write(bob, {"boss": ann.pk}, by=alice)
    custom.write(ann, {"works_at": acme.pk, "boss": bob.pk}, by=alice)
    paper = _contract(contracts, "Paper", alice, note="x", signs=ann.pk)
    before = {row.pk: row.version for row in (acme, paper)}

    file, _counts = copying.pack(Contact.objects.get(pk=ann.pk), "en", by=alice)
    erasure = _erase(ann, alice)

    with zipfile.ZipFile(file.content.open("rb")) as archive:
        tables = {table["label"]: table["rows"] for table in json.loads(archive.read("data.json"))["tables"]}
    # Her own record says where she works, and not who else is in the database.
    assert tables["contacts.contact"][0]["custom"] == {"Works at": "Acme"}
    assert sorted((row["kind"], row["field"], row["record"]) for row in tables["named_in"]) == [
        ("Companies", "Champion", acme.pk), ("Contacts", "Boss", bob.pk), ("Contracts", "Signs", paper.pk),
    ]  # fmt: skip
    for row in (acme, other, bob, paper):
        row.refresh_from_db()
    assert (acme.custom, other.custom, bob.custom, paper.custom) == ({}, {"champion": bob.pk}, {}, {"note": "x"})
    assert acme.version >= before[acme.pk]
    versions = audit.versions(Company).filter(custom__champion=ann.pk)
    assert not versions.exists()
    assert erasure.counts["contacts.company"] == {"redacted": 1}
    assert naming.rows_naming(privacy.Person([ann.pk])) == []


def test_one_pass_over_whole_tables_finds_what_the_question_about_each_person_finds(ann, bob, alice):
    rows = [queue_mail(to=to, subject="x", text="x") for to in ("zq7ann@example.com", "bob@example.com", "cid@x.test")]
    names = {ann: rows[0].pk, bob: rows[1].pk}
    # A line end in JSON, and a name in other letters: the pass overlooks neither.
    outbox.put("notification.mail", "line", {"text": "To:\nzq7ann@example.com"})
    outbox.put("notification.mail", "name", {"text": "ANN ZQ7LEE has called"})
    someone = [privacy.person_of(contact) for contact in (ann, bob)]
    lists = [files.store(f"{text}\n".encode(), "x.csv", kind="export") for text in ("ZQ7Ann@Example.com", "nobody")]

    with scanning.once_for(someone):
        for contact, person in zip((ann, bob), someone, strict=True):
            found = privacy.gather(person)
            assert found[Delivery] == {names[contact]}
            outboxed = {row.key for row in OutboxMessage.objects.filter(pk__in=found.get(OutboxMessage, ()))}
            assert {"line", "name"} & outboxed == ({"line", "name"} if contact == ann else set())
        # What comes after the pass is found too.
        late = queue_mail(to="bob@example.com", subject="late", text="x")
        assert privacy.gather(someone[1])[Delivery] == {rows[1].pk, late.pk}
        assert privacy.gather(someone[0])[StoredFile] == {lists[0].pk}
        assert scanning.under_way().files["lists"] == ([lists[0].pk], lists[1].pk)
    assert scanning.under_way() is None


def test_a_workbook_is_looked_into(ann, alice):
    named, _other = (
        files.store(_workbook(text), "people.xlsx", kind="export") for text in ("Zq7ann@example.com", "cid@x.test")
    )

    assert privacy.gather(privacy.person_of(ann))[StoredFile] == {named.pk}


def _workbook(text):
    raw = io.BytesIO()
    workbook.write(raw, ["Email"], [[text]])
    return raw.getvalue()
