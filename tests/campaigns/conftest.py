import pytest

from campaigns.models import Letter, Segment, Sequence, Step
from campaigns.services import letters
from contacts.services import people
from crm import access
from deals.services.setup import create_standard_pipeline
from tests import factories


@pytest.fixture(autouse=True)
def _company(workspace):
    """Letters need a sender."""


@pytest.fixture
def person(alice):
    """Makes people of Berlin who agreed to letters: `person("Ann")`."""

    def make(first, city="Berlin", consent=True, **fields):
        email = fields.pop("email", f"{first.lower() or 'x'}@example.com")
        contact = people.create_contact(by=alice, first_name=first, email=email, city=city, **fields)
        if consent:
            contact.consents.create(purpose="advertising", is_given=True)
        return contact

    return make


@pytest.fixture
def segment(alice):
    return Segment.objects.create(
        name="Berlin", tree={"all": [{"field": "city", "op": "is", "value": "Berlin"}]}, owner=alice
    )


@pytest.fixture
def sequence(segment, alice):
    """A letter, three days, a letter."""
    row = Sequence.objects.create(name="Tips", segment=segment, owner=alice)
    for position in (0, 2):
        letter = Letter(
            name=f"Tip {position}",
            subject="A tip, {first_name|friend}",
            body="{greeting}\n\nRead [this](https://halden.example/tip).\n\n[Go](https://halden.example/go)",
        )
        letters.keep(letter)
        Step.objects.create(sequence=row, kind="letter", letter=letter, position=position)
    Step.objects.create(sequence=row, kind="wait", wait=3 * 1440, position=1)
    return row


@pytest.fixture
def marketer(sales):
    everything = {kind.name: {"view": access.ALL, "edit": access.ALL} for kind in access.kinds()}
    return factories.user("Marta", team=sales, roles=[factories.role("marketer", everything)])


@pytest.fixture
def stages(workspace):
    return list(create_standard_pipeline("en").stages.all())


@pytest.fixture
def page(client, marketer):
    client.force_login(marketer)
    return client
