"""Likely duplicates: what is found, what is not taken for one, and how the work grows."""

import io
import json
import random

import pytest
from django.core.management import CommandError, call_command

from contacts.services.duplicates import find_pairs
from contacts.services.duplicates.blocking import LARGEST, NEIGHBOURS, candidates
from contacts.services.duplicates.records import Table, company_key, sound
from tests.contacts.people_with_errors import people, word

ANNA = {
    "given_name": "Anna", "surname": "Lindqvist", "date_of_birth": "1984-05-03", "street_number": "12",
    "address_1": "Mill Street", "suburb": "Northam", "postcode": "4021", "state": "NSW",
}  # fmt: skip


def _score(one, other):
    """The score of two records among some others, 0 when they are no pair."""
    others, _again, _pairs = people(300, seed=3)
    pairs = find_pairs([*others, {"id": "one", **one}, {"id": "other", **other}])
    return next((p.score for p in pairs if {p.a, p.b} == {"one", "other"}), 0)


@pytest.mark.parametrize(("seed", "precision", "recall"), [(1, 0.995, 0.998), (2, 0.995, 0.998), (3, 0.993, 0.996)])
def test_records_with_errors_are_found_and_hardly_anything_else(seed, precision, recall):
    first, again, true = people(3000, seed=seed)

    found = {tuple(sorted((p.a, p.b))) for p in find_pairs([*first, *again])}

    assert len(found & true) / len(found) >= precision
    assert len(found & true) / len(true) >= recall


def test_the_harmonic_mean_of_precision_and_recall_holds_its_bar():
    """The published sets with errors (Febrl 1 to 4, measured apart) give .997 to .999; ours holds as much."""
    first, again, true = people(5000, seed=11)

    found = {tuple(sorted((p.a, p.b))) for p in find_pairs([*first, *again])}

    assert 2 * len(found & true) / (len(found) + len(true)) >= 0.995


@pytest.mark.parametrize("kind", ["siblings", "twins", "father and son", "namesakes"])
def test_nobody_of_a_household_is_ever_certain(kind):
    """Same surname, address and phone in 200 houses; what differs is what makes them two people."""
    first, _again, _true = people(200, seed=8)
    for one in first:
        one["phone"] = one["phone"] or "+49 30 5550199"
    names = ["Tim", "Rosa", "Vincent", "Ilse", "Björn"]
    change = {
        "siblings": lambda i, one: {"given_name": names[i % 5], "date_of_birth": _year(one, i % 9 + 1)},
        "twins": lambda i, one: {"given_name": names[i % 5]},
        "father and son": lambda i, one: {"date_of_birth": _year(one, 28), "email": ""},
        "namesakes": lambda i, one: {"date_of_birth": _year(one, 11), "street_number": str(i), "address_1": word(random.Random(i), 3),
                                     "suburb": word(random.Random(-i), 3), "postcode": str(9999 - i), "phone": "", "email": ""},
    }[kind]  # fmt: skip
    second = [one | {"id": f"h{i}"} | change(i, one) for i, one in enumerate(first)]

    assert [p for p in find_pairs([*first, *second]) if p.score >= 0.9] == []


def _year(one, years):
    born = one["date_of_birth"]
    return f"{int(born[:4]) + years}{born[4:]}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"given_name": "Александр", "surname": "Ковалёв"}, {"given_name": "Aleksandr", "surname": "Kovalev"}),
        ({"given_name": "Наталья", "surname": "Щукина"}, {"given_name": "Natalia", "surname": "Shchukina"}),
        ({"given_name": "Юлия", "surname": "Цветаева"}, {"given_name": "Iuliia", "surname": "Tsvetaeva"}),
        ({"given_name": "Александр", "surname": "Ковалёв"}, {"given_name": "Саша", "surname": "Ковалев"}),
        ({"given_name": "Екатерина", "surname": "Лаптева"}, {"given_name": "Katya", "surname": "Lapteva"}),
        ({"given_name": "William", "surname": "Harcourt"}, {"given_name": "Bill", "surname": "Harcourt"}),
        ({"given_name": "Margaret", "surname": "Ashdown"}, {"given_name": "Peggy", "surname": "Ashdown"}),
        ({"given_name": "Иван Петрович", "surname": "Дубов"}, {"given_name": "Иван", "surname": "Дубов"}),
        ({"given_name": "Пётр", "surname": "Сомов"}, {"given_name": "Сомов", "surname": "Петр Ильич"}),
    ],
    ids=str,
)
def test_one_person_is_known_under_another_spelling(one, other):
    known = {"date_of_birth": "1984-05-03", "suburb": "Northam"}

    assert _score(one | known, other | known) > 0.9


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ООО «Ромашка»", "Ромашка"), ("АО Ромашка", "Romashka LLC"), ("ИП Ромашка", "ромашка, ооо"),
        ("Northwind GmbH & Co. KG", "Northwind"), ("Northwind, Inc.", "NORTHWIND LLC"),
        ("Общество с ограниченной ответственностью «Ромашка»", "ООО Ромашка"),
    ],
)  # fmt: skip
def test_the_legal_form_is_no_part_of_a_companys_name(one, other):
    assert company_key(one) == company_key(other)


