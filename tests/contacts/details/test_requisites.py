"""Requisites with their check digits, postal addresses, birthdays."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from contacts import numbers
from contacts.dates import read_birthday
from contacts.models import Address, Contact, Requisite
from contacts.places import place_lines
from crm import conditions
from tests import factories
from tests.contacts.details.rows import HTMX

pytestmark = pytest.mark.django_db


# Numbers


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (numbers.wrong_inn, "7707083893", "7707083894"),
        (numbers.wrong_inn, "500100732259", "500100732258"),
        (numbers.wrong_ogrn, "1027700132195", "1027700132194"),
        (numbers.wrong_ogrn, "304500116000157", "304500116000158"),
        (numbers.wrong_kpp, "770701001", "77070100"),
        (numbers.wrong_vat, "DE136695976", "DE136695978"),
        (numbers.wrong_bik, "044525225", "0445252"),
        (numbers.wrong_iban, "DE89370400440532013000", "DE89370400440532013001"),
        (numbers.wrong_bic, "DEUTDEFF", "DEUTDE"),
    ],
)
def test_numbers_carry_their_check_digits(check, right, wrong):
    assert check(right) == ""
    assert check(wrong) != ""


def test_an_account_is_checked_against_its_bank():
    right, bik = "30101810400000000225", "044525225"

    assert numbers.wrong_account(right, bik, correspondent=True) == ""
    # Each single wrong digit is found, in the account and in the part of the bank's number that counts.
    for place in range(20):
        for step in range(1, 10):
            other = right[:place] + str((int(right[place]) + step) % 10) + right[place + 1 :]
            assert numbers.wrong_account(other, bik, correspondent=True) != ""
    assert "BIK first" in numbers.wrong_account(right, "")


def _requisites(client, company, row=None, **data):
    given = {
        "name": "Acme", "accounts-TOTAL_FORMS": "1", "accounts-INITIAL_FORMS": "0", "accounts-MIN_NUM_FORMS": "0",
        "accounts-MAX_NUM_FORMS": "1000", **data,
    }  # fmt: skip
    url = (
        reverse("contacts:requisite_edit", args=[company.pk, row.pk])
        if row
        else reverse("contacts:requisite_new", args=[company.pk])
    )
    return client.post(url, given)


def test_a_company_has_several_legal_entities_with_their_accounts(client, alice, acme):
    client.force_login(alice)

    _requisites(client, acme, inn="7707 083 893", kpp="770701001", **{"accounts-0-iban": "DE89 3704 0044 0532 0130 00"})
    _requisites(client, acme, name="Acme GmbH", vat_id="DE136695976", is_primary="on")

    acme.refresh_from_db()
    first, second = Requisite.objects.order_by("pk")
    assert (first.inn, first.kpp, first.is_primary, second.is_primary) == ("7707083893", "770701001", False, True)
    assert first.accounts.get().iban == "DE89370400440532013000"
    assert acme.inn == "DE136695976"


def test_requisites_with_a_wrong_number_are_refused_and_keep_what_was_typed(client, alice, acme):
    client.force_login(alice)

    answer = _requisites(client, acme, inn="7707083894", **{"accounts-0-account": "40702810900000000001"})

    assert (answer.status_code, Requisite.objects.count()) == (422, 0)
    page = answer.content.decode()
    assert all(word in page for word in ("check digit of this INN", "Write the BIK first", "7707083894"))


def test_the_same_legal_entity_elsewhere_is_hinted_by_inn_and_kpp(client, alice, acme):
    other = factories.company("Bolt", owner=alice, team=alice.team)
    Requisite.objects.create(company=other, name="Bolt", inn="7707083893", kpp="770701001")
    client.force_login(alice)

    branch = _requisites(client, acme, inn="7707083893", kpp="770801002")
    assert branch.status_code == 302
    warned = _requisites(client, acme, inn="7707083893", kpp="770701001")
    assert (warned.status_code, acme.requisites.count()) == (422, 1)
    assert "Bolt" in warned.content.decode()
    assert _requisites(client, acme, inn="7707083893", kpp="770701001", anyway="1").status_code == 302


def test_requisites_that_somebody_changed_meanwhile_are_not_written_over(client, alice, acme):
    row = Requisite.objects.create(company=acme, name="Acme", version=2, is_primary=True)
    client.force_login(alice)

    refused = _requisites(client, acme, row, name="Mine", version="1")

    row.refresh_from_db()
    assert (refused.status_code, row.name) == (422, "Acme")


# Postal addresses, birthdays


@pytest.mark.parametrize(
    ("country", "lines"),
    [
        ("DE", ["Messweg 4", "10115 Berlin"]),
        ("GB", ["Messweg 4", "Berlin", "10115"]),
        ("RU", ["Messweg 4", "Berlin", "10115"]),
        ("", ["Messweg 4", "10115 Berlin"]),
        ("XX", ["Messweg 4", "10115 Berlin"]),
    ],
)
def test_addresses_are_written_as_their_country_does(country, lines):
    assert place_lines(Address(country=country, street="Messweg 4", postcode="10115", city="Berlin")) == lines


def test_the_main_address_and_another_change_places(client, alice, ann):
    Contact.objects.update(city="Ulm", street="Weg 1", country="DE")
    row = Address.objects.create(contact=ann, kind="delivery", city="Bonn", street="Tor 2", country="DE")
    client.force_login(alice)

    client.post(reverse("contacts:row_main", args=["contact", ann.pk, "places", row.pk]))

    ann.refresh_from_db()
    row.refresh_from_db()
    assert (ann.city, ann.street, row.city, row.street) == ("Bonn", "Tor 2", "Ulm", "Weg 1")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1980-03-05", (date(1980, 3, 5), True)),
        ("5.3.1980", (date(1980, 3, 5), True)),
        ("5 March", (date(1904, 3, 5), False)),
        ("29.02", (date(1904, 2, 29), False)),
        ("--12-31", (date(1904, 12, 31), False)),
        ("5 мая 1980", None),
        ("31.02", None),
        ("2999-01-01", None),
        ("soon", None),
    ],
)
def test_a_birthday_is_read_with_its_year_or_without(written, read):
    if read is None:
        with pytest.raises(ValueError, match=r"."):
            read_birthday(written)
    else:
        assert read_birthday(written) == read


def test_a_birthday_without_year_has_an_anniversary_and_is_before_nothing(client, alice, ann):
    client.force_login(alice)
    url = reverse("contacts:contact_field", args=[ann.pk, "birthday_on"])

    client.post(url, {"birthday_on": "5 March", "was": ""}, **HTMX)

    ann.refresh_from_db()
    assert (ann.birthday_on, ann.birthday_has_year, ann.birthday_words) == (date(1904, 3, 5), False, "5 March")
    march = datetime(2026, 3, 1, tzinfo=UTC)
    tree = conditions.parse({"field": "birthday", "op": "anniversary", "value": {"n": 10, "unit": "day"}}, "contact")
    assert conditions.matching(Contact.objects.all(), tree, "contact", now=march).count() == 1
    tree = conditions.parse({"field": "birthday", "op": "before", "value": "1950-01-01"}, "contact")
    assert conditions.matching(Contact.objects.all(), tree, "contact", now=march).count() == 0
