"""Who is here already, asked of the database: while typing, for a file, at night."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from contacts.models import (
    Candidate,
    Company,
    CompanyPair,
    Contact,
    ContactPair,
    ContactPoint,
    DuplicateSettings,
    Merge,
)
from contacts.services import people, points
from contacts.services.duplicates import companies, lookup, pairing, scan
from contacts.tasks import search_duplicates
from crm import jobs, outbox
from crm.models import Job, Notification
from tests import factories

pytestmark = pytest.mark.django_db
BORN = date(1984, 5, 3)


@pytest.fixture
def anna(alice):
    """Known by an address, a phone, a birthday and a company."""
    return people.create_contact(
        by=alice, first_name="Александр", last_name="Ковалёв", email="a.kovalev@works.example", phone="+7 900 555-01-92",
        birthday_on=BORN, company_name="Волна", city="Пермь",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "reasons"),
    [
        ({"email": "A.Kovalev@works.example"}, ["email"]),
        ({"phone": "8 (900) 555 01 92"}, ["phone"]),
        ({"first_name": "Александр", "last_name": "Ковалев"}, ["name"]),
        ({"first_name": "Ковалёв", "last_name": "Александр"}, ["name"]),
        ({"first_name": "Aleksandr", "last_name": "Kovalev"}, ["name"]),
        ({"first_name": "Aleksandr", "last_name": "Kovalyov", "birthday_on": BORN}, ["name", "birthday"]),
        ({"first_name": "Саша", "last_name": "Ковалёв", "email": "a.kovalev@works.example"}, ["email", "name"]),
        ({"first_name": "Александр Петрович", "last_name": "Ковалев", "company": "Волна"}, ["name", "company"]),
        ({"first_name": "Alexander", "last_name": "Kovalev", "city": "Пермь"}, ["name", "city"]),
    ],
    ids=str,
)
def test_who_is_here_is_found_by_what_is_typed(workspace, alice, anna, typed, reasons):
    workspace.country = "RU"
    workspace.save()

    (match,) = lookup.similar_people(alice, **typed)

    assert (match.record, match.reasons) == (anna, reasons)


@pytest.mark.parametrize(
    "typed",
    [
        {"first_name": "Александр", "last_name": "Ковалёв", "birthday_on": date(1951, 1, 1)},
        {"first_name": "Пётр", "last_name": "Ковалёв"},
        {"first_name": "Александр"},
        {"email": "info@works.example"},
        {},
    ],
    ids=str,
)
def test_somebody_else_is_not_found(alice, anna, typed):
    assert lookup.similar_people(alice, **typed) == []


def test_only_whom_one_may_see_is_told(alice, bob, mallory, anna):
    typed = {"email": "a.kovalev@works.example"}

    assert [len(lookup.similar_people(user, **typed)) for user in (alice, bob, mallory)] == [1, 1, 0]
    assert lookup.similar_people(alice, exclude=anna.pk, **typed) == []


def test_a_frequent_name_says_nothing_by_itself(admin):
    for _n in range(lookup.RARE + 2):
        factories.contact("Anna", "Müller")

    assert lookup.similar_people(admin, first_name="Anna", last_name="Müller") == []


def test_many_records_are_asked_in_a_handful_of_queries(anna, django_assert_max_num_queries):
    rows = [{"email": f"nobody{i}@works.example", "first_name": "Zoë", "last_name": f"Quill{i}"} for i in range(200)]
    rows[70] = {"email": "a.kovalev@works.example"}

    with django_assert_max_num_queries(5):
        found = lookup.likely_duplicates(rows)

    assert {i: [m.record for m in matches] for i, matches in found.items()} == {70: [anna]}


def test_the_question_is_answered_by_indexes_alone():
    contacts = Contact.objects.bulk_create(
        Contact(first_name=f"N{n}", name_key=f"n{n}", city=f"C{n}") for n in range(2000)
    )
    ContactPoint.objects.bulk_create(
        ContactPoint(contact=contact, kind=kind, value=f"{contact.pk}", norm=f"{contact.pk}{kind}")
        for contact in contacts
        for kind in ("email", "phone")
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE contacts_contact, contacts_contactpoint")
        cursor.execute("SET LOCAL enable_seqscan = off")
        row = [[0], ["lee ann"], ["ann lee"], ["a@x.test"], ["+49305550119"], [BORN], ["acme"]]
        cursor.execute(f"EXPLAIN {lookup._PEOPLE}", [*row, *[lookup.MOST] * 5])
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute(f"EXPLAIN {lookup._COMPANIES}", ["1", "a.example", "acme", "acme", lookup.MOST])
        plan += "\n".join(line for (line,) in cursor.fetchall())

    assert "Seq Scan" not in plan
    for index in (
        "point_norm",
        "contact_by_sound",
        "company_by_sound",
        "company_inn",
        "company_domain",
    ):
        assert index in plan


@pytest.mark.parametrize(
    ("typed", "reasons"),
    [
        ({"inn": "7707083893"}, ["inn"]),
        ({"domain": "Volna.example"}, ["domain"]),
        ({"name": "ООО «Волна Севера»"}, ["name"]),
        ({"name": "Volna Severa LLC"}, ["name"]),
        ({"name": "АО Волна Севера", "inn": "7702070139"}, None),
        ({"name": "Заря"}, None),
    ],
    ids=str,
)
def test_a_company_is_found_by_its_number_its_site_and_its_name(alice, typed, reasons):
    company = factories.company("ПАО «Волна Севера»", inn="7707083893", domain="volna.example", owner=alice)

    matches = lookup.similar_companies(alice, **typed)

    assert [(m.record, m.reasons) for m in matches] == ([(company, reasons)] if reasons else [])


def _scan(admin, **params):
    job = jobs.start("contacts.duplicates", by=admin, params=params)
    outbox.run_due()
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.error
    return job


def _cast(n=8):
    """People who are nobody's duplicates, so that frequencies mean something."""
    for i in range(n):
        factories.contact(f"Tor{i}", f"Quist{chr(97 + i)}er", birthday_on=BORN + timedelta(days=40 * i))


