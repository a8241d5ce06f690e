"""The demo company."""

import io
import json
import stat
from datetime import timedelta
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from campaigns.models import Segment, StepRun
from contacts import numbers
from contacts.models import Company, CompanyPair, Contact, ContactPair, LifecycleStay, Requisite
from crm.models import Delivery, Event, Job, User, Workspace
from crm.seeding import Plan
from deals.models import Deal, Order
from deals.services.steps import refresh_stale_steps
from tickets.models import Ticket


def _seed(number=300, **options):
    call_command("seed_demo", contacts=number, stdout=io.StringIO(), **options)


def _people():
    return list(Contact.objects.order_by("pk").values_list("first_name", "last_name", "email", "stage", "score"))


def _requisites_are_right():
    """Numbers of the demo are invented, their check digits are not."""
    found = list(Requisite.objects.prefetch_related("accounts"))
    assert {row.country for row in found} == {"RU", "DE"}
    for row in found:
        account = row.accounts.get()
        wrong = [
            check(value)
            for check, value in (
                (numbers.wrong_inn, row.inn),
                (numbers.wrong_ogrn, row.ogrn),
                (numbers.wrong_vat, row.vat_id),
                (numbers.wrong_iban, account.iban),
                (partial(numbers.wrong_account, bik=account.bik), account.account),
            )
            if value
        ]
        assert wrong == [""] * len(wrong)


def test_the_demo_company_goes_through_every_function(db):
    _seed()
    assert Workspace.get().is_demo
    assert (Contact.objects.count(), Company.objects.count(), Deal.objects.count()) == (300, 30, 60)
    assert Ticket.objects.count() == 90
    assert set(Deal.objects.values_list("state", flat=True)) == {"open", "won", "lost"}
    assert not Deal.objects.filter(state="lost", loss_reason=None).exists()
    assert Order.objects.paid().exists()
    assert Segment.objects.filter(error="").count() == Segment.objects.count() > 0
    assert Contact.objects.filter(language="ru").exclude(middle_name="").exists()
    assert Event.objects.filter(kind="deal.won").count() == Deal.objects.filter(state="won").count()
    _requisites_are_right()
    assert LifecycleStay.objects.filter(left_at=None).count() == 300
    assert Company.objects.exclude(parent=None).exists()


def test_every_deal_stands_where_its_open_stay_says(db):
    _seed()
    stays = Deal.objects.filter(stays__left_at=None).values_list("pk", "stage_id", "stays__stage_id")
    assert len(stays) == 60
    assert all(stage == stay for _pk, stage, stay in stays)
    # What the cards say comes next is what the tasks say: the sweep finds nothing to mend.
    assert Deal.objects.filter(state="open").exclude(next_step="").exists()
    assert refresh_stale_steps() == 0


def test_whom_the_demo_holds_twice_the_search_has_found(db):
    _seed()
    people = ContactPair.objects.open().select_related("first", "second")
    twice = {
        pair for pair in people if {pair.first.email, pair.first.phone} & {pair.second.email, pair.second.phone} - {""}
    }
    assert len(twice) == 7
    assert {pair.first.country for pair in twice} == {"DE", "RU"}
    assert len(people) < 60
    firms = CompanyPair.objects.open().select_related("first", "second")
    assert sum(pair.first.domain == pair.second.domain for pair in firms) == 4
    assert Job.objects.get(kind="contacts.duplicates").state == "done"


def test_no_letter_of_the_demo_waits_to_be_sent(db):
    _seed()
    companys = Delivery.objects.filter(account="")
    assert not companys.filter(state__in=Delivery.WAITING).exists()
    # People with a mailbox of their own have one letter for the day after tomorrow.
    assert Delivery.objects.exclude(account="").filter(due_at__lt=timezone.now() + timedelta(days=1)).count() == 0
    # The figures of a sequence, the list of letters and the timeline tell of the same letters.
    sent = StepRun.objects.filter(outcome="sent")
    assert set(sent.values_list("delivery_id", flat=True)) == set(companys.values_list("pk", flat=True)) != set()
    assert Event.objects.filter(kind="email.sent", data__has_key="sequence").count() == sent.count()


def test_the_demo_writes_to_reserved_domains_only(db):
    _seed()
    addresses = {*Contact.objects.values_list("email", flat=True), *User.objects.values_list("email", flat=True)} - {""}
    endings = {address.rpartition("@")[2] for address in addresses}
    reserved = (".example", ".test", ".invalid", "example.com", "example.org", "example.net")
    assert [ending for ending in endings if not ending.endswith(reserved)] == []


def test_the_same_seed_writes_the_same_people_and_another_seed_others(db):
    def drawn(seed):
        plan = Plan(100, seed, timezone.now())
        plan.tools()
        with connection.cursor() as cursor:
            cursor.execute("SELECT array_agg(pg_temp.pick(i, 7, 1000) ORDER BY i) FROM generate_series(1, 50) i")
            return cursor.fetchone()[0]

    assert drawn(3) == drawn(3) != drawn(4)


def test_each_role_of_the_demo_gets_a_password_nobody_else_may_read(db, tmp_path):
    path = tmp_path / "keys"
    _seed(passwords=str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = json.loads(path.read_text())
    roles = {row["role"] for row in rows}
    assert roles >= {
        "owner",
        "sales_manager",
        "sales_rep",
        "support_lead",
        "support_agent",
        "marketer",
        "analyst",
        "admin",
    }
    assert all(User.objects.get(email=row["email"]).check_password(row["password"]) for row in rows)
    assert len({row["password"] for row in rows}) == len(rows)


def test_a_sales_rep_of_the_demo_sees_own_customers_only(db):
    _seed()
    rep = User.objects.filter(roles__code="sales_rep").first()
    seen = Contact.objects.visible_to(rep)
    assert 0 < seen.count() < 300
    assert set(seen.values_list("owner", flat=True)) == {rep.pk}


def test_a_database_with_users_is_left_alone(admin):
    with pytest.raises(CommandError, match="has users"):
        _seed()
    assert not Contact.objects.exists()


def test_the_benchmark_measures_every_page_of_a_seeded_company(db, tmp_path):
    _seed()
    path = tmp_path / "figures.json"
    call_command("bench", rounds=1, only="pages", out=str(path), stdout=io.StringIO())
    pages = json.loads(path.read_text())["pages"]
    assert {
        "sign-in",
        "today",
        "contact list",
        "contact page",
        "deal board",
        "ticket page",
        "KPI funnel",
    } <= pages.keys()
    assert all(page["queries"] < 70 for page in pages.values())
