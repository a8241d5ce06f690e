"""What each kind holds: exact values in, exact values out, and a sentence for everything else."""

import pytest

from crm.custom import values
from crm.models import CustomField
from tests.crm.custom.conftest import CHOICES

GOOD = [
    ("text", "  a \x00 b  ", "a b"),
    ("text", "<b>&{{ 7*7 }}</b>", "<b>&{{ 7*7 }}</b>"),
    ("long", "a\r\nb", "a\nb"),
    ("number", "1 234,50", "1234.5"),
    ("number", "-0.10", "-0.1"),
    ("number", "1.234,5", "1234.5"),
    ("number", 0, "0"),
    ("money", "1,234.5", "1234.50"),
    ("money", "99 EUR", "99.00"),
    ("date", "31.3.2026", "2026-03-31"),
    ("date", "2026-03-31", "2026-03-31"),
    ("datetime", "2026-03-31T14:30", "2026-03-31T14:30:00Z"),
    ("datetime", "2026-03-31T14:30+03:00", "2026-03-31T11:30:00Z"),
    ("choice", "золото", "gold"),
    ("choice", "gold", "gold"),
    ("choices", "Silver, Gold", ["gold", "silver"]),
    ("choices", ["silver", "silver"], ["silver"]),
    ("yes_no", "Да", True),
    ("yes_no", "no", False),
    ("link", "example.com/a?b=1", "https://example.com/a?b=1"),
    ("text", "   ", None),
    ("choices", [], None),
]
BAD = [
    ("text", "x" * 501),
    ("text", ["x"]),
    ("long", "x" * 20_001),
    ("number", "12a"),
    ("number", "1.23456789"),
    ("number", "NaN"),
    ("number", "Infinity"),
    ("number", "1e12"),
    ("number", "1" * 400),
    ("number", True),
    ("money", "0.001"),
    ("date", "2026-02-30"),
    ("date", "1066-10-14"),
    ("date", "tomorrow"),
    ("datetime", "2026-03-31 25:00"),
    ("choice", "Bronze"),
    ("choice", "x' OR 1=1 --"),
    ("choices", "Gold, Lead"),
    ("yes_no", "perhaps"),
    ("link", "javascript:alert(1)"),
    ("link", "https://nowhere"),
    ("link", "ftp://example.com/"),
    ("link", "https://[::1"),
    ("file", "a.pdf"),
]


def field(kind):
    return CustomField(key="x", kind=kind, label_en="X", choices=CHOICES, currency="EUR")


@pytest.mark.parametrize(("kind", "raw", "stored"), GOOD)
def test_what_is_typed_is_stored_in_one_form(kind, raw, stored):
    assert values.clean(field(kind), raw) == stored
    # What is stored reads as itself: through a file, an API, a second save.
    assert values.clean(field(kind), stored) == stored
    if stored is not None:
        assert values.clean(field(kind), values.typed_text(field(kind), stored)) == stored


@pytest.mark.parametrize(("kind", "raw"), BAD)
def test_what_does_not_fit_is_refused_with_a_sentence(kind, raw, db):
    with pytest.raises(ValueError, match=r"^[A-Z“].*\.$"):
        values.clean(field(kind), raw)


def test_a_colleague_is_named_by_number_email_or_name(alice, mallory):
    assert [values.clean(field("person"), raw) for raw in (alice.pk, "ALICE@example.com", "alice")] == [alice.pk] * 3
    mallory.is_active = False
    mallory.save()
    with pytest.raises(ValueError, match="Choose a colleague"):
        values.clean(field("person"), mallory.pk)


def test_only_a_record_that_one_sees_may_be_named(alice, mallory, ann):
    contact = field("contact")

    assert values.clean(contact, "Ann Lee", by=alice) == ann.pk
    assert values.clean(contact, f"whatever #{ann.pk}", by=alice) == ann.pk
    with pytest.raises(ValueError, match="Nobody of that name"):
        values.clean(contact, ann.pk, by=mallory)