def test_the_night_finds_pairs_with_their_reasons_and_what_hangs_together(admin):
    _cast()
    one, two, three = (
        factories.contact(first, last, birthday_on=BORN, city="Bonn")
        for first, last in (("Katherine", "Lindqvist"), ("Kate", "Lindqvist"), ("Katherine", "Lindquist"))
    )

    job = _scan(admin)

    pairs = ContactPair.objects.order_by("first", "second")
    assert [(p.first, p.second) for p in pairs] == [(one, two), (one, three), (two, three)]
    assert {p.cluster for p in pairs} == {one.pk}
    assert all(0.7 <= p.score <= 1 for p in pairs)
    reasons = dict(pairs[0].reasons)
    assert (reasons["surname"], reasons["date_of_birth"], reasons["given_name"]) == ("same", "same", "alike")
    assert job.result["rows"] == [["Pairs to decide", 3], ["Merged by themselves", 0]]
    assert not Candidate.objects.exists()


def test_a_pair_called_never_the_same_is_not_offered_again(admin):
    _cast()
    for first in ("Kate", "Katherine"):
        factories.contact(first, "Lindqvist", birthday_on=BORN)
    _scan(admin)
    ContactPair.objects.get().decide(by=admin)

    _scan(admin, whole=True)

    assert ContactPair.objects.get().state == ContactPair.State.NEVER


def test_the_next_night_compares_only_who_has_changed(admin, time_machine):
    time_machine.move_to("2026-03-01 02:00Z", tick=False)
    _cast()
    old = [factories.contact(first, "Lindqvist", birthday_on=BORN) for first in ("Kate", "Katherine")]
    _scan(admin)
    ContactPair.objects.all().delete()
    time_machine.move_to("2026-03-02 01:00Z", tick=False)
    new = factories.contact("Catherine", "Lindqvist", birthday_on=BORN)
    with_address = factories.contact("Rosa", "Winter")
    Contact.objects.filter(pk=with_address.pk).update(updated_at=datetime(2026, 1, 1, tzinfo=UTC))
    for contact in (with_address, old[0]):
        points.add_point(contact, "phone", "+49 30 55501192")
    time_machine.move_to("2026-03-02 02:00Z", tick=False)

    _scan(admin)

    found = set(ContactPair.objects.values_list("first", "second"))
    assert {(old[0].pk, new.pk), (old[1].pk, new.pk)} <= found
    assert DuplicateSettings.get().scanned_to == timezone.now()


