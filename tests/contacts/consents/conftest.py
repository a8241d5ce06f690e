"""A person, topics and a letter of a campaign."""

import pytest

from contacts.models import Topic
from contacts.services import people
from crm.mail import queue_mail


@pytest.fixture
def ann(alice, workspace):
    return people.create_contact(by=alice, first_name="Ann", email="ann@example.com", phone="+49 30 55501192")


@pytest.fixture
def topics(db):
    names = {"tips": "Советы", "offers": "Акции"}
    return [Topic.objects.create(code=code, name_en=code.title(), name_ru=name) for code, name in names.items()]


@pytest.fixture
def letter(ann):
    """A campaign letter that Ann got."""
    return queue_mail("campaign", to=ann.email, subject="Tip", text="x", contact=ann)
