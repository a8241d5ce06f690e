"""Letters of a personal mailbox, read from a real IMAP server: what is stored, what is not, and that nothing is twice."""

import imaplib
from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.models import MailFolder, PersonalLetter, SeenLetter
from contacts.services import people
from contacts.services.mailbox import accounts, comparing
from crm.mail import queue_mail
from crm.models import Delivery, Event, Notification
from tests.contacts.mailbox_reading.looking import Reason, State, ledger, look
from tests.contacts.mailboxes import letter
from tests.imap_server import FOLDER, PASSWORD, USER

pytestmark = pytest.mark.django_db


def test_a_letter_of_a_known_person_is_stored_once_and_told_in_the_timeline_without_a_word_of_it(box, imap, ann):
    imap.put(letter(1, subject="Secret offer"))

    first, second = look(box), look(box)

    [row] = PersonalLetter.objects.all()
    assert (row.subject, row.text, row.state, row.owner) == ("Secret offer 1", "Hello.", "received", box.user)
    assert [(party.contact, party.company) for party in row.parties.all()] == [(ann, None)]
    [event] = Event.objects.filter(kind="mail.received")
    assert (event.contact_id, event.company_id, event.target_id, event.data) == (ann.pk, ann.company_id, row.pk, {})
    assert ledger()[0] == ("<1@client.test>", State.STORED, "")
    assert (first, second) == (1, 0)


def test_what_concerns_nobody_here_is_skipped_with_its_reason_and_not_fetched(box, imap, ann, bob, mallory):
    people.create_contact(by=mallory, first_name="Zoe", email="zoe@other.test")
    box.excluded = ["bank.example", "ann@private.test"]
    box.save()
    imap.put(
        letter(1, "stranger@else.test"),
        letter(2, "bob@example.com"),
        letter(3, "news@bank.example"),
        letter(4, "zoe@other.test"),
        letter(5, "bob@example.com", to="alice@halden.test, ann@client.test"),
        letter(6, "ann@client.test", to="alice@halden.test, office@bank.example"),
    )

    look(box)

    assert ledger()[:6] == [
        ("<1@client.test>", State.SKIPPED, Reason.UNKNOWN),
        ("<2@client.test>", State.SKIPPED, Reason.INTERNAL),
        ("<3@client.test>", State.SKIPPED, Reason.EXCLUDED),
        ("<4@client.test>", State.SKIPPED, Reason.UNKNOWN),
        ("<5@client.test>", State.STORED, ""),
        ("<6@client.test>", State.SKIPPED, Reason.EXCLUDED),
    ]
    assert PersonalLetter.objects.count() == 1


def test_d20_the_same_letter_in_two_folders_and_under_two_numbers_is_stored_once(box, imap, ann):
    imap.put(letter(1), letter(1), letter(2))
    imap.put(letter(1), folder="Sent")

    look(box)

    assert PersonalLetter.objects.count() == 2
    states = [row[1:] for row in ledger() if row[0] == "<1@client.test>"]
    assert states == [(State.STORED, ""), (State.SKIPPED, Reason.DUPLICATE), (State.SKIPPED, Reason.DUPLICATE)]


def test_d20_a_server_that_numbers_anew_is_read_again_and_stores_nothing_twice(box, imap, ann):
    imap.put(letter(1), letter(2))
    look(box)
    MailFolder.objects.filter(path=FOLDER).update(uid_validity=1, last_uid=900)

    look(box)

    assert PersonalLetter.objects.count() == 2
    assert Event.objects.filter(kind="mail.received").count() == 2
    assert [row[1] for row in ledger()[:2]] == [State.STORED, State.STORED]


def test_the_first_look_takes_the_window_and_later_old_letters_are_left(box, imap, ann):
    look(box)
    old = (timezone.now() - timedelta(days=400)).strftime("Date: %a, %d %b %Y %H:%M:%S +0000\r\n")
    imap.put(letter(1, head=old), letter(2))

    look(box)

    assert ledger()[:2] == [
        ("<1@client.test>", State.SKIPPED, Reason.OLD),
        ("<2@client.test>", State.STORED, ""),
    ]


