"""Letters written here and sent by the user's own server: what goes over the wire, what comes of it, what lies in Sent."""

import email
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import ContactPoint, LetterTemplate, PersonalLetter, PersonalMailbox, SeenLetter
from contacts.services.mailbox import reading, sending, writing
from crm.files import store
from crm.mail import send_due
from crm.models import Delivery, Event, StoredFile
from crm.notes import keep_draft
from tests.contacts import mailboxes
from tests.contacts.mailbox_writing.sending import State, go
from tests.contacts.mailboxes import letter
from tests.imap_server import PASSWORD, USER
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db


def test_a_letter_goes_by_ones_own_server_and_its_copy_lies_in_sent_once(box, own, smtp, imap, ann, alice):
    row = writing.write(
        box, ann, subject="Offer", text="Dear Ann, see https://halden.test/a.", copies=["c@client.test"]
    )
    assert not Event.objects.filter(kind="mail.sent").exists()

    go(box)

    [got] = own.letters
    assert smtp.letters == []
    assert (got.sender, got.to) == ("alice@halden.test", ["ann@client.test", "c@client.test"])
    assert (str(got.message["From"]), str(got.message["Cc"])) == ("Alice <alice@halden.test>", "c@client.test")
    assert got.message["Message-ID"] == row.message_id
    assert got.body("plain").replace("\r", "") == "Dear Ann, see https://halden.test/a.\n\n-- \nAlice"
    row.refresh_from_db()
    assert row.state == State.SENT
    [event] = Event.objects.filter(kind="mail.sent")
    assert (event.contact_id, event.target_id, event.data) == (ann.pk, row.pk, {})
    ann.refresh_from_db()
    assert ann.last_touch_at is not None

    sending.file({"letter": row.pk})
    PersonalLetter.objects.update(filed_at=None)
    sending.file({"letter": row.pk})
    [copy] = imap.all("Sent")
    copy = email.message_from_bytes(copy)
    assert (copy["Message-ID"], copy["Subject"]) == (row.message_id, "Offer")

    reading.look(box.pk)
    seen = SeenLetter.objects.get(message_id=row.message_id)
    assert (seen.state, seen.letter_id) == (SeenLetter.State.STORED, row.pk)
    assert PersonalLetter.objects.count() == Event.objects.filter(kind="mail.sent").count() == 1


def test_a_server_that_files_by_itself_gets_no_second_copy(box, own, imap, ann):
    row = writing.write(box, ann, subject="Offer", text="Hi")
    go(box)
    imap.put(own.letters[0].raw, folder="Sent")

    sending.file({"letter": row.pk})

    assert len(imap.all("Sent")) == 1
    row.refresh_from_db()
    assert row.filed_at is not None


def test_a_reply_joins_the_conversation_in_both_mailboxes(box, own, imap, ann, alice, client):
    imap.put(letter(1, head="References: <0@client.test>\r\n", body="How much?"))
    reading.look(box.pk)
    asked = PersonalLetter.objects.get()
    client.force_login(alice)
    page = client.get(reverse("contacts:letter_reply", args=[asked.pk]), HTTP_HX_REQUEST="true").content.decode()
    assert 'value="Re: Case 1"' in page
    assert f'name="answers" value="{asked.pk}"' in page

    answer = client.post(
        reverse("contacts:contact_talk_create", args=[ann.pk]),
        {"kind": "email", "own": "1", "to": "ann@client.test", "subject": "Re: Case 1", "text": "900", "answers": asked.pk},
        HTTP_HX_REQUEST="true",
    )  # fmt: skip

    assert answer.status_code == 200
    go(box)
    [got] = own.letters
    assert got.message["In-Reply-To"] == "<1@client.test>"
    assert got.message["References"] == "<0@client.test> <1@client.test>"
    assert "> How much?" in got.body("plain")
    assert len({row.thread for row in PersonalLetter.objects.all()}) == 1


