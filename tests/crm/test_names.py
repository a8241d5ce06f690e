import pytest

from contacts.models import Contact
from crm.names import greeting_name


@pytest.mark.parametrize(
    ("first", "middle", "language", "expected"),
    [
        ("Anna", "", "en", "Anna"),
        ("ANNA", "", "en", "Anna"),
        ("jean-luc", "", "en", "Jean-Luc"),
        ("Анна", "Сергеевна", "ru", "Анна Сергеевна"),
        ("Анна", "Сергеевна", "en", "Анна"),
        ("ИВАН", "ПЕТРОВИЧ", "ru", "Иван Петрович"),
        ("Иван", "мл.", "ru", "Иван"),
        ("O'Neill", "", "en", "O'Neill"),
        ("", "", "en", ""),
        ("   ", "", "en", ""),
        ("NULL", "", "en", ""),
        ("-", "", "en", ""),
        ("test", "", "en", ""),
        ("Тест", "", "ru", ""),
        ("info", "", "en", ""),
        ("Отдел", "", "ru", ""),
        ("😀", "", "en", ""),
        ("Anna 😀", "", "en", ""),
        ("x" * 300, "", "en", ""),
        ("{{ 7*7 }}", "", "en", ""),
        ("<script>alert(1)</script>", "", "en", ""),
        ("anna@example.com", "", "en", ""),
        ("Ivan\r\nBcc: x@evil.example", "", "en", ""),
        ("Аnna", "", "en", ""),  # a Cyrillic А before Latin letters
        ("Anna2", "", "en", ""),
        ("qwrtp", "", "en", ""),
        ("aaaa", "", "en", ""),
        ("A", "", "en", ""),
    ],
)
def test_a_letter_greets_only_by_a_name_that_can_be_one(first, middle, language, expected):
    assert greeting_name(Contact(first_name=first, middle_name=middle), language) == expected