def test_conversations_are_found_whatever_comes_first(box, imap, ann):
    imap.put(
        letter(2, subject="Re: Case", head="In-Reply-To: <1@client.test>\r\nReferences: <1@client.test>\r\n"),
        letter(1),
        letter(3, head="In-Reply-To: <2@client.test>\r\n"),
    )

    look(box)

    assert set(PersonalLetter.objects.values_list("thread", flat=True)) == {"<1@client.test>"}


def test_letters_written_elsewhere_come_from_the_sent_folder(box, imap, ann):
    imap.put(letter(7, "alice@halden.test", to="Ann <ann@client.test>"), folder="Sent")

    look(box)

    row = PersonalLetter.objects.get()
    assert (row.state, row.recipients) == ("sent", [["Ann", "ann@client.test"]])
    assert Event.objects.filter(kind="mail.sent", contact_id=ann.pk).count() == 1


def test_a_report_is_laid_to_the_letter_it_is_about_and_letters_of_the_program_are_left(box, imap, ann):
    ours = queue_mail(to="ann@client.test", subject="Hi", text="x", contact=ann)
    report = (
        "From: mailer-daemon@client.test\r\nTo: alice@halden.test\r\nMessage-ID: <r@client.test>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNo.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        "Final-Recipient: rfc822; ann@client.test\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {ours.message_id}\r\n\r\nx\r\n--b--\r\n"
    )
    imap.put(report.encode(), report.replace(ours.message_id, "<other@x.test>").replace("<r@", "<s@").encode())

    look(box)

    ours.refresh_from_db()
    assert (ours.state, ours.reason) == (Delivery.State.BOUNCED, "hard")
    assert [row[1:] for row in ledger()[:2]] == [(State.SKIPPED, Reason.REPORT), (State.SKIPPED, Reason.MACHINE)]
    assert not PersonalLetter.objects.exists()


def test_a_mailbox_is_only_read_and_never_marked(box, imap, ann):
    imap.put(letter(1))
    look(box)

    with imaplib.IMAP4("127.0.0.1", imap.port) as signed_in:
        signed_in.login(USER, PASSWORD)
        signed_in.select(FOLDER, readonly=True)
        flags = signed_in.fetch("1", "(FLAGS)")[1][0]
    assert rb"\Seen" not in flags


def test_disconnecting_keeps_the_letters_or_takes_them_with_their_files(box, imap, ann, alice):
    imap.put(letter(1))
    look(box)

    accounts.disconnect(box, keep=True)
    assert (PersonalLetter.objects.count(), SeenLetter.objects.count(), box.secret) == (1, 0, "")
    accounts.disconnect(box, keep=False)
    assert PersonalLetter.objects.count() == 0


def test_merged_people_keep_one_place_in_a_letter_to_both(box, imap, ann, alice):
    from contacts.services import merging

    double = people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="ann2@client.test")
    imap.put(letter(1, to="alice@halden.test, ann2@client.test"), letter(2, "ann2@client.test"))
    look(box)

    merge = merging.merge_contacts(ann, double, by=alice)
    assert [row.parties.get().contact_id for row in PersonalLetter.objects.all()] == [ann.pk, ann.pk]

    merging.undo_merge(merge, by=alice)
    assert [row.parties.count() for row in PersonalLetter.objects.order_by("message_id")] == [2, 1]


def test_the_night_finds_what_the_ledger_lacks_takes_it_in_and_tells(box, imap, ann, alice):
    imap.put(letter(1), letter(2), letter(3))
    look(box)
    SeenLetter.objects.filter(message_id="<2@client.test>").delete()
    PersonalLetter.objects.filter(message_id="<2@client.test>").delete()
    imap.expunge(FOLDER)
    assert comparing.due(timezone.now()) == [box.pk]

    assert comparing.compare(box.pk) == 1

    assert PersonalLetter.objects.filter(message_id="<2@client.test>").exists()
    folder = MailFolder.objects.get(path=FOLDER)
    assert (folder.on_server, folder.in_ledger, folder.missing) == (2, 2, 1)
    assert SeenLetter.objects.get(message_id="<1@client.test>").gone_at is not None
    assert "1 letter of “Support” was missing" in Notification.objects.get(user=alice).text
    assert comparing.due(timezone.now()) == []
    assert comparing.compare(box.pk) == 0
