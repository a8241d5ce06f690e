"""Letters that wait: from one's own mailbox or in the company's name, at their moment or taken back with all that was in them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from contacts.models import PersonalLetter
from contacts.services.mailbox import writing
from crm import files, notes
from crm.mail import send_due
from crm.models import Delivery, Event, StoredFile

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 25, 9, 0, tzinfo=UTC)
LATER = "2026-03-28T10:30"  # 09:30 in UTC
COMPANY = {"kind": "email", "own": "", "to": "ann@client.test", "subject": "Offer", "text": "Nine hundred"}


@pytest.fixture
def signed_in(client, alice, box, time_machine):
    time_machine.move_to(NOW, tick=False)
    alice.time_zone = "Europe/Berlin"
    alice.save()
    client.force_login(alice)
    return client


def _talk(client, record, **words):
    url = reverse(f"contacts:{record._meta.model_name}_talk_create", args=[record.pk])
    return client.post(url, COMPANY | words, HTTP_HX_REQUEST="true")


def _written():
    return list(Event.objects.filter(kind="letter.written").values_list("data__title", "data__text", "actor_id"))


@pytest.mark.parametrize("whose", ["contact", "company"])
def test_a_letter_in_the_companys_name_goes_at_the_time_that_was_chosen(
    signed_in, smtp, alice, ann, time_machine, whose
):
    record = ann if whose == "contact" else ann.company
    if whose == "company":
        type(record).objects.filter(pk=record.pk).update(email="hello@acme.test")
        record.refresh_from_db()

    answer = _talk(signed_in, record, at=LATER, to=record.email)

    row = Delivery.objects.get()
    assert row.due_at == datetime(2026, 3, 28, 9, 30, tzinfo=UTC)
    assert "The letter goes at the time you chose." in answer.headers["HX-Trigger"]
    assert (send_due(), smtp.letters, _written()) == (0, [], [])
    page = signed_in.get(record.get_absolute_url()).content.decode()
    assert reverse("contacts:delivery_recall", args=[row.pk]) in page
    assert "goes at" in page

    time_machine.move_to(NOW + timedelta(days=4), tick=False)
    assert send_due() == 1

    assert [letter.to for letter in smtp.letters] == [[record.email]]
    assert _written() == [("Offer", "Nine hundred", alice.pk)]
    assert signed_in.post(reverse("contacts:delivery_recall", args=[row.pk])).status_code == 404


def test_it_can_be_taken_back_by_its_writer_alone(signed_in, smtp, alice, bob, ann, time_machine):
    answer = _talk(signed_in, ann, at=LATER)
    row = Delivery.objects.get()
    url = reverse("contacts:delivery_recall", args=[row.pk])
    assert url in answer.headers["HX-Trigger"]
    signed_in.force_login(bob)
    assert signed_in.post(url).status_code == 404

    signed_in.force_login(alice)
    assert signed_in.post(url).status_code == 302

    row.refresh_from_db()
    assert (row.state, row.reason) == ("cancelled", "taken_back")
    draft = notes.draft_of(ann, alice)
    assert draft.data == {"kind": "email", "subject": "Offer", "text": "Nine hundred", "to": "ann@client.test"}
    time_machine.move_to(NOW + timedelta(days=4), tick=False)
    assert (send_due(), smtp.letters, _written()) == (0, [], [])
    assert not Event.objects.filter(kind="letter.failed").exists()


def test_in_the_companys_name_it_goes_to_the_address_that_was_chosen(signed_in, ann):
    ann.points.create(kind="email", value="home@client.test", norm="home@client.test")

    assert _talk(signed_in, ann, to="home@client.test").status_code == 200
    assert _talk(signed_in, ann, to="other@client.test").status_code == 422

    assert Delivery.objects.get().to == "home@client.test"


@pytest.mark.parametrize("what", ["copies", "files", "past"])
def test_what_cannot_go_in_the_companys_name_is_refused_and_kept(signed_in, alice, ann, what):
    upload = files.store(b"%PDF-1.4 x", "offer.pdf", by=alice, kind="upload")
    more = {
        "copies": {"copies": "boss@client.test"},
        "files": {"files": str(upload.uuid)},
        "past": {"at": "2026-03-01T10:00"},
    }

    answer = _talk(signed_in, ann, **more[what])

    page = answer.content.decode()
    assert (answer.status_code, Delivery.objects.count()) == (422, 0)
    said = "Choose a moment" if what == "past" else "In the company’s name a letter goes without copies and files."
    assert said in page
    kept = {
        "copies": 'value="boss@client.test"',
        "files": f'name="files" value="{upload.uuid}"',
        "past": "2026-03-01T10:00",
    }
    assert kept[what] in page
    assert "Nine hundred" in page


def _own(box, ann, alice, **more):
    upload = files.store(b"%PDF-1.4 x", "offer.pdf", by=alice, kind="upload")
    letter = writing.write(
        box, ann, subject="One", text="First letter", copies=["boss@client.test"], uploads=[str(upload.uuid)], **more
    )
    return letter, upload


def test_taken_back_a_letter_is_a_draft_with_all_that_was_in_it(signed_in, box, ann, alice, time_machine):
    asked = writing.write(box, ann, subject="Asked", text="?")
    letter, upload = _own(box, ann, alice, answers=asked, at=NOW + timedelta(days=3))
    time_machine.move_to(NOW + timedelta(days=2), tick=False)

    signed_in.post(reverse("contacts:letter_cancel", args=[letter.pk]))

    draft = notes.draft_of(ann, alice)
    assert draft.data == {
        "kind": "email", "subject": "One", "text": "First letter", "to": "ann@client.test", "copies": "boss@client.test",
        "answers": asked.pk, "files": [str(upload.uuid)],
    }  # fmt: skip
    page = signed_in.get(ann.get_absolute_url()).content.decode()
    assert 'value="boss@client.test"' in page
    assert f'name="answers" value="{asked.pk}"' in page
    assert f'name="files" value="{upload.uuid}"' in page
    assert "is quoted below your words" in page
    # Uploads that nobody took over are swept away after a while; those of a draft are not.
    assert files.remove_strays(before=NOW + timedelta(days=30)) == 0

    again = {"own": "1", "copies": "boss@client.test", "answers": asked.pk, "files": str(upload.uuid)}
    assert _talk(signed_in, ann, **again).status_code == 200
    sent = PersonalLetter.objects.latest("pk")
    assert (sent.answers, Delivery.objects.latest("pk").attachments) == (asked, [upload.pk])
    assert StoredFile.objects.get().target_id == sent.pk


def test_taken_back_it_stands_below_what_was_being_written_since(signed_in, box, ann, alice):
    letter, upload = _own(box, ann, alice)
    notes.keep_draft(ann, alice, {"kind": "note", "text": "A long note"}, version=0)

    signed_in.post(reverse("contacts:letter_cancel", args=[letter.pk]))

    # Still a note: nobody sends a note to the client by mistake.
    assert notes.draft_of(ann, alice).data == {
        "kind": "note", "subject": "One", "text": "A long note\n\nFirst letter", "to": "ann@client.test",
        "copies": "boss@client.test", "files": [str(upload.uuid)],
    }  # fmt: skip


def test_writing_on_keeps_copies_answer_and_files(signed_in, box, ann, alice):
    upload = files.store(b"%PDF-1.4 x", "offer.pdf", by=alice, kind="upload")
    words = {
        "kind": "email",
        "subject": "One",
        "text": "First",
        "copies": "boss@client.test",
        "files": str(upload.uuid),
    }

    signed_in.post(reverse("draft", args=["contact", ann.pk]), words | {"version": "0"})

    assert notes.draft_of(ann, alice).data == words | {"files": [str(upload.uuid)]}
    assert f'name="files" value="{upload.uuid}"' in signed_in.get(ann.get_absolute_url()).content.decode()
