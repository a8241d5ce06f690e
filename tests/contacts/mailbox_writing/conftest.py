"""A mailbox whose letters go by a real SMTP server of its own."""

import pytest

from tests.contacts import mailboxes
from tests.imap_server import PASSWORD, USER
from tests.smtp_sink import Sink


@pytest.fixture
def own():
    """The user's own SMTP server, which wants a sign-in."""
    with Sink(auth=(USER, PASSWORD)) as sink:
        yield sink


@pytest.fixture
def box(imap, own, workspace, alice, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return mailboxes.connect(alice, imap, settings, smtp_port=own.port)