@pytest.mark.parametrize("on", [False, True])
def test_only_what_is_certain_is_merged_by_itself_and_only_when_wished(admin, on):
    DuplicateSettings.objects.create(pk=1, is_automatic=on)
    _cast(20)
    twins = [
        factories.contact("Katherine", "Lindqvist", birthday_on=BORN, city="Bonn", street="Mill Lane 4") for _n in "ab"
    ]
    for one in twins:
        points.add_point(one, "email", "kate@home.example")
    factories.contact("Walter", "Lindqvist", birthday_on=date(1986, 5, 3), city="Bonn", street="Mill Lane 4")

    _scan(admin)

    assert Contact.objects.filter(last_name="Lindqvist").count() == (2 if on else 3)
    assert list(Merge.objects.values_list("kept_id", "gone_id", "is_automatic")) == (
        [(twins[0].pk, twins[1].pk, True)] if on else []
    )


def test_a_scan_that_died_goes_on_where_it_stood(admin):
    _cast()
    one, two = (factories.contact("Katherine", "Lindqvist", birthday_on=BORN) for _n in "ab")
    mine = uuid4()
    place = {"began": timezone.now().isoformat(), "weighed": True, "run": str(mine), "weighed_n": 7}
    job = Job.objects.create(kind="contacts.duplicates", by=admin, checkpoint=place)
    Candidate.objects.create(run=mine, first_id=one.pk, second_id=two.pk)
    Candidate.objects.create(run=mine, first_id=one.pk, second_id=10**9)

    jobs.run({"job": job.pk})

    job.refresh_from_db()
    assert (job.state, job.done, ContactPair.objects.count()) == (Job.State.DONE, 9, 1)


@pytest.mark.parametrize("moment", ["_collect", "_forget", "_weigh"])
def test_two_searches_at_once_lose_nothing(admin, monkeypatch, moment):
    """The second runs from its beginning to its end while the first is just about to do the next thing."""
    _cast()
    for _n in "ab":
        factories.contact("Katherine", "Lindqvist", birthday_on=BORN, email="kate@home.example")
    first, second = (jobs.start("contacts.duplicates", by=admin, params={"whole": True}) for _n in "ab")
    real = getattr(scan, moment)

    def step_aside(*args):
        monkeypatch.setattr(scan, moment, real)
        jobs.run({"job": second.pk})
        return real(*args)

    monkeypatch.setattr(scan, moment, step_aside)
    jobs.run({"job": first.pk})

    assert set(Job.objects.values_list("state", flat=True)) == {Job.State.DONE}
    assert (ContactPair.objects.open().count(), Candidate.objects.count()) == (1, 0)


def test_a_search_that_was_taken_up_twice_loses_nothing(admin, monkeypatch):
    """The first worker's lease ran out while it collected; a second does the whole job meanwhile."""
    _cast()
    for _n in "ab":
        factories.contact("Katherine", "Lindqvist", birthday_on=BORN, email="kate@home.example")
    job = jobs.start("contacts.duplicates", by=admin, params={"whole": True})
    real = scan._forget

    def late(since):
        monkeypatch.setattr(scan, "_forget", real)
        jobs.run({"job": job.pk})
        real(since)

    monkeypatch.setattr(scan, "_forget", late)
    jobs.run({"job": job.pk})

    assert ContactPair.objects.open().count() == 1


def test_one_search_at_a_time_and_what_broke_off_leaves_nothing(client, admin, alice):
    client.force_login(admin)
    client.post(reverse("contacts:duplicate_search"))
    search_duplicates()
    client.force_login(alice)
    answer = client.post(reverse("contacts:duplicate_search"), follow=True)

    job = Job.objects.get(kind="contacts.duplicates")
    assert "A search is under way already" in answer.content.decode()
    Candidate.objects.create(run=uuid4(), first_id=1, second_id=2)
    jobs.cancel(job)

    client.post(reverse("contacts:duplicate_search"))
    assert not Candidate.objects.exists()
    assert list(Job.objects.order_by("pk").values_list("by", "state")) == [
        (admin.pk, "cancelled"),
        (alice.pk, "queued"),
    ]


