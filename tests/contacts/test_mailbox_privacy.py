"""Who may know of a personal letter and who may read it, whichever way it is asked for."""

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import PersonalLetter, PersonalMailbox
from contacts.services import people
from contacts.services.mailbox import keeping
from crm import access, timeline
from crm.mail import queue_mail
from crm.mail.incoming.parse import parse
from crm.models import StoredFile
from crm.timeline import Wish
from tests import factories

pytestmark = pytest.mark.django_db
Shown = PersonalMailbox.Shown
RAW = (
    b"From: Ann Lee <ann@client.test>\r\nTo: alice@halden.test\r\nSubject: Wage of the director\r\n"
    b"Message-ID: <1@client.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/html\r\n\r\n<p>Salary: <b>900</b></p><script>x</script>\r\n"
    b'--b\r\nContent-Type: text/plain; name="wage.txt"\r\nContent-Disposition: attachment; filename="wage.txt"\r\n\r\n900\r\n--b--'
)


@pytest.fixture
def ann(workspace, alice, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return people.create_contact(
        by=alice, first_name="Ann", last_name="Lee", email="ann@client.test", company_name="Acme"
    )


@pytest.fixture
def letter(ann, alice):
    mailbox = PersonalMailbox.objects.create(user=alice, address="alice@halden.test", imap_host="x", smtp_host="x")
    return keeping.store(parse(RAW), mailbox, [ann], is_out=False)


@pytest.fixture
def boss(db):
    everything = {kind.name: {act: access.ALL for act, _label in access.ACTS} for kind in access.kinds()}
    return factories.user("Boss", roles=[factories.role("boss", everything)])


def rule(letter, shown):
    PersonalMailbox.objects.filter(pk=letter.mailbox_id).update(shown=shown)


def entries(record, user, **wish):
    found, _more = timeline.page(record, user, Wish(**wish))
    return [entry for entry in found if entry.icon == "mail"]


def sentences(record, user, **wish):
    return [str(entry.sentence) for entry in entries(record, user, **wish)]


ROUTES = ["contacts:letter", "contacts:letter_body", "contacts:letter_share", "contacts:letter_pictures"]


def statuses(client, user, letter):
    """What each route of the letter, and its file, answers."""
    client.force_login(user)
    file = StoredFile.objects.get(target_id=letter.pk)
    pages = [client.get(reverse(name, args=[letter.pk])).status_code for name in ROUTES[:2]]
    posts = [client.post(reverse(name, args=[letter.pk]), {"shared": "1"}).status_code for name in ROUTES[2:]]
    return [*pages, client.get(file.get_absolute_url()).status_code, *posts]


def test_by_default_others_learn_that_a_letter_was_exchanged_and_nothing_of_it(letter, ann, alice, bob, client):
    assert letter.mailbox.shown == Shown.TRACE

    assert sentences(ann, bob) == ["<b>Alice</b> got a letter"]
    assert sentences(ann.company, bob) == ["<b>Alice</b> got a letter"]
    [own] = entries(ann, alice)
    assert "Wage of the director" in own.sentence
    assert (own.card.said, own.card.files[0].name) == ("Salary: 900", "wage.txt")
    assert statuses(client, bob, letter) == [404] * 5
    page = client.get(ann.get_absolute_url()).content.decode()
    assert "got a letter" in page
    assert "Wage" not in page
    assert "900" not in page


@pytest.mark.parametrize("reader", ["bob", "boss", "admin"])
def test_no_right_on_records_opens_anybodys_mail(letter, ann, reader, request, client):
    user = request.getfixturevalue(reader)

    assert sentences(ann, user) == ["<b>Alice</b> got a letter"]
    assert statuses(client, user, letter) == [404] * 5
    assert sentences(ann, user, find="Wage") == sentences(ann, user, find="Salary") == []
    letter.refresh_from_db()
    assert letter.is_shared is None


def test_where_the_rule_says_nothing_the_letter_does_not_exist_for_others(letter, ann, alice, bob, client):
    rule(letter, Shown.NOTHING)
    event = timeline.stream_of(ann, alice).filter(kind="mail.received").get()

    assert entries(ann, bob) == entries(ann.company, bob) == []
    assert timeline.entry(ann, bob, event.id) is None
    client.force_login(bob)
    for name in ("event_pin", "event_react"):
        url = reverse(name, args=["contact", ann.pk, event.id])
        assert client.post(url, {"sign": "thumb"}).status_code == 404
    assert len(entries(ann, alice)) == 1


def test_the_date_of_a_hidden_letter_moves_no_card(ann, alice):
    mailbox = PersonalMailbox.objects.create(
        user=alice, address="a@halden.test", imap_host="x", smtp_host="x", shown=Shown.NOTHING
    )
    keeping.store(parse(RAW), mailbox, [ann], is_out=False)

    ann.refresh_from_db()
    assert ann.last_touch_at is None


def test_an_open_mailbox_is_read_by_those_who_see_the_person_and_by_nobody_else(letter, ann, bob, mallory, client):
    rule(letter, Shown.ALL)

    assert "Wage of the director" in sentences(ann, bob)[0]
    assert len(sentences(ann, bob, find="Salary")) == 1
    assert statuses(client, bob, letter) == [200, 200, 200, 403, 403]
    assert statuses(client, mallory, letter) == [404] * 5


def test_one_letter_of_an_open_mailbox_can_be_closed_and_one_of_a_closed_one_opened(letter, ann, alice, bob, client):
    url = reverse("contacts:letter_share", args=[letter.pk])
    client.force_login(alice)

    client.post(url, {"shared": "1"})
    assert statuses(client, bob, letter)[:3] == [200, 200, 200]

    rule(letter, Shown.ALL)
    client.force_login(alice)
    client.post(url, {"shared": "0"})
    assert statuses(client, bob, letter)[:3] == [404, 404, 404]
    assert sentences(ann, bob) == ["<b>Alice</b> got a letter"]


def test_a_conversation_is_shared_as_one_and_others_stay(letter, ann, alice, bob, client):
    reply = RAW.replace(b"<1@", b"<2@").replace(b"Subject: ", b"References: <1@client.test>\r\nSubject: Re: ")
    other = RAW.replace(b"<1@", b"<3@")
    for raw in (reply, other):
        keeping.store(parse(raw), letter.mailbox, [ann], is_out=False)
    client.force_login(alice)

    client.post(reverse("contacts:letter_share", args=[letter.pk]), {"shared": "1", "thread": "1"})

    shared = PersonalLetter.objects.visible_to(bob).order_by("message_id").values_list("message_id", flat=True)
    assert list(shared) == ["<1@client.test>", "<2@client.test>"]
    client.force_login(bob)
    page = client.get(reverse("contacts:letter", args=[letter.pk])).content.decode()
    assert page.count("letter-one") == 2


def test_a_shared_letter_names_only_people_the_reader_sees(letter, ann, bob, mallory, client):
    hidden = people.create_contact(by=mallory, first_name="Zoe", last_name="Hidden", email="zoe@client.test")
    keeping.add_parties(letter, [hidden])
    rule(letter, Shown.ALL)
    client.force_login(bob)

    page = client.get(reverse("contacts:letter", args=[letter.pk])).content.decode()

    assert "Ann Lee" in page
    assert "Zoe" not in page


def test_a_strangers_html_is_harmless_and_stands_alone_in_its_frame(letter, alice, client):
    client.force_login(alice)

    answer = client.get(reverse("contacts:letter_body", args=[letter.pk]))

    assert b"<script" not in answer.content
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_nobody_else_sees_the_ledger(letter, alice, bob, admin, client):
    from contacts.models import MailFolder, SeenLetter

    folder = MailFolder.objects.create(mailbox=letter.mailbox, path="INBOX", name="INBOX")
    SeenLetter.objects.create(
        folder=folder, uid=1, uid_validity=1, state="stored", subject="Wage", letter=letter, sent_at=timezone.now()
    )
    for user, seen in ((alice, True), (bob, False), (admin, False)):
        client.force_login(user)
        assert (b"Wage" in client.get(reverse("contacts:ledger")).content) == seen


def test_a_page_with_many_letters_asks_as_often_as_one_with_one(
    letter, ann, alice, client, django_assert_max_num_queries
):
    for n in range(2, 25):
        keeping.store(parse(RAW.replace(b"<1@", b"<%d@" % n)), letter.mailbox, [ann], is_out=False)
    client.force_login(alice)
    client.get(ann.get_absolute_url())

    with django_assert_max_num_queries(45):
        assert client.get(ann.get_absolute_url()).content.count(b'class="letter-x"') == 24


def test_the_administration_names_no_file_and_no_recipient_of_private_letters(letter, admin, client):
    queue_mail(to="ann@client.test", subject="", text="", account=f"mailbox:{letter.mailbox_id}")
    client.force_login(admin)

    for path, words in (("storedfile", b"wage.txt"), ("delivery", b"ann@client.test")):
        page = client.get(f"/admin/crm/{path}/")
        assert page.status_code == 200
        assert words not in page.content
