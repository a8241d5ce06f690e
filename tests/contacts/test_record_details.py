"""What hangs on people and companies: addresses, roles, requisites, places, stages, the tree, collaborators."""

import threading
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from contacts import numbers
from contacts.dates import read_birthday
from contacts.models import Address, Company, Contact, ContactPoint, Employment, LifecycleStay, Requisite
from contacts.places import place_lines
from contacts.services import group, lifecycle, people, points
from crm import audit, conditions, participants
from crm.models import Notification, User
from crm.outbox import run_due
from crm.text import norm_email
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def ann(alice, workspace):
    return people.create_contact(
        by=alice, first_name="Ann", last_name="Lee", email="ann@example.com", company_name="Acme", job_title="Buyer"
    )


@pytest.fixture
def acme(ann):
    return ann.company


def _rows(client, owner, name, data, row=None):
    kind = owner._meta.model_name
    url = (
        reverse("contacts:row", args=[kind, owner.pk, name, row.pk])
        if row
        else reverse("contacts:rows", args=[kind, owner.pk, name])
    )
    return client.post(url, data, **HTMX)


# Addresses


def test_addresses_are_added_and_changed_in_place_with_what_is_known_of_them(client, alice, ann):
    client.force_login(alice)

    added = _rows(client, ann, "points", {"kind": "email", "value": "Ann+News@Example.com", "label": "news"})
    point = ann.points.get(norm="ann+news@example.com")
    changed = _rows(
        client, ann, "points",
        {"value": "Ann+News@Example.com", "label": "letters", "is_primary": "on", "verified_at": "on", "opted_out_at": "on"}, point,
    )  # fmt: skip

    point.refresh_from_db()
    assert (added.status_code, changed.status_code) == (200, 200)
    assert (point.value, point.label, point.is_primary) == ("Ann+News@Example.com", "letters", True)
    assert (bool(point.verified_at), bool(point.bounced_at), bool(point.opted_out_at)) == (True, False, True)
    assert Contact.objects.get(pk=ann.pk).email == "ann+news@example.com"


def test_another_address_is_not_verified_by_what_was_known_of_the_one_before(client, alice, ann):
    point = ann.points.get()
    ContactPoint.objects.update(verified_at=datetime(2026, 1, 1, tzinfo=UTC))
    client.force_login(alice)

    _rows(client, ann, "points", {"value": "lee@example.com", "verified_at": "on"}, point)

    point.refresh_from_db()
    assert (point.norm, point.verified_at) == ("lee@example.com", None)


def test_a_phone_without_country_code_is_read_in_the_country_of_its_person(ann):
    Contact.objects.update(country="GB")
    ann.refresh_from_db()

    assert points.add_point(ann, "phone", "020 7946 0123").norm == "+442079460123"


@pytest.mark.parametrize(
    ("written", "norm"),
    [
        ("Post@Bücher.example", "post@xn--bcher-kva.example"),
        ("почта@пример.рф", "почта@xn--e1afmkfd.xn--p1ai"),
        ("a+b@Example.COM", "a+b@example.com"),
        ("a@-.рф", "a@-.рф"),
    ],
)
def test_domains_in_other_letters_are_compared_in_the_form_in_which_they_travel(written, norm):
    assert norm_email(written) == norm


def test_an_address_somebody_has_is_hinted_and_may_be_shared(client, alice, ann):
    ben = people.create_contact(by=alice, first_name="Ben")
    client.force_login(alice)
    data = {"kind": "email", "value": "ann@example.com"}

    warned = _rows(client, ben, "points", data)
    assert (warned.status_code, ben.points.count()) == (422, 0)
    assert "Ann Lee" in warned.content.decode()

    assert _rows(client, ben, "points", data | {"anyway": "1"}).status_code == 200
    assert ben.points.get().norm == "ann@example.com"


def test_a_row_that_a_colleague_changed_meanwhile_is_not_written_over(client, alice, ann):
    point = ann.points.get()
    client.force_login(alice)
    opened = client.get(reverse("contacts:row", args=["contact", ann.pk, "points", point.pk]), **HTMX)
    was = opened.context["was"]
    ContactPoint.objects.update(label="office")

    refused = _rows(client, ann, "points", {"value": "ann@example.com", "label": "home", "was": was}, point)

    point.refresh_from_db()
    assert (refused.status_code, point.label) == (422, "office")
    again = _rows(
        client, ann, "points", {"value": "ann@example.com", "label": "home", "was": refused.context["was"]}, point
    )
    point.refresh_from_db()
    assert (again.status_code, point.label) == (200, "home")


def test_a_company_has_addresses_of_its_own_and_repeats_the_main_ones(client, alice, acme):
    client.force_login(alice)

    _rows(client, acme, "points", {"kind": "phone", "value": "+49 30 55501192"})
    _rows(client, acme, "points", {"kind": "email", "value": "office@acme.example"})

    acme.refresh_from_db()
    assert (acme.phone, acme.email) == ("+49 30 55501192", "office@acme.example")


