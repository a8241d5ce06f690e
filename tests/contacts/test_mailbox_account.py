"""Connecting a mailbox: the form, a test that is no port scanner, OAuth2, what the page says."""

import contextlib
import imaplib
import json
import re
import socket
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import PersonalMailbox
from contacts.services import people
from contacts.services.mailbox import accounts, oauth
from crm.mail import imap as imap_client
from crm.mail import servers
from crm.mail.imap import readable
from crm.models import Notification
from tests.imap_server import PASSWORD, USER
from tests.smtp_sink import Sink
from tickets.models import Mailbox

pytestmark = pytest.mark.django_db
PAGE, FORM = reverse("contacts:mailbox"), reverse("contacts:mailbox_edit")
ACCOUNT = {"address": "alice@gmail.com", "password": "secret-word", "first_days": 30}


@pytest.fixture
def user(workspace, alice, client):
    client.force_login(alice)
    return alice


def mailbox_of(user):
    return PersonalMailbox.objects.get(user=user)


def tried(mailbox):
    accounts.ask_test(mailbox)
    accounts.test({"mailbox": mailbox.pk, "at": mailbox.tested["asked_at"]})
    mailbox.refresh_from_db()
    return mailbox


def test_an_address_and_a_password_are_enough(user, client):
    assert "Connect a mailbox" in client.get(PAGE).content.decode()

    assert client.post(FORM, ACCOUNT).status_code == 302

    row = mailbox_of(user)
    assert (row.imap_host, row.imap_port, row.smtp_host, row.smtp_port) == (
        "imap.gmail.com",
        993,
        "smtp.gmail.com",
        465,
    )
    assert (row.password, row.shown, row.tracks) == ("secret-word", "trace", False)
    assert "secret-word" not in row.secret
    page = client.get(FORM).content.decode() + client.get(PAGE).content.decode()
    assert "secret-word" not in page
    assert client.post(FORM, ACCOUNT | {"password": ""}).status_code == 302
    assert mailbox_of(user).password == "secret-word"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": ""}, "Write the password"),
        ({"address": "alice"}, "valid email"),
        ({"imap_host": "10.0.0.1", "imap_security": "none"}, "Without encryption"),
        ({"imap_host": "a\r\nb"}, "line end"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(user, client, change, said):
    answer = client.post(FORM, ACCOUNT | change)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not PersonalMailbox.objects.exists()


def test_nobody_connects_the_address_of_a_customer_a_colleague_or_the_desk(user, client, bob, provider):
    people.create_contact(by=bob, first_name="Ann", email="Ann@Client.test")
    Mailbox.objects.create(name="Support", address="support@halden.test")
    PersonalMailbox.objects.create(user=bob, address="b@gmail.com", imap_host="x", smtp_host="x")
    sign_in = reverse("contacts:mailbox_sign_in", args=["google"])

    for address in ("ann@client.TEST", "support@halden.test", bob.email, "B@gmail.com"):
        refused = client.post(FORM, ACCOUNT | {"address": address})
        assert (refused.status_code, "Write your own address" in refused.content.decode()) == (422, True)
        assert client.post(sign_in, {"address": address})["Location"] == PAGE
    assert not PersonalMailbox.objects.filter(user=user).exists()

    # One's own address stays, though a colleague keeps it with a record, too.
    people.create_contact(by=bob, first_name="Alice", email=user.email)
    assert client.post(FORM, ACCOUNT | {"address": user.email}).status_code == 302


@pytest.mark.parametrize("change", [{"imap_host": "imap.mallory.test"}, {"smtp_host": "smtp.mallory.test"}, {"address": "alice@mallory.test"}])  # fmt: skip
def test_the_password_that_is_kept_goes_to_no_other_server(user, client, change):
    client.post(FORM, ACCOUNT)

    refused = client.post(FORM, ACCOUNT | {"password": ""} | change)

    assert (refused.status_code, "once more" in refused.content.decode()) == (422, True)
    assert (mailbox_of(user).imap_host, mailbox_of(user).smtp_host) == ("imap.gmail.com", "smtp.gmail.com")
    assert client.post(FORM, ACCOUNT | change).status_code == 302


def test_rules_are_addresses_and_domains(user, client):
    client.post(FORM, ACCOUNT)
    url = reverse("contacts:mailbox_rules")

    assert client.post(url, {"shown": "nothing", "excluded": "Bank.example\n@shop.test, ann@x.test"}).status_code == 302
    row = mailbox_of(user)
    assert (row.shown, row.excluded) == ("nothing", ["bank.example", "shop.test", "ann@x.test"])
    refused = client.post(url, {"shown": "all", "excluded": "not a domain!"})
    assert refused.status_code == 422
    assert mailbox_of(user).shown == "nothing"


def test_a_good_account_is_told_at_once_and_a_wrong_password_too(user, imap, settings):
    with Sink(auth=(USER, PASSWORD)) as sink:
        settings.OUTSIDE_ALLOW = [f"127.0.0.1:{imap.port}", f"127.0.0.1:{sink.port}"]
        row = PersonalMailbox(user=user, address="a@halden.test", imap_host="127.0.0.1", imap_port=imap.port)
        row.smtp_host, row.smtp_port, row.user_name = "127.0.0.1", sink.port, USER
        row.imap_security = row.smtp_security = "none"
        row.password = PASSWORD
        accounts.connect(row)

        assert accounts.test_outcome(tried(row), timezone.now()) == "ok"
        assert set(row.folders.filter(is_chosen=True).values_list("name", flat=True)) == {"INBOX", "Sent"}
        row.password = "wrong"
        row.save()
        assert accounts.test_outcome(tried(row), timezone.now()) == "sign-in"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.1.2.3", "2130706433", "0x7f.1", "::ffff:7f00:1", "no.such.invalid"],
)  # fmt: skip
def test_a26_every_server_that_may_not_be_asked_gets_the_same_word_at_the_same_time(user, host, monkeypatch):
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as canary:
        port = canary.getsockname()[1]
        # The listening canary stands on one of the ports of mail.
        monkeypatch.setattr(servers, "PORTS", servers.PORTS | {port})
        threading.Thread(target=lambda: asked.append(canary.accept()), daemon=True).start()
        row = PersonalMailbox(
            user=user, address="a@x.test", imap_host=host, imap_port=port, smtp_host=host, smtp_port=port
        )
        row.password = "x"
        accounts.connect(row)
        tried(row)

    at = datetime.fromisoformat(row.tested["asked_at"])
    assert (row.tested["imap"], row.tested["smtp"]) == ("closed", "closed")
    assert accounts.test_outcome(row, at + timedelta(seconds=11.9)) == ""
    assert accounts.test_outcome(row, at + timedelta(seconds=12)) == "both"
    assert asked == []