def test_a_company_that_is_called_like_a_legal_form_keeps_its_name():
    assert (company_key("Inc"), company_key("Тов")) == ("inc", "tov")


@pytest.mark.parametrize(
    "changed",
    [
        {"given_name": "Ana", "surname": "Lindquist"},
        {"given_name": "Lindqvist", "surname": "Anna"},
        {"given_name": ""},
        {"date_of_birth": ""},
        {"date_of_birth": "05.03.1984"},
        {"date_of_birth": "19840305"},
        {"date_of_birth": "19840508"},
        {"street_number": "7", "address_1": "Castle Road", "suburb": "Oldham", "postcode": "9102", "state": "WA"},
        {"address_1": "The Old Barn", "address_2": "Mill Street"},
        {"surname": "Berg"},
    ],
    ids=str,
)
def test_one_error_or_a_move_does_not_hide_a_person(changed):
    assert _score(ANNA, ANNA | changed) >= 0.5


@pytest.mark.parametrize(
    "other",
    [
        {"given_name": "Erik", "date_of_birth": "1979-11-20"},
        {"given_name": "Erik", "surname": "Sandberg", "date_of_birth": "1951-01-17"},
        {"given_name": "Erik", "surname": "Sandberg"} | {"date_of_birth": ""},
    ],
    ids=["spouse", "earlier tenant", "unknown birthday"],
)
def test_who_lives_at_one_address_is_not_one_person(other):
    assert _score(ANNA, ANNA | other) == 0


def test_a_shared_mailbox_or_line_makes_no_duplicate_of_colleagues():
    one = {"given_name": "Anna", "surname": "Lindqvist", "email": "info@works.example", "phone": "+49 30 5550100"}

    assert _score(one, one | {"given_name": "Erik", "surname": "Sandberg"}) == 0
    assert _score(one, one | {"given_name": "Ana"}) > 0.9


@pytest.mark.parametrize("box", ["anna.lindqvist", "lindqvist_a", "alindqvist84", "annalindqvist"])
def test_a_mailbox_made_of_the_names_says_no_more_than_they_do(box):
    one = {"given_name": "Anna", "surname": "Lindqvist", "suburb": "Northam"}
    other = one | {"suburb": "Oldham"}

    def together(name):
        return _score(one | {"email": f"{name}@works.example"}, other | {"email": f"{name}@mill.example"})

    assert 0 < together(box) == _score(one, other) < together("wanderlust")


def test_cyrillic_names_are_compared_by_their_sound_too():
    one = {"given_name": "Наталья", "surname": "Шмидт", "phone": "8 900 555-01-02", "date_of_birth": "31.05.1984"}

    assert sound("шмидт") == sound("шмит")
    assert _score(one, one | {"given_name": "Наталия", "surname": "Шмит", "phone": "+79005550102"}) > 0.9


def test_the_same_common_name_alone_is_not_enough():
    rows = [
        {
            "id": i,
            "given_name": "Anna",
            "surname": "Müller",
            "date_of_birth": f"19{50 + i}{1 + i * 7 % 12:02}{1 + i * 11 % 28:02}",
        }
        for i in range(30)
    ]

    assert find_pairs(rows) == []


def test_the_work_grows_with_the_rows_and_not_with_their_square():
    small, large = (len(candidates(Table(people(n, seed=5)[0]))[0]) for n in (2000, 8000))

    assert large < small * 4 * 4


def test_a_key_that_thousands_share_is_compared_with_neighbours_only():
    rows = [{"id": i, "surname": "Müller", "given_name": f"Anna{i}"} for i in range(5000)]

    first, _second = candidates(Table(rows))

    assert len(first) <= 5000 * NEIGHBOURS * 4
    assert LARGEST < 5000


def test_no_rows_make_no_pairs():
    assert find_pairs([]) == []
    assert find_pairs([{"id": 1}, {"id": 2}]) == []


def test_the_command_prints_pairs_of_a_file_as_tools_write_it(tmp_path):
    rows = [
        "id;Given Name;surname;date_of_birth;email",
        "7;Anna;Lindqvist;1984-05-03;anna@mail.example",
        "8;Lindqvist;Ana;03.05.1984;",
        "9;Erik;Sandberg;1951-01-17;erik@mail.example",
    ]
    file = tmp_path / "people.csv"
    file.write_bytes("\r\n".join(rows).encode("utf-8-sig"))
    out = io.StringIO()

    call_command("find_duplicates", "--csv", str(file), "--json", stdout=out)

    (pair,) = json.loads(out.getvalue())["pairs"]
    assert (pair["a"], pair["b"], pair["score"] > 0.9) == ("7", "8", True)
    assert pair["reasons"][0] == "birthday"


@pytest.mark.parametrize(("content", "said"), [("name\nAnn\n", "no column named id"), (None, "No such file")])
def test_the_command_refuses_what_it_cannot_read_with_a_sentence(tmp_path, content, said):
    file = tmp_path / "people.csv"
    if content:
        file.write_text(content)

    with pytest.raises(CommandError, match=said):
        call_command("find_duplicates", "--csv", str(file), "--json")
