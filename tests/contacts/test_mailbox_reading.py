"""Letters of a personal mailbox, read from a real IMAP server: what is stored, what is not, and that nothing is twice."""

import imaplib
import os
import signal
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from contacts.models import MailFolder, PersonalLetter, PersonalMailbox, SeenLetter
from contacts.services import people
from contacts.services.mailbox import accounts, comparing, reading, retaking
from crm import outbox
from crm.mail import queue_mail
from crm.mail.incoming import parse as parsing
from crm.models import Delivery, Event, Notification
from tests.contacts.mailboxes import letter
from tests.imap_server import FOLDER, PASSWORD, USER, Dropping

pytestmark = pytest.mark.django_db
State, Reason = SeenLetter.State, SeenLetter.Reason


def ledger():
    return list(SeenLetter.objects.order_by("folder", "uid").values_list("message_id", "state", "reason"))


def look(mailbox):
    seen = reading.look(mailbox.pk)
    mailbox.refresh_from_db()
    assert mailbox.last_error == ""
    return seen


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


REFUSAL = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the database says no'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON contacts_personalletter FOR EACH ROW WHEN (NEW.subject = 'Case 2')
EXECUTE FUNCTION refuse();
"""


def test_d20_a_letter_that_breaks_us_is_noted_holds_up_no_other_and_can_be_taken_again(box, imap, ann, alice):
    with connection.cursor() as cursor:
        cursor.execute(REFUSAL)
    imap.put(letter(1), letter(2), letter(3), b"\xff\xfe\x00 no letter at all")

    look(box)

    assert [row[1:] for row in ledger()[:4]] == [
        (State.STORED, ""),
        (State.FAILED, Reason.BROKEN),
        (State.STORED, ""),
        (State.SKIPPED, Reason.UNKNOWN),
    ]
    failed = SeenLetter.objects.get(state=State.FAILED)
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER refuse ON contacts_personalletter")
    assert retaking.retake(alice, [failed.pk]) == 0
    look(box)
    failed.refresh_from_db()
    assert (failed.state, failed.letter.subject, failed.attempts) == (State.STORED, "Case 2", 2)


def test_d20_a_turn_that_dies_in_the_middle_is_continued_where_it_stood(box, imap, ann, settings, tmp_path):
    part = (
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
    )  # fmt: skip
    body = '--b\r\nContent-Type: text/plain\r\n\r\nHi\r\n--b\r\nContent-Disposition: attachment; filename="a.txt"\r\n\r\nfile\r\n--b--'
    imap.put(letter(1), letter(2, head=part, body=body), letter(3))
    (tmp_path / "file").write_text("in the way")
    settings.MEDIA_ROOT = tmp_path / "file"

    assert reading.look(box.pk) == 0
    box.refresh_from_db()
    assert (box.lease_until, box.failures, bool(box.last_error)) == (None, 1, True)
    assert PersonalLetter.objects.count() == 1

    settings.MEDIA_ROOT = tmp_path
    look(box)
    assert sorted(PersonalLetter.objects.values_list("subject", flat=True)) == ["Case 1", "Case 2", "Case 3"]
    assert Event.objects.filter(kind="mail.received").count() == 3


def test_d20_a_wire_that_breaks_while_letters_flow_loses_none_and_doubles_none(box, imap, ann, settings):
    wire = Dropping(imap.port)
    settings.OUTSIDE_ALLOW.append(f"127.0.0.1:{wire.port}")
    PersonalMailbox.objects.filter(pk=box.pk).update(imap_port=wire.port)
    imap.put(*(letter(n, body="x" * 3000) for n in range(1, 6)))

    stored = []
    for wire.limit in (
        900,
        5000,
        9000,
        None,
    ):  # in the sign-in or the heads, in the first letters, in later ones, never
        reading.look(box.pk)
        stored.append(PersonalLetter.objects.count())
        PersonalMailbox.objects.filter(pk=box.pk).update(failures=0)

    wire.close()
    assert stored[0] == 0
    assert 0 < stored[2] < 5
    assert stored[3] == Event.objects.filter(kind="mail.received").count() == 5
    assert [row[1] for row in ledger()[:5]] == [State.STORED] * 5


def test_a_turn_whose_time_is_over_ends_and_the_next_goes_on(box, imap, ann, settings):
    def rings(piece):
        """The third letter is asked for: its answer never comes, the end of the time does."""
        asked.extend([piece] if b"BODY.PEEK[]" in piece else [])
        if len(asked) == 3 and asked[-1] is piece:
            os.kill(os.getpid(), signal.SIGUSR1)
            return True
        return False

    asked, wire = [], Dropping(imap.port, rings)
    settings.OUTSIDE_ALLOW.append(f"127.0.0.1:{wire.port}")
    PersonalMailbox.objects.filter(pk=box.pk).update(imap_port=wire.port)
    imap.put(*(letter(n) for n in range(1, 6)))
    before = signal.signal(signal.SIGUSR1, _time_is_over)
    try:
        assert reading.look(box.pk) == 0
    finally:
        signal.signal(signal.SIGUSR1, before)

    box.refresh_from_db()
    assert (box.failures, box.last_error, box.lease_until, box.state) == (0, "", None, "active")
    assert reading.due(timezone.now()) == [box.pk]
    assert [row[1] for row in ledger()] == [State.STORED, State.STORED]

    look(box)
    wire.close()
    assert [row[1] for row in ledger()[:5]] == [State.STORED] * 5
    assert PersonalLetter.objects.count() == 5


def _time_is_over(*_signal):
    """As Celery's worker does it."""
    raise SoftTimeLimitExceeded