def test_ten_seconds_to_take_it_back_and_the_words_are_a_draft_again(box, own, ann, alice, client):
    client.force_login(alice)
    words = {"kind": "email", "own": "1", "to": "ann@client.test", "subject": "Offer", "text": "Oops"}
    answer = client.post(reverse("contacts:contact_talk_create", args=[ann.pk]), words, HTTP_HX_REQUEST="true")
    row = PersonalLetter.objects.get()
    assert reverse("contacts:letter_cancel", args=[row.pk]) in answer.headers["HX-Trigger"]
    assert send_due(account=f"mailbox:{box.pk}") == 0

    client.post(reverse("contacts:letter_cancel", args=[row.pk]))
    go(box)

    row.refresh_from_db()
    assert (row.state, own.letters) == (State.CANCELLED, [])
    assert "Oops" in client.get(ann.get_absolute_url()).content.decode()
    assert not Event.objects.filter(kind="mail.sent").exists()


def test_what_has_not_gone_is_read_by_its_writer_alone(box, own, ann, alice, bob, client):
    PersonalMailbox.objects.update(shown="all")
    row = writing.write(box, ann, subject="Offer", text="Oops", at=timezone.now() + timedelta(days=2))
    url = reverse("contacts:letter", args=[row.pk])
    client.force_login(bob)

    assert client.get(url).status_code == 404
    writing.take_back(row)
    assert client.get(url).status_code == 404
    assert not PersonalLetter.objects.listed_to(bob).exists()
    assert list(PersonalLetter.objects.visible_to(alice)) == [row]
    sent = writing.write(box, ann, subject="Offer", text="Better")
    go(box)
    assert client.get(reverse("contacts:letter", args=[sent.pk])).status_code == 200


@pytest.mark.parametrize(
    ("utf8", "got"), [(True, ["ann@client.test", "анна@client.test"]), (False, ["ann@client.test"])]
)
def test_a_copy_that_the_server_cannot_write_to_holds_up_nothing(imap, workspace, ann, alice, settings, utf8, got):
    with Sink(auth=(USER, PASSWORD), utf8=utf8) as sink:
        box = mailboxes.connect(alice, imap, settings, smtp_port=sink.port)
        row = writing.write(box, ann, subject="Offer", text="Hello", copies=["анна@client.test"])
        go(box)

    row.refresh_from_db()
    assert (row.state, [letter.to for letter in sink.letters]) == (State.SENT, [got])
    assert ("анна@client.test" in Delivery.objects.get().reply) != utf8


def test_a_password_that_cannot_travel_is_a_refused_sign_in(box, own, ann):
    box.password = "пароль"
    box.save()
    row = writing.write(box, ann, subject="Offer", text="Hello")

    go(box)

    row.refresh_from_db()
    assert (row.state, "пароль" in row.error, own.letters) == (State.FAILED, False, [])


def test_a_domain_in_other_letters_is_written_in_its_latin_form_where_it_is_an_id(box, ann):
    PersonalMailbox.objects.update(address="alice@пример.рф")
    box.refresh_from_db()

    assert writing.write(box, ann, subject="Offer", text="Hello").message_id.endswith("@xn--e1afmkfd.xn--p1ai>")


def test_opens_and_clicks_are_noted_when_wished_and_ones_own_copy_has_no_pixel(box, own, imap, ann, client, settings):
    row = writing.write(box, ann, subject="Offer", text="See https://halden.test/a.", tracked=True)
    go(box)
    html = own.letters[0].body("html")
    [pixel] = re.findall(r'src="[^"]*(/t/o/[^"]+)"', html)
    [link] = re.findall(r'href="[^"]*(/t/c/[^"]+)"', html)
    sending.file({"letter": row.pk})
    assert "/t/" not in email.message_from_bytes(imap.all("Sent")[0]).as_string()

    Delivery.objects.update(settled_at=timezone.now() - timedelta(minutes=5))
    assert client.get(pixel).status_code == 200
    assert client.get(link)["Location"] == "https://halden.test/a"
    row.refresh_from_db()
    assert None not in (row.opened_at, row.clicked_at)
    assert client.get(link[:-2] + "x/").status_code == 404

    settings.LETTER_TRACKING = False
    assert not writing.write(box, ann, subject="Offer", text="Hi", tracked=True).is_tracked
    settings.LETTER_TRACKING = True
    ContactPoint.objects.update(opted_out_at=timezone.now())
    assert not writing.write(box, ann, subject="Offer", text="Hi", tracked=True).is_tracked


