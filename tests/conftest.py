"""The cast: Alice owns, Bob is her teammate, Carol reads, Mallory is outside."""

import pytest
from django.db import connection
from django.utils import translation
from hypothesis import HealthCheck, settings

from crm import access, kept
from crm.models import Workspace
from tests import factories, imap_server
from tests.smtp_sink import Sink

# How long an example takes says something of the machine, nothing of the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def _grants(**levels):
    """The same level for every registered kind."""
    return {kind.name: levels for kind in access.kinds()}


@pytest.fixture(autouse=True)
def _request_is_over():
    """An answer that a test does not read to its end leaves its request open, and what was kept in it to the next test."""
    yield
    kept.end()


@pytest.fixture
def workspace(db):
    return Workspace.objects.create(
        name="Halden Instruments", currency="EUR", country="DE", mail_from="crm@halden.test"
    )


@pytest.fixture
def sales(db):
    return factories.team("Sales")


@pytest.fixture
def alice(sales):
    """Owns what the tests make; may see, change, delete and export what is hers."""
    mine = factories.role("rep", _grants(view=access.OWN, edit=access.OWN, delete=access.OWN, export=access.OWN))
    return factories.user("Alice", team=sales, roles=[mine])


@pytest.fixture
def bob(sales):
    """In Alice's team; may work on everything of the team."""
    ours = factories.role(
        "teammate", _grants(view=access.TEAM, edit=access.TEAM, delete=access.TEAM, export=access.TEAM)
    )
    return factories.user("Bob", team=sales, roles=[ours])


@pytest.fixture
def carol(db):
    """Sees everything and changes nothing."""
    reader = factories.role("reader", _grants(view=access.ALL))
    return factories.user("Carol", roles=[reader])


@pytest.fixture
def mallory(db):
    """In another team; has rights on her own records only."""
    other = factories.role(
        "outsider", _grants(view=access.TEAM, edit=access.TEAM, delete=access.TEAM, export=access.TEAM)
    )
    return factories.user("Mallory", team=factories.team("Elsewhere"), roles=[other])


@pytest.fixture
def admin(db):
    return factories.user("Admin", is_staff=True, is_superuser=True)


@pytest.fixture
def smtp(settings):
    """A real SMTP server to which the program sends: `smtp.letters`, and `smtp.answer(address, "451 Later")`."""
    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = ""
        yield sink


@pytest.fixture
def imap():
    """A real IMAP server: `imap.put(raw)`, `imap.fetched_by(mailbox)`."""
    yield from imap_server.serve()


@pytest.fixture(autouse=True)
def _empty_stream(request):
    """A test that commits leaves no event behind: the partitioned stream is none of the tables Django empties."""
    marker = request.node.get_closest_marker("django_db")
    if not (marker and marker.kwargs.get("transaction")):
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE crm_event")


@pytest.fixture(autouse=True)
def _english():
    """A test that changes the language leaves it as it was."""
    with translation.override("en"):
        yield