def test_d20_of_a_letter_too_large_the_beginning_is_kept_and_the_next_ones_come(box, imap, ann, monkeypatch):
    for module in (parsing, reading):
        monkeypatch.setattr(module, "LARGEST", 2000)
    imap.put(letter(1, body="Hello.\r\n" + "x" * 5000), letter(2))

    look(box)

    large, small = PersonalLetter.objects.order_by("message_id")
    assert large.text.startswith("Hello.")
    assert "too large" in large.missing
    assert (small.text, small.missing) == ("Hello.", "")
    assert SeenLetter.objects.get(letter=large).size > 5000


def test_one_worker_at_a_time_reads_a_mailbox_and_a_paused_one_rests(box):
    PersonalMailbox.objects.filter(pk=box.pk).update(lease_until=timezone.now() + reading.LEASE)
    assert reading.look(box.pk) is None
    assert reading.due(timezone.now()) == []

    PersonalMailbox.objects.filter(pk=box.pk).update(lease_until=None)
    assert reading.due(timezone.now()) == [box.pk]
    accounts.pause(box)
    assert (reading.look(box.pk), reading.due(timezone.now())) == (None, [])


def test_a_refused_password_is_tried_three_times_told_once_and_never_shown(box, alice):
    box.password = "wrong-word"
    box.save()

    for _n in range(4):
        reading.look(box.pk)

    box.refresh_from_db()
    assert (box.state, box.failures) == (PersonalMailbox.State.REFUSED, 3)
    assert "wrong-word" not in box.last_error
    assert Notification.objects.filter(user=alice, kind="mailbox.trouble").count() == 1
    assert b"wrong-word" not in box.secret.encode()


def test_a_password_that_cannot_travel_is_refused_like_a_wrong_one(box):
    box.password = "пароль"
    box.save()

    for _n in range(3):
        reading.look(box.pk)

    box.refresh_from_db()
    assert (box.state, "Latin letters" in box.last_error) == (PersonalMailbox.State.REFUSED, True)


def test_a_nul_in_a_head_holds_up_no_letter(box, ann):
    raw = letter(1, sender="a\x00nn@client.test").replace(b"<1@", b"<\x001@")

    read = parsing.parse(raw)

    assert "\x00" not in read.message_id + read.sender + "".join(address for _name, address in read.recipients)


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


def test_a_contact_made_from_the_ledger_brings_the_letters_in(box, imap, alice, client):
    imap.put(letter(1, "new@client.test"), letter(2, "other@client.test"))
    look(box)
    client.force_login(alice)
    page = client.get("/contacts/mailbox/ledger/?view=unknown").content.decode()
    assert "email=new%40client.test&amp;first_name=Ann&amp;last_name=Lee" in page

    known = people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="new@client.test")
    outbox.run_due()
    assert [row[1:] for row in ledger()[:2]] == [(State.AGAIN, Reason.UNKNOWN), (State.SKIPPED, Reason.UNKNOWN)]
    assert reading.due(timezone.now()) == [box.pk]
    look(box)

    assert [row[1:] for row in ledger()[:2]] == [(State.STORED, ""), (State.SKIPPED, Reason.UNKNOWN)]
    assert Event.objects.filter(kind="mail.received", contact_id=known.pk).count() == 1


def test_looking_again_waits_for_no_server_and_outlives_one_that_is_away(box, imap, ann, alice, client):
    imap.put(letter(1, "new@client.test"), letter(2, "new@client.test"))
    look(box)
    people.create_contact(by=None, first_name="New", email="new@client.test", owner=alice)
    PersonalMailbox.objects.filter(pk=box.pk).update(imap_port=1, next_at=timezone.now() + timedelta(hours=1))
    client.force_login(alice)

    rows = list(SeenLetter.objects.filter(reason=Reason.UNKNOWN).values_list("pk", flat=True))
    client.post(reverse("list_bulk", args=["mail_ledger", "retake"]), {"pick": rows, "go": "1"})

    assert [row[1] for row in ledger()[:2]] == [State.AGAIN] * 2
    assert "to be looked at again" in client.get(reverse("contacts:ledger")).content.decode()
    assert reading.due(timezone.now()) == [box.pk]
    assert reading.look(box.pk) == 0
    assert [row[1] for row in ledger()[:2]] == [State.AGAIN] * 2
    PersonalMailbox.objects.filter(pk=box.pk).update(imap_port=imap.port)
    MailFolder.objects.filter(path=FOLDER).update(is_chosen=False)
    look(box)
    assert [row[1] for row in ledger()[:2]] == [State.STORED] * 2
    assert SeenLetter.objects.filter(letter__isnull=False, attempts=2).count() == 2


def test_a_skipped_letter_that_was_deleted_since_is_gone_and_has_not_failed(box, imap, ann, alice):
    imap.put(letter(1, "new@client.test"), letter(2, "new@client.test"), letter(3, "new@client.test"))
    look(box)
    imap.expunge(FOLDER)
    rows = SeenLetter.objects.filter(reason=Reason.UNKNOWN)

    assert retaking.retake(alice, list(rows.values_list("pk", flat=True))) == 0
    look(box)

    assert [row[1:] for row in ledger()[:3]] == [(State.GONE, Reason.UNKNOWN), *[(State.SKIPPED, Reason.UNKNOWN)] * 2]
    gone = rows.get(state=State.GONE)
    assert gone.gone_at is not None
    assert retaking.retake(alice, [gone.pk]) == 1
    accounts.pause(box)
    assert retaking.retake(alice, list(rows.values_list("pk", flat=True))) == 3
    assert not SeenLetter.objects.filter(state=State.AGAIN).exists()


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
