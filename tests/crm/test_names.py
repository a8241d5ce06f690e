"""Whom an automatic letter greets by name, and why it does not greet the others."""

import pytest

from contacts.models import Contact
from crm.names import DOUBTS, doubt_about, greeting_name


@pytest.mark.parametrize(
    ("first", "middle", "language", "expected"),
    [
        ("Anna", "", "en", "Anna"),
        ("ANNA", "", "en", "Anna"),
        ("jean-luc", "", "en", "Jean-Luc"),
        ("Anna Maria", "", "en", "Anna Maria"),
        ("O'Neill", "", "en", "O'Neill"),
        ("  Anna\u00a0", "", "en", "Anna"),
        ("Анна", "Сергеевна", "ru", "Анна Сергеевна"),
        ("Анна", "Сергеевна", "en", "Анна"),
        ("ИВАН", "ПЕТРОВИЧ", "ru", "Иван Петрович"),
        ("Илья", "Ильич", "ru", "Илья Ильич"),
        ("Иван", "мл.", "ru", "Иван"),
        ("Иван", "{{ 7*7 }}", "ru", "Иван"),
        ("Марина", "", "ru", "Марина"),  # ends as family names do, and is a given one
        ("Ян", "", "ru", "Ян"),
    ],
)
def test_a_letter_greets_by_a_name_that_can_be_one(first, middle, language, expected):
    assert greeting_name(Contact(first_name=first, middle_name=middle), language) == expected


@pytest.mark.parametrize(
    ("first", "last", "doubt"),
    [
        ("", "", "missing"),
        ("   ", "", "missing"),
        ("NULL", "", "placeholder"),
        ("-", "", "placeholder"),
        ("test", "", "placeholder"),
        ("Тест", "", "placeholder"),
        ("qwerty", "", "placeholder"),
        ("Имя не указано", "", "placeholder"),
        ("info", "", "role"),
        ("Отдел продаж", "", "role"),
        ("Приёмная", "", "role"),
        ("ООО Ромашка", "", "company"),
        ("Weber GmbH", "", "company"),
        ("anna@example.com", "", "address"),
        ("www.shop.example", "", "address"),
        ("Mr. Weber", "", "title"),
        ("Уважаемый Иван", "", "title"),
        ("Анна и Пётр", "", "several"),
        ("Anna & Tom", "", "several"),
        ("Weber, Anna", "", "several"),
        ("Иванов Иван Иванович", "", "several"),
        ("Соколов", "Иван", "swapped"),
        ("Гущина", "Ольга", "swapped"),
        ("Сергеевна", "Анна", "swapped"),
        ("Аnna", "", "alphabets"),  # a Cyrillic А before Latin letters
        ("😀", "", "signs"),
        ("Anna 😀", "", "signs"),
        ("Anna2", "", "signs"),
        ("{{ 7*7 }}", "", "signs"),
        ("<b>Anna", "", "signs"),
        ("Ivan\r\nBcc: x", "", "signs"),
        ("An\u2028na", "", "signs"),
        ("x" * 300, "", "long"),
        ("qwrtp", "", "odd"),
        ("aaaa", "", "odd"),
        ("A", "", "odd"),
    ],
)
def test_a_doubtful_name_greets_nobody_and_says_why(first, last, doubt):
    contact = Contact(first_name=first, last_name=last)

    assert doubt_about(contact) == doubt
    assert greeting_name(contact, "ru") == greeting_name(contact, "en") == ""
    assert str(DOUBTS[doubt])


@pytest.mark.parametrize(
    ("first", "last"), [("Elton", "John"), ("Валентин", "Сергей"), ("Роман", "Иван"), ("Ян", "Марина")]
)
def test_a_rare_order_of_names_is_no_swap(first, last):
    assert doubt_about(Contact(first_name=first, last_name=last)) == ""
