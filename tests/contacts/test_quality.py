"""Data quality: the formula by the golden case, the same in the database and in Python, kept current, with rights."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.models import (
    Contact,
    ContactPair,
    ContactPoint,
    ContactQuality,
    Employment,
    QualityMark,
    QualityRule,
    QualitySettings,
)
from contacts.services import people
from contacts.services.merging import merge_contacts, undo_merge
from contacts.services.quality import measuring
from contacts.services.quality.gaps import gaps_of
from contacts.services.quality.rules import broken_by, current
from contacts.tasks import measure_everything, settle_quality
from crm import conditions, notes
from crm.models import Event
from tests import factories
from tests.contacts import naive_quality

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def _only(*rules):
    """Leave these rules alone in use: (dimension, test, weight, field, days)."""
    QualityRule.objects.all().delete()
    for dimension, test, weight, field, days in rules:
        QualityRule.objects.create(
            subject="contact", dimension=dimension, test=test, weight=weight, field=field, days=days
        )


def _measured(contact):
    measuring.Measure("contact").of([contact.pk])
    return ContactQuality.objects.get(pk=contact.pk)


def test_golden_case_18(workspace):
    """Weights e-mail .4, phone .2, company .2, owner .2; phone "12345", owner empty; verified 400 d ago, half-life 365."""
    weights = (("email", 40), ("phone", 20), ("company", 20), ("owner", 20))
    filled = [("completeness", "filled", weight, name, None) for name, weight in weights]
    valid = [("validity", test, weight, "", None) for test, weight in weights]
    _only(*filled, *valid, ("freshness", "fresh", 10, "", 365))
    contact = factories.contact(
        email="ann@example.com", phone="12345", company=factories.company(), country="DE",
        created_at=timezone.now() - timedelta(days=900), verified_at=timezone.now() - timedelta(days=400, hours=1),
    )  # fmt: skip

    found = _measured(contact)

    assert found.completeness == Decimal("80.0")
    assert found.validity == Decimal("75.0")
    assert found.freshness == Decimal("46.8")
    assert (found.uniqueness, found.consistency) == (None, None)
    # (40 · 80 + 30 · 75 + 10 · 46.8) / 80
    contact.refresh_from_db()
    assert found.total == contact.quality == 74
    assert [(g.rule.test, g.rule.field) for g in gaps_of(contact, found)] == [
        ("filled", "owner"), ("phone", ""), ("fresh", ""),
    ]  # fmt: skip


_NAMES = st.sampled_from(["", "Ann", "ANNA", "test", "Соколов", "Иван", "Aнна", "Eve 🌸", "info@x.de", "d'Arc"])
_PEOPLE = st.fixed_dictionaries(
    {
        "first_name": _NAMES,
        "last_name": _NAMES,
        "email": st.sampled_from(["", "a@acme.de", "a@gmail.com", "a@b", "a,b@acme.de"]),
        "phone": st.sampled_from(["", "12345", "+49 30 5550001", "+7 900 000 00 01", "8 800"]),
        "country": st.sampled_from(["", "DE", "RU", "de"]),
        "stage": st.sampled_from(["lead", "customer"]),
        "birthday_on": st.sampled_from([None, date(1980, 3, 5), date(1880, 1, 1), date(2090, 1, 1)]),
    }
)
_AGES = st.one_of(st.none(), st.integers(-3, 3000))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=_PEOPLE, created=st.integers(0, 3000), verified=_AGES, touched=_AGES, weights=st.lists(st.integers(1, 40), min_size=60, max_size=60),
    dimensions=st.lists(st.integers(0, 50), min_size=5, max_size=5), score=st.sampled_from([None, 0.3, 0.72, 0.995]),
    flags=st.lists(st.booleans(), min_size=8, max_size=8),
)  # fmt: skip
def test_the_database_and_python_agree_on_every_score(
    workspace, alice, mallory, fields, created, verified, touched, weights, dimensions, score, flags
):
    now = timezone.now()
    Contact.objects.all().delete()
    owned, at_work, site, placeholder, dead, left, only_team, half_off = flags
    firm = factories.company("test" if placeholder else "Acme", domain="https://www.acme.de/" if site else "")
    measuring.Measure("company").of([firm.pk])
    ages = {"verified_at": verified, "last_touch_at": touched}
    ages = {name: None if age is None else now - timedelta(days=age, hours=7) for name, age in ages.items()}
    contact = factories.contact(
        **{("first" if k == "first_name" else "last" if k == "last_name" else k): v for k, v in fields.items()}, **ages,
        created_at=now - timedelta(days=created, hours=5), company=firm if at_work else None, owner=alice if owned else None, team=alice.team,
    )  # fmt: skip
    if at_work:
        Employment.objects.create(contact=contact, company=firm, is_primary=True, has_left=left)
    if fields["email"]:
        ContactPoint.objects.create(
            contact=contact, kind="email", value=fields["email"], norm=fields["email"], is_primary=True,
            bounced_at=now if dead else None,
        )  # fmt: skip
    if score:
        ContactPair.objects.create(first=contact, second=factories.contact("Other"), score=score)
    QualityRule.objects.get_or_create(
        subject="contact",
        dimension="freshness",
        test="touched",
        days=90,
        team=mallory.team if only_team else alice.team,
    )
    for place, rule in enumerate(QualityRule.objects.filter(subject="contact").order_by("pk")):
        QualityRule.objects.filter(pk=rule.pk).update(weight=weights[place], is_on=not (half_off and place % 2))
    QualitySettings.objects.update_or_create(
        pk=1, defaults=dict(zip(measuring.Dimension.values, dimensions, strict=True))
    )

    found = _measured(contact)

    contact = Contact.objects.select_related("company", "owner").get(pk=contact.pk)
    expected, total, gaps = naive_quality.scores(
        contact, current("contact"), QualitySettings.get().weights, now, workspace.country
    )
    assert {name: getattr(found, name) for name in expected} == expected
    assert (found.total, contact.quality, found.gaps) == (total, total, gaps)


def test_whatever_changes_a_record_and_however_its_score_follows(workspace, alice):
    ann = people.create_contact(
        by=alice, first_name="Ann", last_name="Lee", email="ann@acme.example", company_name="Acme"
    )
    measuring.settle_all()
    before = ContactQuality.objects.get(pk=ann.pk)
    assert (before.completeness, ann.quality) == (Decimal("70.0"), before.total)

    Contact.objects.filter(pk=ann.pk).update(city="Ulm", language="de")
    ContactPoint.objects.filter(contact=ann).update(bounced_at=timezone.now())
    other = factories.contact("Ann", "Leigh")
    ContactPair.objects.create(first=ann, second=other, score=0.9)
    Employment.objects.filter(contact=ann).update(has_left=True)
    assert QualityMark.objects.filter(kind="contact", record_id=ann.pk).count() >= 4
    settle_quality()

    after = ContactQuality.objects.get(pk=ann.pk)
    assert not QualityMark.objects.exists()
    assert (after.completeness, after.uniqueness) == (Decimal("80.0"), Decimal("10.0"))
    broken = {QualityRule.objects.get(pk=pk).test for pk in after.gaps}
    assert broken == {"filled", "bounced", "duplicate", "has_left"}
    assert [measuring.differences(kind) for kind in measuring.MODELS] == [0, 0]
    # What is nobody's change notes nothing, and measuring again writes nothing.
    Contact.objects.filter(pk=ann.pk).update(score=50, next_step="Call")
    assert not QualityMark.objects.exists()
    assert measuring.Measure("contact").of([ann.pk, other.pk]) == 0
    # Whoever is gone is forgotten.
    other.delete()
    settle_quality()
    assert not ContactQuality.objects.filter(pk=other.pk).exists()


def test_a_night_makes_old_what_nobody_has_looked_through(workspace):
    contact = factories.contact()
    measuring.settle_all()
    assert ContactQuality.objects.get(pk=contact.pk).freshness == Decimal("100.0")

    Contact.objects.filter(pk=contact.pk).update(created_at=timezone.now() - timedelta(days=366))
    QualityMark.objects.all().delete()
    assert measuring.differences("contact") == 1
    measure_everything()
    settle_quality()

    assert ContactQuality.objects.get(pk=contact.pk).freshness == Decimal("49.9")
    assert measuring.differences("contact") == 0


def test_a_night_tells_the_log_what_was_never_noted(workspace, caplog):
    known, lost, noted = factories.contact("Ann"), factories.contact("Ben"), factories.contact("Eva")
    measuring.settle_all()
    Contact.objects.filter(pk__in=[lost.pk, noted.pk]).update(city="Ulm")
    Contact.objects.filter(pk=known.pk).update(created_at=timezone.now() - timedelta(days=366))
    QualityMark.objects.exclude(record_id=noted.pk).delete()

    measure_everything()

    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == ["The scores of some records (contact) were not what their data give: completeness of 1."]
    settle_quality()
    caplog.clear()
    measure_everything()
    assert not caplog.records
    # While all are waiting to be measured nothing is missed.
    assert measuring.missed("contact") == {}


def test_everybody_is_measured_in_stretches_that_survive_a_crash(workspace):
    rows = Contact.objects.bulk_create([Contact(first_name=f"P{n}") for n in range(7)])
    QualityMark.objects.all().delete()
    measuring.mark_all("contact")

    assert measuring.settle(limit=3) == 1
    assert ContactQuality.objects.count() == 3
    assert QualityMark.objects.get().after == rows[2].pk
    while measuring.settle(limit=3):
        pass

    assert ContactQuality.objects.count() == 7
    assert measuring.differences("contact") == 0


def test_many_rows_at_once_are_noted_as_all(workspace):
    QualityMark.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contacts_contactpair (first_id, second_id, score, reasons, state, found_at)"
            " SELECT n, n + 1, 0.5, '[]', 'open', now() FROM generate_series(1, 20001) n"
        )
        assert list(QualityMark.objects.values_list("kind", "record_id")) == [("contact", None)]
        cursor.execute("DELETE FROM contacts_contactpair")


def test_merging_and_its_undo_leave_no_score_behind(workspace, alice):
    kept = people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="ann@example.com")
    gone = people.create_contact(by=alice, first_name="Ann", last_name="Lee", city="Bonn")
    measuring.settle_all()

    merge = merge_contacts(kept, gone, by=None)
    measuring.settle_all()
    assert list(ContactQuality.objects.values_list("pk", flat=True)) == [kept.pk]
    undo_merge(merge, by=alice)
    measuring.settle_all()

    assert ContactQuality.objects.count() == 2
    assert measuring.differences("contact") == 0


def test_who_breaks_a_rule_is_known_before_it_is_saved_and_asked_for_by_any_filter(workspace, alice, bob):
    mine = factories.contact("Ann", owner=alice, team=alice.team)
    theirs = factories.contact("Ben", owner=bob, team=alice.team, city="Ulm")
    tree = conditions.parse({"all": [{"field": "city", "op": "is", "value": "Ulm"}]}, "contact")
    rule = QualityRule(subject="contact", dimension="consistency", test="condition", tree=tree, name_en="From Ulm")

    assert list(broken_by(rule, Contact.objects.all())) == [theirs]
    assert list(broken_by(rule, Contact.objects.visible_to(alice))) == []
    rule.save()
    measuring.mark_all("contact")
    measuring.settle_all()

    asked = conditions.parse({"field": "gap", "op": "any_of", "value": [str(rule.pk)]}, "contact")
    assert list(conditions.matching(Contact.objects.all(), asked, "contact")) == [theirs]
    assert "From Ulm" in conditions.sentence(asked, "contact")
    low = conditions.parse({"not": {"field": "completeness", "op": "gte", "value": "35"}}, "contact")
    assert list(conditions.matching(Contact.objects.all(), low, "contact")) == [mine]


def test_the_page_names_each_gap_and_leads_to_where_it_is_mended(client, alice, workspace):
    ann = people.create_contact(
        by=alice,
        first_name="Соколов",
        last_name="Иван",
        email="ann@example.com",
        phone="+7 900 000 00 01",
        country="DE",
    )
    client.force_login(alice)

    page = client.get(ann.get_absolute_url()).content.decode()

    assert "The name cannot be used in a greeting: first and last name look swapped" in page
    assert f"{reverse('contacts:contact_edit', args=[ann.pk])}#id_first_name" in page
    assert f'hx-get="{reverse("contacts:contact_field", args=[ann.pk, "city"])}"' in page
    assert "The phone is from another country" in page
    with translation.override("ru"):
        assert "Не заполнено: Компания" in [gap.text for gap in gaps_of(ann, ContactQuality.objects.get(pk=ann.pk))]


def test_still_right_makes_a_record_fresh_and_says_so_once_a_day(client, alice, bob, carol, mallory, workspace):
    ann = people.create_contact(by=alice, first_name="Ann", last_name="Lee")
    Contact.objects.filter(pk=ann.pk).update(created_at=timezone.now() - timedelta(days=730))
    measuring.settle_all()
    assert ContactQuality.objects.get(pk=ann.pk).freshness == Decimal("25.0")
    url = reverse("contacts:verification_create", args=["contact", ann.pk])
    for reader, status in ((carol, 403), (mallory, 404)):
        client.force_login(reader)
        assert client.post(url).status_code == status
    assert Contact.objects.get().verified_at is None

    client.force_login(alice)
    pages = [client.post(url, **HTMX) for _press in range(2)]

    assert pages[0].status_code == 200
    assert "Looked through today" in pages[0].content.decode()
    assert ContactQuality.objects.get(pk=ann.pk).freshness == Decimal("100.0")
    assert Event.objects.filter(kind="contact.verified", contact_id=ann.pk).count() == 1


def test_a_letter_that_asks_for_what_is_missing_waits_in_the_composer(client, alice, carol, workspace):
    ann = people.create_contact(by=alice, first_name="Анна", last_name="Ли", email="ann@example.com", language="ru")
    url = reverse("contacts:question_create", args=[ann.pk])
    client.force_login(carol)
    assert client.post(url).status_code == 403
    client.force_login(alice)
    assert url in client.get(ann.get_absolute_url()).content.decode()

    assert client.post(url).status_code == 302

    draft = notes.draft_of(ann, alice)
    assert draft.data["kind"] == "email"
    assert draft.data["text"].startswith("Здравствуйте, Анна!")
    assert [line for line in draft.data["text"].splitlines() if line.startswith("–")] == [
        "– Телефон", "– Компания", "– Город", "– День рождения",
    ]  # fmt: skip
    again = client.post(url, follow=True).content.decode()
    assert "You were writing something here already." in again
    assert notes.draft_of(ann, alice).version == draft.version


def test_companies_are_measured_too(client, alice, workspace):
    acme = factories.company("test", owner=alice, team=alice.team, inn="7707083894", country="RU", domain="nowhere")
    measuring.settle_all()
    client.force_login(alice)

    page = client.get(acme.get_absolute_url()).content.decode()

    assert "The taxpayer number has a wrong digit" in page
    assert "The name is none of a company" in page
    acme.refresh_from_db()
    # Complete 40 of 100, valid 10 of 65, fresh, alone; nothing to compare: (40 · 40 + 30 · 15.4 + 10 · 100 + 10 · 100) / 90.
    assert acme.quality == 45
