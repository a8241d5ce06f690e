"""Fields that a company of instrument makers might add to its contacts."""

import pytest

from crm.models import CustomField
from tests import factories

CHOICES = [
    {"key": "gold", "en": "Gold", "ru": "Золото", "retired": False},
    {"key": "silver", "en": "Silver", "ru": "Серебро", "retired": False},
    {"key": "bronze", "en": "Bronze", "ru": "Бронза", "retired": True},
]


@pytest.fixture
def make(db):
    """Make a field of contacts, or of another subject."""

    def make(key, kind, *, subject="contact", label=None, **more):
        if kind in {"choice", "choices"}:
            more.setdefault("choices", CHOICES)
        return CustomField.objects.create(
            subject=subject, key=key, kind=kind, label_en=label or key.capitalize(), **more
        )

    return make


@pytest.fixture
def ann(alice):
    return factories.contact("Ann", "Lee", owner=alice, team=alice.team)
