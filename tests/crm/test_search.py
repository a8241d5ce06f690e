"""Search over everything: what is found, in which order, by whom, and that no table is read whole."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contacts.models import Contact, ContactPoint
from contacts.services import people, points
from crm.search import other_layout, search
from crm.vocabulary import meaning_of, mended
from deals.models import Deal
from deals.services.setup import create_standard_pipeline
from tests import factories

pytestmark = pytest.mark.django_db


def names(user, text, kind="contact", limit=9):
    return [str(hit) for source, hits in search(user, text, limit=limit) if source.kind == kind for hit in hits]


def folk(*full_names, **fields):
    for full in full_names:
        first, last = full.split(" ", 1)
        factories.contact(first, last, **fields)


def test_the_beginning_of_the_last_name_stands_before_other_words(admin):
    folk("Anna Berg", "Berg Olsen", "Carl Sandberg", "Hedda Bergman")

    assert names(admin, "berg") == ["Anna Berg", "Hedda Bergman", "Berg Olsen", "Carl Sandberg"]


def test_words_are_found_in_any_order(admin):
    folk("Anna Berg", "Anna Olsen", "Bergit Annason")

    assert names(admin, "anna berg") == ["Anna Berg", "Bergit Annason"]
    assert names(admin, "berg anna") == ["Anna Berg", "Bergit Annason"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ivan", ["Иван Петров"]),
        ("petrov", ["Иван Петров"]),
        ("Ivan Petrov", ["Иван Петров"]),
        ("shcherbakova", ["Юлия Щербакова"]),
        ("Scherbakova", ["Юлия Щербакова"]),
        ("yulia", ["Юлия Щербакова"]),
        ("Julija", ["Юлия Щербакова"]),
        ("yevgeniy", ["Евгений Чайковский"]),
        ("evgeny tchaikovsky", ["Евгений Чайковский"]),
        ("tschaikowski", ["Евгений Чайковский"]),
        ("solovyov", ["Пётр Соловьёв"]),
        ("Pyotr Solovyev", ["Пётр Соловьёв"]),
        ("хубер", ["Max Huber"]),
        ("вебер", ["Klaus Weber"]),
        ("Клаус Вебер", ["Klaus Weber"]),
        ("шмидт", ["Eva Schmidt"]),
        ("александр", ["Alexandr Fox"]),
        ("ФОКС", ["Alexandr Fox"]),
        ("müller", ["Jörg Müller"]),
        ("мюллер", ["Jörg Müller"]),
        ("muller", ["Jörg Müller"]),
        ("соловьев", ["Пётр Соловьёв"]),
    ],
)
def test_a_name_is_found_in_either_script(admin, typed, found):
    folk("Иван Петров", "Юлия Щербакова", "Евгений Чайковский", "Пётр Соловьёв")
    folk("Klaus Weber", "Eva Schmidt", "Alexandr Fox", "Jörg Müller", "Max Huber")

    assert names(admin, typed) == found


@pytest.mark.parametrize(("typed", "meant"), [("bdfy", "иван"), ("цуиук", "weber"), ("gtnhjd", "петров")])
def test_the_wrong_keyboard_layout_is_understood(admin, typed, meant):
    folk("Иван Петров", "Klaus Weber")

    assert other_layout(typed) == meant
    assert names(admin, typed) == names(admin, meant) != []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("petrv", ["Oleg Petrov"]),
        ("ptrov", ["Oleg Petrov"]),
        ("pterov", ["Oleg Petrov"]),
        ("pettrov", ["Oleg Petrov"]),
        ("pwtrov", ["Oleg Petrov"]),
        ("oelg petrov", ["Oleg Petrov"]),
        ("соколва", ["Анна Соколова"]),
        ("sokolva", ["Анна Соколова"]),
        ("zzzzqqq", []),
        ("petrov zzzzqqq", []),
    ],
)
def test_typing_errors_are_forgiven_and_nonsense_is_not(admin, typed, found):
    folk("Oleg Petrov", "Анна Соколова", "Marta Lindqvist")

    assert names(admin, typed) == found


def test_a_phone_is_found_by_its_last_digits_however_written(admin):
    ann, bea = factories.contact("Ann", "Lee"), factories.contact("Bea", "Low")
    points.add_point(ann, ContactPoint.Kind.PHONE, "+7 916 123-45-67", primary=True)
    points.add_point(bea, ContactPoint.Kind.PHONE, "+7 916 999-45-68", primary=True)

    for text in ["4567", "123-45-67", "+7 (916) 123 45 67", "8 916 123-45-67"[1:]]:
        assert names(admin, text) == ["Ann Lee"]
    assert names(admin, "0000") == []


def test_an_address_finds_its_person_alone(admin):
    ann = people.create_contact(by=admin, first_name="Ann", last_name="Lee", email="Ann.Lee@example.com")
    people.create_contact(by=admin, first_name="Ann", last_name="Lee", email="ann.lee2@example.com")

    assert [hit.pk for _source, hits in search(admin, "ann.lee@example.com") for hit in hits] == [ann.pk]


def test_nobody_finds_what_he_may_not_see(alice, bob, carol, mallory, workspace):
    person = factories.contact("Ann", "Lindqvist", owner=alice, team=alice.team)
    stage = create_standard_pipeline().stages.filter(kind="open").first()
    Deal.objects.create(name="Lindqvist pump", pipeline=stage.pipeline, stage=stage, owner=alice, team=alice.team)
    points.add_point(person, ContactPoint.Kind.PHONE, "+7 916 123-45-67", primary=True)

    for text in ["lindqvist", "lindqvsit", "линдквист", "4567"]:
        assert names(mallory, text) == []
        assert names(mallory, text, "deal") == []
    for user in (alice, bob, carol):
        assert names(user, "lindqvist") == ["Ann Lindqvist"]
        assert names(user, "lindqvist", "deal") == ["Lindqvist pump"]


def test_new_and_changed_names_are_found_at_once(admin):
    ann = factories.contact("Ann", "Lee")
    before = names(admin, "zhukova")
    ann.last_name = "Жукова"
    ann.save()
    Contact.objects.bulk_create([Contact(first_name="Bea", last_name="Zhukov", name_key="zhukov bea")])

    assert before == []
    assert names(admin, "zhukova") == ["Ann Жукова"]
    assert names(admin, "zhukov") == ["Bea Zhukov", "Ann Жукова"]


@pytest.mark.parametrize(
    "text", ["%", "_", "\\", "'", '"', "a%b", "(", "[a", "x" * 300, "\x00", "ивa" * 40, "💥", "--", "*"]
)
def test_odd_texts_find_nothing_and_break_nothing(admin, text):
    folk("Ann Lee")

    assert names(admin, text) == []


def test_a_meaning_is_asked_of_the_words_and_not_of_the_records(admin):
    folk("Иван Петров", "Ivana Petrova", "Oleg Petrov")

    assert meaning_of("ivan").whole == ("иван",)
    assert set(meaning_of("petrov").whole) == {"петров", "petrov"}
    assert not meaning_of("nobody")
    assert mended("oelg").whole[0] == "oleg"


def test_a_text_that_fits_nothing_asks_no_table_of_records(admin):
    folk("Ann Lee")
    admin.level("contact", "view")

    with CaptureQueriesContext(connection) as captured:
        assert search(admin, "zzzzqqq") == []

    asked = [q["sql"] for q in captured if "contacts_" in q["sql"] or "deals_" in q["sql"] or "tickets_" in q["sql"]]
    assert [sql for sql in asked if "title_key" not in sql and "number" not in sql] == []


def test_names_are_read_through_their_indexes(admin):
    Contact.objects.bulk_create(
        [Contact(first_name="Ann", last_name=f"Lee{i}", name_key=f"lee{i} ann") for i in range(3000)]
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('contact_name_trgm')")
        cursor.execute("ANALYZE contacts_contact")

    begins = Contact.objects.filter(name_key__startswith="lee12").order_by("name_key", "pk")[:10].explain()
    with connection.cursor() as cursor:
        # As the search does: a small table would be read whole otherwise.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    holds = Contact.objects.filter(name_key__contains="ee1299").values("pk").explain()

    assert "contact_by_name" in begins
    assert "Sort" not in begins
    assert "Seq Scan" not in begins
    assert "contact_name_trgm" in holds
    assert "Seq Scan" not in holds


def test_the_palette_and_the_search_page_show_the_same_people(client, alice):
    folk("Иван Петров", owner=alice, team=alice.team)
    client.force_login(alice)

    assert "Иван Петров" in client.get(reverse("palette"), {"q": "ivan"}).text
    assert "Иван Петров" in client.get(reverse("search"), {"q": "ivan"}).text
    assert client.get(reverse("palette"), {"q": "i"}).context["groups"] == []


def test_words_are_noted_even_while_other_triggers_are_off(admin):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        folk("Иван Петров")
        cursor.execute("SET LOCAL session_replication_role = origin")

    assert names(admin, "petrov") == ["Иван Петров"]