def test_files_go_along_and_are_the_letters_own(box, own, ann, alice, bob, client):
    upload = store(b"%PDF-1.4 x", "offer.pdf", by=alice, kind="upload")

    writing.write(box, ann, subject="Offer", text="Hi", uploads=[str(upload.uuid)])
    go(box)

    [part] = own.letters[0].message.iter_attachments()
    assert part.get_filename() == "offer.pdf"
    client.force_login(bob)
    assert client.get(StoredFile.objects.get().get_absolute_url()).status_code == 404


def test_a_file_chosen_before_any_word_stays_when_a_template_is_taken(box, ann, alice, bob, client):
    mine = LetterTemplate.objects.create(owner=alice, name="Hi", text="{greeting}")
    offer, price, other = (
        str(store(b"x", name, by=by, kind="upload").uuid)
        for name, by in [("offer.pdf", alice), ("price.pdf", alice), ("other.pdf", bob)]
    )
    client.force_login(alice)
    url = reverse("contacts:composer", args=["contact", ann.pk])

    def held(**sent):
        page = client.post(url, {"text": "", "template": mine.pk, **sent}, HTTP_HX_REQUEST="true").content.decode()
        return re.findall(r'name="files" value="([^"]+)"', page)

    assert held(files=[offer, other]) == [offer]
    keep_draft(ann, alice, {"text": "Hi", "files": [offer, price]}, version=0)
    # What was taken out since the draft was kept stays out.
    assert held(files=[price]) == [price]
    assert held() == []
    page = client.get(url, HTTP_HX_REQUEST="true").content.decode()
    assert re.findall(r'name="files" value="([^"]+)"', page) == [offer, price]


def test_templates_are_filled_in_and_shared_as_their_owner_says(box, ann, alice, bob, mallory, client):
    mine = LetterTemplate.objects.create(
        owner=alice, name="Hi", subject="For {company}", text="{greeting}\n{last_name|you}"
    )
    team = LetterTemplate.objects.create(owner=alice, name="Team", text="x", shared="team")
    every = LetterTemplate.objects.create(owner=alice, name="All", text="x", shared="all")
    seen = {user: set(LetterTemplate.objects.visible_to(user)) for user in (alice, bob, mallory)}
    assert (seen[alice], seen[bob], seen[mallory]) == ({mine, team, every}, {team, every}, {every})

    client.force_login(alice)
    url = reverse("contacts:composer", args=["contact", ann.pk])
    page = client.post(url, {"text": "PS", "template": mine.pk}, HTTP_HX_REQUEST="true").content.decode()
    assert 'value="For Acme"' in page
    assert "PS\n\nHello Ann,\nLee</textarea>" in page
    bad = client.post(reverse("contacts:letter_template_new"), {"name": "X", "text": "{nope}", "language": "en", "shared": "mine"})  # fmt: skip
    assert bad.status_code == 422
    client.force_login(bob)
    assert client.post(reverse("contacts:letter_template", args=[team.pk]), {"name": "Y"}).status_code == 403
    assert client.post(reverse("contacts:letter_template", args=[mine.pk]), {"name": "Y"}).status_code == 404


def test_administrators_find_no_private_letter_among_the_outgoing_ones(box, ann, admin):
    writing.write(box, ann, subject="Wage", text="900")

    assert not Delivery.objects.visible_to(admin).exists()
    row = Delivery.objects.get()
    assert (row.subject, row.text, row.html) == ("", "", "")