# Roles in companies


def test_moving_to_another_company_keeps_the_history(client, alice, ann, acme):
    client.force_login(alice)

    _rows(client, ann, "employments", {"company": "Bolt", "role": "Director", "since_on": "2026-03-01", "moves": "on"})

    ann.refresh_from_db()
    rows = list(
        ann.employments.order_by("pk").values_list("company__name", "role", "is_primary", "has_left", "until_on")
    )
    assert rows == [("Acme", "Buyer", False, True, date(2026, 3, 1)), ("Bolt", "Director", True, False, None)]
    assert (ann.company.name, ann.job_title) == ("Bolt", "Director")
    assert [e.kind for e in _events(ann)][:2] == ["contact.moved", "company.created"] or _events(ann)[
        0
    ].kind == "contact.moved"


def _events(contact):
    from crm.models import Event

    return list(Event.objects.for_contact(contact))


def test_a_person_may_have_several_roles_in_one_company_but_each_once(client, alice, ann):
    client.force_login(alice)

    assert _rows(client, ann, "employments", {"company": "Acme", "role": "Auditor"}).status_code == 200
    refused = _rows(client, ann, "employments", {"company": "Acme", "role": "Auditor"})

    assert refused.status_code == 422
    assert "stands here already" in refused.content.decode()
    assert sorted(ann.employments.values_list("role", "is_primary")) == [("Auditor", False), ("Buyer", True)]


def test_who_has_left_everywhere_has_no_main_company(client, alice, ann):
    row = ann.employments.get()
    client.force_login(alice)

    _rows(client, ann, "employments", {"company": "Acme", "role": "Buyer", "has_left": "on", "is_primary": "on"}, row)

    ann.refresh_from_db()
    row.refresh_from_db()
    assert (row.has_left, row.is_primary, row.until_on is not None, ann.company) == (True, False, True, None)


