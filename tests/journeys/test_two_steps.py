"""The second step of sign-in in a real browser: code app, recovery code, passkey."""

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

from crm.models import User

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
PASSWORD = "seven-green-otters"


@pytest.fixture
def person(workspace):
    return User.objects.create_user("ann@example.com", PASSWORD, name="Ann")


def enter(page, person):
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def confirm(page):
    """The account asks once more before its locks are changed."""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def leave(page):
    page.goto("/accounts/sessions/")
    page.get_by_role("button", name="Sign out here").click()
    page.wait_for_url("**/accounts/login/**")


def code_now(secret):
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_a_code_app_and_recovery_codes_guard_the_account(page, live_server, watch, person):
    enter(page, person)
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Set up").click()
    confirm(page)
    secret = page.locator("#authenticator_secret").input_value()
    page.get_by_label("Authenticator code").fill(code_now(secret))
    page.get_by_role("button", name="Activate").click()
    page.wait_for_url("**/recovery-codes/**")
    codes = page.locator("textarea").input_value().split()
    assert len(codes) == 10
    leave(page)

    enter(page, person)
    page.wait_for_url("**/2fa/authenticate/**")
    assert page.goto("/jobs/").url.endswith("/accounts/2fa/authenticate/")
    page.locator("input[name=code]").fill("000000")
    page.get_by_role("button", name="Sign In").click()
    page.locator(".invalid-feedback").wait_for()
    page.locator("input[name=code]").fill(codes[0])
    page.get_by_role("button", name="Sign In").click()

    page.wait_for_url(f"{live_server.url}/")
    watch.assert_clean()


def test_a_passkey_signs_in_without_a_password(page, live_server, watch, person):
    chrome = page.context.new_cdp_session(page)
    chrome.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    chrome.send("WebAuthn.addVirtualAuthenticator", {"options": key})
    enter(page, person)
    page.wait_for_url(f"{live_server.url}/")

    page.goto("/accounts/2fa/webauthn/add/")
    confirm(page)
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/recovery-codes/**")
    leave(page)
    page.get_by_role("button", name="Sign in with a passkey").click()

    page.wait_for_url(f"{live_server.url}/")
    watch.assert_clean()
