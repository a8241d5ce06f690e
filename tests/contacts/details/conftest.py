"""A person with a company."""

import pytest

from contacts.services import people


@pytest.fixture
def ann(alice, workspace):
    return people.create_contact(
        by=alice, first_name="Ann", last_name="Lee", email="ann@example.com", company_name="Acme", job_title="Buyer"
    )


@pytest.fixture
def acme(ann):
    return ann.company