def test_a_role_that_ends_before_it_begins_is_refused(client, alice, ann):
    client.force_login(alice)

    refused = _rows(
        client, ann, "employments", {"company": "Acme", "role": "x", "since_on": "2026-03-01", "until_on": "2026-02-01"}
    )

    assert (refused.status_code, Employment.objects.count()) == (422, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Employment.objects.update(since_on="2026-03-01", until_on="2026-02-01")


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


# Lifecycle


def test_every_way_of_changing_a_stage_leaves_a_stay(ann, alice):
    lifecycle.set_stage(ann, "qualified", by=alice)
    Contact.objects.filter(pk=ann.pk).update(stage="customer")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE contacts_contact SET stage = 'lost' WHERE id = %s", [ann.pk])
    Contact.objects.filter(pk=ann.pk).update(city="Ulm")

    stays = list(LifecycleStay.objects.order_by("pk").values_list("stage", "by", "how", "left_at"))
    assert [row[:3] for row in stays] == [
        ("lead", None, ""), ("qualified", alice.pk, "hand"), ("customer", None, ""), ("lost", None, ""),
    ]  # fmt: skip
    assert [row[3] is None for row in stays] == [False, False, False, True]
    with pytest.raises(IntegrityError), transaction.atomic():
        LifecycleStay.objects.create(contact=ann, stage="lead")


def test_the_history_of_stages_can_be_asked(ann, alice):
    lifecycle.set_stage(ann, "qualified", by=alice)
    factories.contact("Ben", "Ray", stage="qualified")
    tree = conditions.parse(
        {
            "has": "stays",
            "where": {"all": [{"field": "stage", "op": "is", "value": "lead"}, {"field": "left", "op": "not_empty"}]},
        },
        "contact",
    )

    assert list(conditions.matching(Contact.objects.all(), tree, "contact")) == [ann]


# The tree


@pytest.fixture
def firms(alice, workspace):
    return [factories.company(name, owner=alice, team=alice.team) for name in ("Top", "Middle", "Low")]


def test_a_company_cannot_stand_below_itself(firms, alice, client):
    top, middle, low = firms
    group.put_below(middle, top, by=alice)
    group.put_below(low, middle, by=alice)
    client.force_login(alice)

    refused = client.post(
        reverse("contacts:company_field", args=[top.pk, "parent"]), {"parent": "Low", "was": ""}, **HTMX
    )

    top.refresh_from_db()
    assert (refused.status_code, top.parent) == (422, None)
    assert "Low stands below Top already" in refused.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        Company.objects.filter(pk=top.pk).update(parent=low)


def test_the_whole_group_is_shown_with_its_figures_as_far_as_it_may_be_seen(firms, alice, mallory, client):
    top, middle, low = firms
    group.put_below(middle, top, by=alice)
    group.put_below(low, middle, by=alice)
    Company.objects.filter(pk=low.pk).update(owner=mallory, team=mallory.team)
    factories.contact(company=middle, owner=alice)
    client.force_login(alice)

    page = client.get(reverse("panel", args=["company", "group", middle.pk])).content.decode()

    assert group.branch_ids(top) == [top.pk, middle.pk, low.pk]
    assert "Top" in page
    assert "Middle" in page
    assert "Low" not in page


@pytest.mark.django_db(transaction=True)
def test_two_people_who_close_a_ring_at_once_are_not_both_right(workspace):
    one, two = factories.company("One"), factories.company("Two")
    barrier, refused = threading.Barrier(2), []

    def put(company, parent):
        try:
            with transaction.atomic():
                Company.objects.get(pk=company.pk)
                barrier.wait(10)
                Company.objects.filter(pk=company.pk).update(parent=parent)
        except IntegrityError as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=put, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(refused) == 1
    assert Company.objects.filter(parent__isnull=False).count() == 1


# Collaborators and followers


def _fresh(user):
    return User.objects.get(pk=user.pk)


def test_a_collaborator_may_see_or_change_and_never_delete_or_export(ann, mallory, client):
    client.force_login(mallory)
    assert client.get(ann.get_absolute_url()).status_code == 404

    participants.add_collaborator(ann, mallory, can_edit=False, by=ann.owner)
    assert client.get(ann.get_absolute_url()).status_code == 200
    assert client.get(reverse("contacts:contact_edit", args=[ann.pk])).status_code == 403
    assert list(Contact.objects.visible_to(_fresh(mallory))) == [ann]

    participants.add_collaborator(ann, mallory, can_edit=True, by=ann.owner)
    assert client.get(reverse("contacts:contact_edit", args=[ann.pk])).status_code == 200
    assert client.post(reverse("contacts:contact_delete", args=[ann.pk])).status_code == 403
    assert not Contact.objects.exportable_by(_fresh(mallory)).exists()
    assert client.get(ann.company.get_absolute_url()).status_code == 404

    participants.remove_collaborator(ann, mallory)
    assert client.get(ann.get_absolute_url()).status_code == 404


def test_a_role_that_hides_the_kind_keeps_hiding_it(ann):
    nobody = factories.user("Nobody", roles=[factories.role("none", {})])
    participants.add_collaborator(ann, nobody, can_edit=True, by=None)

    assert not Contact.objects.visible_to(_fresh(nobody)).exists()


def test_what_is_open_by_hand_is_found_by_its_key(ann, mallory, django_assert_num_queries):
    """Nobody pays for it who has nothing; who has something reads it by the index on the key."""
    participants.add_collaborator(ann, mallory, can_edit=False, by=None)
    user = _fresh(mallory)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE contacts_contact")
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan = Contact.objects.visible_to(user).explain()

    assert "SubPlan" not in plan
    assert "Seq Scan" not in plan
    with django_assert_num_queries(1):
        list(Contact.objects.visible_to(user))


def test_letting_somebody_in_and_out_by_the_page(client, alice, ann, mallory):
    client.force_login(alice)
    url = reverse("collaborator_create", args=["contact", ann.pk])

    assert client.post(url, {"user": "", "can_edit": "1"}, **HTMX).status_code == 422
    shown = client.post(url, {"user": mallory.pk, "can_edit": "0"}, **HTMX).content.decode()
    assert "Mallory" in shown
    assert Notification.objects.get(user=mallory).text == "Alice opened Ann Lee to you"

    client.post(reverse("collaborator_delete", args=["contact", ann.pk, mallory.pk]), **HTMX)
    assert not Contact.objects.visible_to(_fresh(mallory)).exists()


def test_followers_are_told_unless_they_did_it_or_may_not_see_it(ann, alice, carol, mallory):
    for user in (alice, carol, mallory):
        participants.follow(ann, user)

    people.log_talk(ann, "note", "Hello", by=alice)
    run_due()
    run_due()

    assert [(n.user, n.text) for n in Notification.objects.filter(kind="record.followed")] == [
        (carol, "Ann Lee: Alice wrote a note")
    ]


def test_who_may_only_see_a_record_may_follow_it(client, carol, ann):
    client.force_login(carol)

    client.post(reverse("follow", args=["contact", ann.pk]), **HTMX)
    assert carol.following.count() == 1
    client.post(reverse("follow", args=["contact", ann.pk]), {"stop": "1"}, **HTMX)
    assert carol.following.count() == 0


# History


def test_what_hangs_on_a_record_stands_in_its_history(client, alice, ann):
    client.force_login(alice)
    _rows(client, ann, "points", {"kind": "email", "value": "lee@example.com"})
    _rows(client, ann, "points", {"value": "lee@example.com", "label": "home"}, ann.points.get(norm="lee@example.com"))
    points.remove_point(ann.points.get(norm="lee@example.com"))

    found = [(c.label, c.before, c.after) for c in audit.changes_of(ann) if c.label.startswith("contact point")]

    assert ("contact point", None, "lee@example.com") in found
    assert ("contact point: label", "", "home") in found
    assert ("contact point", "lee@example.com", None) in found
    assert {c.who for c in audit.changes_of(ann) if c.after == "lee@example.com"} == {alice.pk}
