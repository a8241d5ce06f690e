"""Contracts with their customers, as a company might define them; the cast has the rights it has on contacts."""

import pytest

from crm.models import CustomField, ObjectKind, ObjectRelation
from crm.objects import kind_acts, records


@pytest.fixture
def contracts(alice, bob, carol, mallory):
    return kind_acts.create_kind(
        ObjectKind(code="contract", name_en="Contract", name_ru="Договор", plural_en="Contracts", plural_ru="Договоры", icon="file-text"),
        like="contact",
    )  # fmt: skip


@pytest.fixture
def signed_on(contracts):
    return CustomField.objects.create(
        subject="co_contract", key="signed_on", kind="date", label_en="Signed on", label_ru="Подписан", position=1
    )


@pytest.fixture
def serial(contracts):
    return CustomField.objects.create(subject="co_contract", key="serial", kind="text", label_en="Serial", position=2)


@pytest.fixture
def relate(contracts):
    """Make a relation of contracts."""

    def relate(target="contact", label="Customer", **more):
        return ObjectRelation.objects.create(kind=contracts, target=target, label_en=label, **more)

    return relate


@pytest.fixture
def make(contracts, alice):
    """Make a contract, Alice's unless told otherwise."""

    def make(title="C-1", *, owner=None, **more):
        return records.create_record(contracts, title, by=alice, owner=owner, **more)

    return make
