"""The figures of data quality by owner, team, source, segment and day, bad sources, reminders, and who sees what."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import Segment, SegmentMembership
from contacts.bench_quality import measure_rows
from contacts.models import BadSource, Contact, ImportRun, QualityFigure, QualityRule, QualitySettings
from contacts.quality import verify_rows
from contacts.services.quality import figures, measuring, sources, stale
from contacts.tasks import count_quality, remind_of_stale
from crm import files
from crm.models import Event, Notification
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(workspace, alice, bob, mallory):
    """Alice's two of the fair, one of them bad; Bob's one; one of another team; one of nobody."""
    made = [
        factories.contact(
            "Ann", "Lee", owner=alice, team=alice.team, source="Fair", email="ann@example.com", city="Ulm"
        ),
        factories.contact("test", "", owner=alice, team=alice.team, source="Fair"),
        factories.contact("Ben", "Orr", owner=bob, team=bob.team, source="Web"),
        factories.contact("Max", "Ode", owner=mallory, team=mallory.team, source="Web"),
        factories.contact("Eva", "Lind"),
    ]
    measuring.settle_all()
    figures.count()
    return made


def _plain(contacts):
    """What the figures of these records are, counted one by one."""
    rows = [
        contact.measured
        for contact in Contact.objects.filter(pk__in=[c.pk for c in contacts]).select_related("measured")
    ]
    return sum((Decimal(row.total) for row in rows), Decimal(0)) / len(rows), len(rows)


def test_figures_are_those_of_the_records(admin, people):
    found = figures.now(admin, "contact", "owner_id")

    for owner, mine in ((people[0].owner_id, people[:2]), (people[2].owner_id, people[2:3]), (None, people[4:])):
        mean, n = _plain(mine)
        assert (found[owner].records, found[owner].total) == (n, mean.quantize(Decimal("0.1")))
    fair = figures.now(admin, "contact", "source")["Fair"]
    assert (fair.records, fair.bad) == (2, 1)
    name = QualityRule.objects.get(subject="contact", test="name")
    missing = QualityRule.objects.get(subject="contact", test="filled", field="email")
    assert (fair.gaps[name.pk], fair.gaps[missing.pk]) == (1, 1)
    assert fair.of("freshness") == Decimal("100.0")
    assert fair.of("consistency") is not None


def test_everybody_sees_the_figures_of_the_own_records_alone(client, alice, bob, carol, mallory, admin, people):
    def seen(user):
        return figures.now(user, "contact", "subject").get("contact", figures.Mean()).records

    assert [seen(user) for user in (alice, bob, carol, mallory, admin)] == [2, 3, 5, 1, 5]
    assert [day for day, mean in figures.days(alice, "contact", timezone.localdate())] == [timezone.localdate()]
    assert figures.days(alice, "contact", timezone.localdate())[0][1].records == 2
    assert figures.days(alice, "contact", timezone.localdate(), source="Web") == []
    client.force_login(mallory)
    page = client.get(reverse("contacts:quality")).content.decode()
    assert "Alice" not in page
    assert "Fair" not in page
    assert "These are the figures of the records that you may see." in page


def test_the_days_of_the_past_make_the_line(client, admin, people):
    today = timezone.localdate()
    monday = today - timedelta(days=today.weekday())
    for back, total in ((203, 40), (98, 50), (35, 60)):
        QualityFigure.objects.create(
            day=monday - timedelta(days=back), subject="contact", cut="owner", owner_id=None, records=4, total=4 * total,
            scored=[4, 0, 0, 0, 0], completeness=4 * total,
        )  # fmt: skip
    client.force_login(admin)

    page = client.get(reverse("contacts:quality")).content.decode()

    days = figures.days(admin, "contact", today - timedelta(days=365))
    assert [mean.total for _day, mean in days[:3]] == [Decimal(40), Decimal(50), Decimal(60)]
    assert [mean.of("completeness") for _day, mean in days[:3]] == [Decimal(40), Decimal(50), Decimal(60)]
    assert days[0][1].of("validity") is None
    assert f'"{monday - timedelta(days=203)}"' in page
    assert "a month ago: 60.0 %" in page
    # Counted twice on one day it stands there once; of what is long ago only the Mondays stay.
    before = QualityFigure.objects.count()
    QualityFigure.objects.create(day=monday - timedelta(days=202), subject="contact", cut="owner", records=1, total=1)
    figures.count()
    assert QualityFigure.objects.count() == before
    assert not QualityFigure.objects.filter(day=monday - timedelta(days=202)).exists()


def test_segments_have_figures_for_those_who_see_everybody(client, alice, admin, people):
    segment = Segment.objects.create(name="The fair", tree={"all": []}, owner=admin)
    for contact in people[:2]:
        SegmentMembership.objects.create(segment=segment, contact=contact)
    SegmentMembership.objects.create(segment=segment, contact=people[2], left_at=timezone.now())
    figures.count()

    assert figures.segments(admin)[segment.pk].records == 2
    assert figures.segments(alice) == {}
    client.force_login(admin)
    assert "The fair" in client.get(reverse("contacts:quality")).content.decode()


def test_the_page_leads_to_the_records_behind_each_gap(client, admin, people, django_assert_max_num_queries):
    client.force_login(admin)
    rule = QualityRule.objects.get(subject="contact", test="name")

    with django_assert_max_num_queries(36):
        page = client.get(reverse("contacts:quality")).content.decode()
    url = page.split(f">{rule}</a>")[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")

    rows = client.get(url).content.decode()
    assert "test" in rows
    assert "Lind" not in rows
    assert client.get(reverse("contacts:quality") + "?of=company").status_code == 200
    assert client.get(reverse("contacts:quality") + "?show=validity").status_code == 200
    assert client.get(reverse("contacts:quality") + "?show=x").status_code == 404


@pytest.mark.parametrize(
    ("bad", "n", "lower"), [(0, 0, 0.0), (0, 10, 0.0), (10, 10, 0.7225), (3, 5, 0.2307), (50, 100, 0.4038), (500, 1000, 0.4691)]
)  # fmt: skip
def test_the_lower_end_of_wilsons_interval(bad, n, lower):
    assert sources.wilson_lower(bad, n) == pytest.approx(lower, abs=0.0001)


@given(n=st.integers(1, 5000), share=st.floats(0, 1))
def test_the_lower_end_is_below_the_share_and_grows_with_the_number(n, share):
    bad = round(n * share)

    assert 0 <= sources.wilson_lower(bad, n) <= bad / n + 1e-12
    assert sources.wilson_lower(bad, n) <= sources.wilson_lower(bad * 10, n * 10) + 1e-12


def test_a_source_that_turns_bad_is_named_and_told_to_those_who_can_act_once(
    client, alice, bob, admin, mallory, workspace, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    QualitySettings.objects.create(pk=1, source_least=10, source_share=20)
    run = ImportRun.objects.create(
        owner=alice, team=alice.team, by=alice, headers=["Name"], encoding="utf-8", separator=",",
        file=files.store(b"Name\nAnn\n", "fair.csv", by=alice),
    )  # fmt: skip
    mine = {"owner": bob, "team": bob.team}
    for n in range(12):
        factories.contact("test" if n % 2 else "Ann", f"Lee{'' if n % 2 else 'a'}", source="fair.csv", **mine)
    for _n in range(6):
        factories.contact("test", "", source="few.csv", **mine)
    measuring.settle_all()

    for _count in range(2):
        count_quality()
        measuring.mark_all("contact")
        measuring.settle_all()

    row = BadSource.objects.get()
    assert (row.source, row.share, row.until_on) == ("fair.csv", Decimal("50.0"), None)
    # Alice brought the file, Bob leads the team that holds the records; Mallory has to do with neither.
    told = Notification.objects.filter(kind=sources.KIND)
    assert sorted(told.values_list("user__name", flat=True)) == ["Admin", "Alice", "Bob"]
    assert "fair.csv" in told.first().text
    client.force_login(admin)
    page = client.get(reverse("contacts:quality")).content.decode()
    assert page.count("chip red") == 1
    assert run.get_absolute_url() in page
    client.force_login(bob)
    assert run.get_absolute_url() not in client.get(reverse("contacts:quality")).content.decode()

    Contact.objects.filter(source="fair.csv").update(first_name="Ann")
    measuring.settle_all()
    count_quality()
    row.refresh_from_db()
    assert row.until_on == timezone.localdate()
    assert told.count() == 3


def test_owners_hear_on_monday_morning_of_what_is_old_once(alice, bob, workspace):
    monday = datetime(2026, 3, 2, 9, tzinfo=UTC)
    with time_machine.travel(monday, tick=False):
        old = {"created_at": monday - timedelta(days=500), "team": alice.team}
        factories.contact("Ann", owner=alice, **old)
        factories.contact("Ben", owner=alice, **old)
        factories.contact("Eva", owner=alice, team=alice.team, created_at=monday)
        factories.contact("Max", owner=bob, **old)
        factories.company("Acme", owner=alice, **old)
        bob.notify = {stale.KIND: {"page": False, "mail": False}}
        bob.save()
        measuring.settle_all()

        remind_of_stale()
        remind_of_stale()

    note = Notification.objects.get(kind=stale.KIND)
    assert note.user == alice
    assert note.text == "Look through what is old, and press “Still right”: 2 people, 1 company."
    for moment in (monday.replace(hour=6), monday + timedelta(days=1)):
        assert stale.remind(moment) == 0


def test_many_are_still_right_at_once(alice, people):
    verify_rows(None, people[:2], {}, alice)

    assert Contact.objects.filter(verified_at__isnull=False).count() == 2
    assert Event.objects.filter(kind="contact.verified", actor_id=alice.pk).count() == 2


def test_the_bench_measures_without_a_change(people):
    found = measure_rows(None, 3)

    assert found["records"] == 3
    assert measuring.differences("contact") == 0