def test_a_server_that_drips_holds_no_worker(user, settings, monkeypatch):
    monkeypatch.setattr(accounts, "TEST_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings.OUTSIDE_ALLOW = [f"127.0.0.1:{port}"]
        dripping = [threading.Thread(target=_drip, args=[server], daemon=True) for _n in range(2)]
        for thread in dripping:
            thread.start()
        row = PersonalMailbox(user=user, address="a@x.test", imap_host="127.0.0.1", imap_port=port)
        row.smtp_host, row.smtp_port, row.imap_security, row.smtp_security = "127.0.0.1", port, "none", "none"
        row.password = "x"
        accounts.connect(row)

        tried(row)
        # They end because the wire does.
        for thread in dripping:
            thread.join()

    assert (row.tested["imap"], row.tested["smtp"]) == ("closed", "closed")


def _drip(server):
    """A greeting that never comes to its end, a letter at a time."""
    wire, _address = server.accept()
    pause = threading.Event()
    with wire, contextlib.suppress(OSError):
        wire.sendall(b"*")
        while not pause.wait(0.05):
            wire.sendall(b"2")


def test_the_page_shows_how_long_the_servers_are_asked_and_says_when_nobody_asks_them(user, client):
    client.post(FORM, ACCOUNT)
    row, url = mailbox_of(user), reverse("contacts:mailbox_tested")
    for seconds, said in ((5, 'value="5" max="12"'), (50, "waits for a free worker")):
        row.tested["asked_at"] = (timezone.now() - timedelta(seconds=seconds)).isoformat()
        row.save()
        page = client.get(url).content.decode()
        assert said in page
        assert "hx-get" in page


def test_the_page_asks_until_it_may_tell(user, client):
    client.post(FORM, ACCOUNT | {"imap_host": "127.0.0.1", "smtp_host": "127.0.0.1"})
    row = mailbox_of(user)
    accounts.test({"mailbox": row.pk, "at": row.tested["asked_at"]})
    url = reverse("contacts:mailbox_tested")
    assert "hx-get" in client.get(url).content.decode()

    row.refresh_from_db()
    row.tested["asked_at"] = (timezone.now() - timedelta(seconds=13)).isoformat()
    row.save()
    said = client.get(url).content.decode()
    assert "Neither server can be reached" in said
    assert "hx-get" not in said


def test_pausing_going_on_and_disconnecting(user, client):
    client.post(FORM, ACCOUNT)
    turn, off = reverse("contacts:mailbox_turn"), reverse("contacts:mailbox_off")

    client.post(turn, {"act": "pause"})
    assert mailbox_of(user).state == "paused"
    client.post(turn, {"act": "go"})
    assert mailbox_of(user).state == "active"
    assert client.post(off).status_code == 422
    assert mailbox_of(user).state == "active"
    client.post(off, {"letters": "keep"})
    assert (mailbox_of(user).state, mailbox_of(user).secret) == ("off", "")
    assert "Connect a mailbox" in client.get(PAGE).content.decode()


@pytest.mark.parametrize("act", [lambda row: accounts.disconnect(row, keep=True), accounts.pause, accounts.connect])
def test_a_refusal_that_comes_late_undoes_nothing_of_what_its_owner_did(user, act):
    row = PersonalMailbox.objects.create(user=user, address="a@x.test", imap_host="x", smtp_host="x", failures=2)
    asked = PersonalMailbox.objects.get(pk=row.pk)
    act(row)
    before = mailbox_of(user).state

    accounts.note_refusal(asked, Exception(), last=True)

    assert mailbox_of(user).state == before
    assert not Notification.objects.exists()


def test_a_server_that_announces_too_much_is_not_listened_to(settings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings.OUTSIDE_ALLOW = [f"127.0.0.1:{port}"]
        threading.Thread(target=_boast, args=[server], daemon=True).start()

        boastful = servers.Server("127.0.0.1", port, "none", "a", "b")
        with pytest.raises(imaplib.IMAP4.abort, match="announced"), imap_client.mailbox(boastful, timeout=10) as box:
            box.folders()


def _boast(server):
    wire, _address = server.accept()
    with wire, wire.makefile("rwb", buffering=0) as file:
        file.write(b"* OK IMAP4rev1\r\n")
        while line := file.readline():
            tag, word = line.split()[:2]
            if word.upper() == b"CAPABILITY":
                file.write(b"* CAPABILITY IMAP4rev1\r\n")
            if word.upper() == b"LIST":
                file.write(b'* LIST () "/" {999999999999999}\r\n')
                return
            file.write(tag + b" OK done\r\n")


@pytest.mark.parametrize(("path", "name"), [("&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-", "Отправленные"), ("A&-B", "A&B"), ("&x-", "&x-")])  # fmt: skip
def test_names_of_folders_are_readable(path, name):
    assert readable(path) == name


class Provider(BaseHTTPRequestHandler):
    """The token endpoint of a provider."""

    asked = []
    refuses = False

    def do_POST(self):
        fields = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.asked.append({name: values[0] for name, values in fields.items()})
        words = {"error": "invalid_grant"} if Provider.refuses else {"access_token": f"at-{len(self.asked)}", "refresh_token": "rt", "expires_in": 3600}  # fmt: skip
        self.send_response(400 if Provider.refuses else 200)
        self.end_headers()
        self.wfile.write(json.dumps(words).encode())

    def log_message(self, *_args):
        pass


@pytest.fixture
def provider(settings):
    Provider.asked, Provider.refuses = [], False
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"127.0.0.1:{server.server_port}"
    settings.OUTSIDE_ALLOW = [place]
    settings.MAIL_PROVIDERS = {
        "google": {
            "client_id": "me", "secret": "s", "scope": "mail", "authorize": "https://provider.test/auth",
            "token": f"http://{place}/token", "imap": ("imap.gmail.com", 993, "tls"), "smtp": ("smtp.gmail.com", 465, "tls"),
        }
    }  # fmt: skip
    yield Provider
    server.shutdown()


def test_signing_in_at_a_provider_brings_tokens_only_to_the_session_that_asked(user, client, provider):
    assert "Sign in with Google" in client.get(PAGE).content.decode()
    answer = client.post(reverse("contacts:mailbox_sign_in", args=["google"]), {"address": "alice@gmail.com"})
    query = parse_qs(urlsplit(answer["Location"]).query)
    assert (query["login_hint"], query["code_challenge_method"]) == (["alice@gmail.com"], ["S256"])
    back = reverse("contacts:mailbox_return")

    assert client.get(back, {"code": "c", "state": "é"}).status_code == 302
    assert (provider.asked, PersonalMailbox.objects.count()) == ([], 0)

    answer = client.post(reverse("contacts:mailbox_sign_in", args=["google"]), {"address": "alice@gmail.com"})
    client.get(back, {"code": "c", "state": parse_qs(urlsplit(answer["Location"]).query)["state"][0]})
    row = mailbox_of(user)
    assert (row.provider, row.address, row.imap_host, row.password) == (
        "google",
        "alice@gmail.com",
        "imap.gmail.com",
        "rt",
    )
    assert provider.asked[0]["grant_type"] == "authorization_code"
    assert re.fullmatch(r"[\w-]{60,}", provider.asked[0]["code_verifier"])
    assert client.post(reverse("contacts:mailbox_sign_in", args=["microsoft"])).status_code == 404


def test_a_providers_token_goes_to_its_own_servers_and_ends_with_the_connection(user, client, provider):
    row = PersonalMailbox(user=user, address="a@gmail.com", provider="google", imap_host="imap.gmail.com", smtp_host="smtp.gmail.com")  # fmt: skip
    row.password, row.access_token, row.access_until = "rt", "at-0", timezone.now() + timedelta(hours=1)
    row.save()

    client.post(
        FORM, {"address": "a@gmail.com", "first_days": 30, "imap_host": "imap.mallory.test", "smtp_host": "x.test"}
    )
    assert (mailbox_of(user).imap_host, mailbox_of(user).smtp_host) == ("imap.gmail.com", "smtp.gmail.com")

    accounts.disconnect(mailbox_of(user), keep=True)
    assert client.post(FORM, ACCOUNT).status_code == 302
    assert (mailbox_of(user).provider, mailbox_of(user).server("imap").password) == ("", "secret-word")


def test_a_token_is_kept_while_it_is_good_and_renewed_when_not(user, provider):
    row = PersonalMailbox(user=user, address="a@gmail.com", provider="google", imap_host="x", smtp_host="x")
    row.password, row.access_token, row.access_until = "rt", "at-0", timezone.now() + timedelta(hours=1)
    row.save()
    assert accounts.server_of(row, "imap").token == "at-0"
    assert accounts.server_of(row, "imap").password == ""

    PersonalMailbox.objects.update(access_until=timezone.now())
    assert oauth.token_of(row) == oauth.token_of(row) == "at-1"
    assert [asked["refresh_token"] for asked in provider.asked] == ["rt"]

    PersonalMailbox.objects.update(access_until=timezone.now())
    provider.refuses = True
    with pytest.raises(oauth.NoToken):
        oauth.token_of(row)


def test_of_two_workers_that_renew_at_once_neither_loses_the_mailbox(user, provider):
    row = PersonalMailbox(user=user, address="a@gmail.com", provider="google", imap_host="x", smtp_host="x")
    row.password = "rt-0"
    row.save()
    slow = PersonalMailbox.objects.get(pk=row.pk)

    assert oauth.token_of(row) == "at-1"
    # What the slow one gets is good for once, and overwrites nothing.
    assert oauth.renewed(PersonalMailbox.objects.get(pk=row.pk)) == "at-2"
    before = PersonalMailbox.objects.get(pk=row.pk)
    assert oauth.renewed(slow) == "at-3"
    assert PersonalMailbox.objects.get(pk=row.pk).secret == before.secret
    provider.refuses = True
    assert oauth.renewed(PersonalMailbox(pk=row.pk, provider="google", secret="of long ago")) == "at-2"


def test_the_token_is_said_once_and_a_refusal_ends_it():
    say = servers.bearer(servers.Server("h", 1, user="a@x.test", token="t"))

    assert (say(), say(b"{}")) == ("user=a@x.test\x01auth=Bearer t\x01\x01", "")
