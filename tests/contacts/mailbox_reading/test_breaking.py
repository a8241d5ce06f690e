"""What breaks while letters are read, and what is looked at again."""

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
from contacts.services.mailbox import accounts, reading, retaking
from crm import outbox
from crm.mail.incoming import parse as parsing
from crm.models import Event, Notification
from tests.contacts.mailbox_reading.looking import Reason, State, ledger, look
from tests.contacts.mailboxes import letter
from tests.imap_server import FOLDER, Dropping

pytestmark = pytest.mark.django_db


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
