"""Ann, a customer, and a personal mailbox on a real server, which all tests of it share: starting one takes longer than any."""

import pytest

from contacts.services import people
from tests import imap_server
from tests.contacts import mailboxes
from tests.imap_server import FOLDER


@pytest.fixture(scope="session")
def server():
    yield from imap_server.serve()


@pytest.fixture
def imap(server):
    server.clear(FOLDER, "Sent")
    return server


@pytest.fixture
def folder(settings, tmp_path):
    """Where the files of a test lie."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def ann(alice):
    return people.create_contact(
        by=alice, first_name="Ann", last_name="Lee", email="ann@client.test", company_name="Acme"
    )


@pytest.fixture
def box(imap, workspace, alice, settings, folder):
    return mailboxes.connect(alice, imap, settings)
