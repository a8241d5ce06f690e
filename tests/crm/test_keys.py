"""A changed SECRET_KEY loses nothing while the earlier one is listed, and everything once it is not."""

import pytest
from cryptography.fernet import InvalidToken

from campaigns.models import Suppression
from crm import keys

NEW = "a-new-key-" * 6


@pytest.fixture
def rotate(settings):
    """Change the key; `forget` drops the earlier one."""

    def change(*, forget=False):
        settings.SECRET_KEY_FALLBACKS = [] if forget else [settings.SECRET_KEY]
        settings.SECRET_KEY = NEW

    return change


def test_a_mark_of_the_earlier_key_is_known(rotate):
    mark = keys.mark("ticket", 7)
    rotate()
    assert keys.is_mark(mark, "ticket", "7")
    assert keys.mark("ticket", 7) != mark
    assert not keys.is_mark(mark, "ticket", "8")
    assert not keys.is_mark(mark, "deal", "7")


def test_a_mark_of_a_forgotten_key_is_not(rotate):
    mark = keys.mark("ticket", 7)
    rotate(forget=True)
    assert not keys.is_mark(mark, "ticket", 7)


def test_who_asked_for_no_more_letters_is_still_known_after_the_change(rotate):
    digest = Suppression.digest_of("Ann@Example.com")
    rotate()
    assert Suppression.digest_of("ann@example.com") == digest


def test_a_secret_opens_after_the_change_and_not_without_the_key(rotate):
    locked = keys.box("tickets.mailbox").encrypt(b"word")
    rotate()
    assert keys.box("tickets.mailbox").decrypt(locked) == b"word"
    with pytest.raises(InvalidToken):
        keys.box("other").decrypt(locked)
    rotate(forget=True)
    with pytest.raises(InvalidToken):
        keys.box("tickets.mailbox").decrypt(locked)