def test_whoever_comes_by_letter_or_form_is_compared_at_once(alice, anna):
    people.create_contact(by=None, first_name="Aleksandr", last_name="Kovalev", email="a.kovalev@works.example")

    outbox.run_due()

    assert ContactPair.objects.get().first == anna


def test_namesakes_with_other_patronymics_are_two_people_unless_an_address_says_otherwise(admin):
    company = factories.company("Волна")
    olga = factories.contact("Татьяна", "Громова", middle_name="Олеговна", company=company, city="Пермь")
    factories.contact("Татьяна", "Громова", middle_name="Андреевна", company=company, city="Пермь")
    short = factories.contact("Татьяна", "Громова", middle_name="О.", company=company, city="Пермь")
    same = [factories.contact("Иван", "Белов", middle_name=name, company=company) for name in ("Петрович", "Сергеевич")]
    for one in same:
        points.add_point(one, "email", "ivan@volna.example")

    _scan(admin)

    found = set(ContactPair.objects.values_list("first", "second"))
    assert found == {(olga.pk, short.pk), (same[0].pk, same[1].pk)}


def test_companies_are_one_by_number_or_name_and_city_and_never_with_two_numbers():
    one = factories.company("ООО «Ромашка»", city="Пермь", inn="7707083893")
    two = factories.company("Romashka LLC", city="Пермь")
    factories.company("Ромашка", city="Томск", inn="7702070139")
    factories.company("Ландыш", city="Пермь")

    companies.scan()
    companies.scan()

    (pair,) = CompanyPair.objects.all()
    assert (pair.first, pair.second, pair.score) == (one, two, 0.97)
    CompanyPair.objects.update(state="never")
    companies.scan()
    assert CompanyPair.objects.get().state == "never"


def test_companies_that_share_one_thing_are_compared_and_no_others(django_assert_max_num_queries):
    by_site = [factories.company(name, domain=site) for name, site in (("Halden Messtechnik", "https://www.halden.test/"), ("Halden Messtechnik GmbH", "halden.test"))]  # fmt: skip
    by_slip = [factories.company(name, city="Bonn") for name in ("Northern Instruments", "Northern Instrumnets Ltd")]
    by_phone = [factories.company(name) for name in ("Kaspersen Tools", "Kasperson Tools")]
    for company in by_phone:
        points.add_point(company, "phone", "+49 30 55501192")
    # What a hundred firms are called says nothing of the word behind it.
    for name in ("Лаборатория «Волна»", "Лаборатория «Нева»"):
        factories.company(name, city="Пермь")
    for n in range(40):
        # Too many are called so: the name says nothing, and no two of them share anything else.
        factories.company("Sunrise", city=f"Town {n}")

    with django_assert_max_num_queries(12):
        companies.scan()

    found = set(CompanyPair.objects.values_list("first", "second"))
    assert found == {tuple(row.pk for row in rows) for rows in (by_site, by_slip, by_phone)}
    by_slip[1].city = "Kiel"
    by_slip[1].save()
    companies.scan()
    assert CompanyPair.objects.count() == 2


def test_a_company_that_comes_is_compared_at_once_and_never_the_same_stays(alice):
    one = factories.company("ООО «Ромашка»", inn="7707083893")

    two = people.create_contact(by=alice, first_name="Ann", company_name="Romashka").company
    Company.objects.filter(pk=two.pk).update(inn="7707083893")
    outbox.run_due()

    assert list(CompanyPair.objects.values_list("first", "second", "state")) == [(one.pk, two.pk, "open")]
    CompanyPair.objects.update(state="never")
    assert companies.look_at(Company.objects.get(pk=two.pk)) == 0
    assert CompanyPair.objects.get().state == "never"


def test_the_sweep_starts_a_quiet_job_each_night(admin):
    search_duplicates()
    outbox.run_due()

    assert Job.objects.get(kind="contacts.duplicates").state == Job.State.DONE
    assert not Notification.objects.exists()
    assert pairing.note_clusters(ContactPair) == 0
