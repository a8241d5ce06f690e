"""Signing in and guarding an account, in Russian: no English is left on any page or in any letter."""

import re
from html import unescape

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

# Names, addresses, keys and what a person calls a thing.
ALLOWED = {
    "Rapport", "Halden", "Instruments", "Alice", "English", "Ctrl", "Esc", "Enter", "Alt", "Shift", "Tab", "QR", "TOTP",
    "Face", "ID", "Google", "Authenticator", "Notebook", "K", "J", "G", "D", "S", "Z", "C", "IP", "USB", "NFC", "CSV", "JavaScript", "testserver",
}  # fmt: skip
SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _unlimited():
    """The tries of one test are not held against the next one."""
    cache.clear()


@pytest.fixture
def anna(workspace, alice):
    alice.language = "ru"
    alice.set_password("correct-horse-battery")
    alice.save()
    return alice


@pytest.fixture
def guest():
    return Client(headers={"Accept-Language": "ru"})


@pytest.fixture
def signed_in(guest, anna):
    """Signed in a moment ago, so that nothing asks once more."""
    guest.post(reverse("account_login"), {"login": anna.email, "password": "correct-horse-battery"})
    return guest


@pytest.fixture
def codes(anna):
    """An app with codes, and recovery codes."""
    TOTP.activate(anna, SECRET)
    RecoveryCodes.activate(anna)


@pytest.fixture
def passkey(anna):
    data = {"name": "Notebook", "passwordless": True, "credential": {}}
    return Authenticator.objects.create(user=anna, type="webauthn", data=data, created_at=timezone.now())


def english(answer):
    """Words in Latin letters that a reader of the page sees or hears and that are no names."""
    html = answer.content.decode()
    main = re.sub(r"(?s)<(script|style|svg|kbd|code|template)\b.*?</\1>", " ", html)
    spoken = " ".join(re.findall(r'(?:aria-label|placeholder|title|alt)="([^"]*)"', main))
    text = unescape(re.sub(r"(?s)<[^>]+>", " ", main)) + " " + unescape(spoken)
    text = re.sub(r"\S+@\S+|https?://\S+|\b[A-Z2-7]{16,}\b|\b[0-9a-f]{6,}\b", " ", text)
    return sorted(set(re.findall(r"[A-Za-z]{2,}", text)) - ALLOWED)


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_reset_password",
        "account_reset_password_done",
        "account_inactive",
        "account_signup",
        "account_reset_password_from_key_done",
    ],
)
def test_pages_before_the_sign_in(guest, workspace, name):
    assert english(guest.get(reverse(name))) == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("account_login", {"login": "nobody@example.com", "password": "wrong"}),
        ("account_login", {}),
        ("account_reset_password", {"email": "no address"}),
    ],
)
def test_refusals_before_the_sign_in(guest, workspace, name, data):
    assert english(guest.post(reverse(name), data)) == []


def test_a_forgotten_password_from_the_letter_to_the_new_one(guest, anna, mailoutbox):
    assert english(guest.post(reverse("account_reset_password"), {"email": anna.email}, follow=True)) == []
    letter = mailoutbox[0]
    assert _english_text(letter.subject) == []
    assert _english_text(letter.body) == []
    path = re.search(r"https?://[^/]+(/\S+)", letter.body)[1]

    page = guest.get(path, follow=True)
    assert english(page) == []
    where = page.redirect_chain[-1][0]
    assert english(guest.post(where, {"password1": "123", "password2": "456"})) == []
    assert (
        english(
            guest.post(where, {"password1": "longer-than-before-9", "password2": "longer-than-before-9"}, follow=True)
        )
        == []
    )
    assert english(guest.get(path, follow=True)) == []


def test_an_address_that_nobody_has_gets_a_letter_in_russian(guest, workspace, mailoutbox):
    guest.post(reverse("account_reset_password"), {"email": "nobody@example.com"})

    assert [_english_text(f"{letter.subject} {letter.body}") for letter in mailoutbox] in ([], [[]])


@pytest.mark.parametrize(
    "name",
    [
        "account_change_password",
        "account_logout",
        "account_reauthenticate",
        "usersessions_list",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_list_webauthn",
    ],
)
def test_pages_of_the_account(signed_in, name):
    assert english(signed_in.get(reverse(name), follow=True)) == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("account_change_password", {"oldpassword": "wrong", "password1": "a", "password2": "b"}),
        ("mfa_activate_totp", {"code": "000000"}),
        ("account_reauthenticate", {"password": "wrong"}),
    ],
)
def test_refusals_in_the_account(signed_in, name, data):
    signed_in.get(reverse(name))
    assert english(signed_in.post(reverse(name), data, follow=True)) == []


@pytest.mark.parametrize(
    "name",
    [
        "mfa_index",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_deactivate_totp",
        "mfa_list_webauthn",
        "mfa_reauthenticate",
    ],
)
def test_pages_of_the_second_step(signed_in, codes, passkey, name):
    assert english(signed_in.get(reverse(name), follow=True)) == []


@pytest.mark.parametrize("name", ["mfa_edit_webauthn", "mfa_remove_webauthn"])
def test_pages_of_a_passkey(signed_in, passkey, name):
    assert english(signed_in.get(reverse(name, args=[passkey.pk]), follow=True)) == []


def test_the_second_step_of_the_sign_in(guest, anna, codes):
    data = {"login": anna.email, "password": "correct-horse-battery"}
    page = guest.post(reverse("account_login"), data, follow=True)

    assert page.redirect_chain[-1][0] == reverse("mfa_authenticate")
    assert english(page) == []
    assert english(guest.post(reverse("mfa_authenticate"), {"code": "000000"})) == []


def test_letters_about_the_account(signed_in, anna, codes, mailoutbox):
    signed_in.post(reverse("mfa_generate_recovery_codes"))
    signed_in.post(reverse("mfa_deactivate_totp"))
    change = {
        "oldpassword": "correct-horse-battery",
        "password1": "longer-than-before-9",
        "password2": "longer-than-before-9",
    }
    signed_in.post(reverse("account_change_password"), change)

    assert [_english_text(f"{letter.subject}\n{letter.body}") for letter in mailoutbox] == [[]] * len(mailoutbox)


def test_sign_out_everywhere_ends_every_other_session(signed_in, anna):
    other = Client()
    other.post(reverse("account_login"), {"login": anna.email, "password": "correct-horse-battery"})
    other.get("/")
    assert other.get("/").status_code == 200

    page = signed_in.post(reverse("usersessions_list"), follow=True)

    assert english(page) == []
    assert signed_in.get("/").status_code == 200
    assert other.get("/").status_code == 302


def test_a_session_is_noted_once_a_minute_and_at_once_from_another_place(signed_in, anna):
    signed_in.get("/")
    UserSession.objects.update(ip="10.0.0.1")
    signed_in.get("/")
    assert UserSession.objects.get().ip == "10.0.0.1"

    signed_in.get("/", headers={"User-Agent": "Another"})

    assert (UserSession.objects.get().ip, UserSession.objects.get().user_agent) == ("127.0.0.1", "Another")


def _english_text(text):
    text = re.sub(r"\S+@\S+|https?://\S+|\S+\.(test|example)\S*", " ", text)
    return sorted(set(re.findall(r"[A-Za-z]{2,}", text)) - ALLOWED)
