"""Every page opens, for those who may, with few queries."""

import json
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm import files
from deals.models import Deal, Order
from deals.services import lines, proposals
from tests.filled_in import untouched


@pytest.fixture
def proposal(deal, pump, alice):
    lines.add_product(deal, pump, by=alice, qty=2)
    return proposals.draft_proposal(deal, by=alice)


@pytest.fixture
def order(make_deal, ann, alice):
    won = make_deal("Won one", contact=ann, amount=Decimal("500"))
    won.win(by=alice)
    return Order.objects.get()


def _addresses(deal, proposal, order, pump):
    return {
        reverse("deals:index"),
        reverse("deals:lane_heads"),
        reverse("deals:lane_cards", args=[deal.stage_id]),
        reverse("deals:table"),
        reverse("deals:new"),
        reverse("deals:suggestions", args=["contacts"]),
        reverse("deals:suggestions", args=["companies"]),
        reverse("deals:deal_show", args=[deal.pk]),
        reverse("deals:deal_edit", args=[deal.pk]),
        reverse("deals:card", args=[deal.pk]),
        reverse("deals:deal_field", args=[deal.pk, "contact"]),
        reverse("deals:deal_field", args=[deal.pk, "close_on"]),
        reverse("deals:deal_field_shown", args=[deal.pk, "contact"]),
        reverse("deals:line_products", args=[deal.pk]) + "?name=pum",
        reverse("deals:proposals"),
        reverse("deals:proposal_show", args=[proposal.pk]),
        reverse("deals:proposal_preview", args=[proposal.pk]),
        reverse("deals:proposal_pdf", args=[proposal.pk, 1]),
        reverse("deals:products"),
        reverse("deals:products") + "?q=nothing",
        reverse("deals:product_show", args=[pump.pk]),
        reverse("deals:product_new"),
        reverse("deals:orders"),
        reverse("deals:order_show", args=[order.pk]),
        reverse("panel", args=["contact", "deals", deal.contact_id]),
        reverse("panel", args=["contact", "orders", deal.contact_id]),
        reverse("timeline", args=["deal", deal.pk]),
        reverse("history", args=["deal", deal.pk]),
        reverse("today"),
    }


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_page_opens(client, admin, deal, proposal, order, pump, hours, language):
    admin.language = language
    admin.save()
    client.force_login(admin)

    answers = {url: client.get(url).status_code for url in _addresses(deal, proposal, order, pump)}

    assert {url: code for url, code in answers.items() if code != 200} == {}


def test_settings_pages_open_for_administrators_only(client, admin, bob, carol, pipeline, stages):
    addresses = [
        reverse("deals:pipelines"),
        reverse("deals:pipeline_edit", args=[pipeline.pk]),
        reverse("deals:stage_new", args=[pipeline.pk]),
        reverse("deals:stage_edit", args=[stages["New"].pk]),
    ]
    client.force_login(admin)
    assert [client.get(url).status_code for url in addresses] == [200] * 4

    client.force_login(carol)
    assert [client.get(url).status_code for url in addresses] == [403] * 4


def test_the_first_board_offers_a_pipeline(client, admin, workspace):
    client.force_login(admin)
    assert b"Make the usual pipeline" in client.get(reverse("deals:index")).content

    client.post(reverse("deals:set_up"))

    assert b"Negotiation" in client.get(reverse("deals:index")).content


READS = ["deals:deal_show", "deals:card"]
WRITES = [
    ("deals:deal_edit", []),
    ("deals:deal_field", ["close_on"]),
]
POSTS = [
    ("deals:stage_move_create", []),
    ("deals:stage_move_undo", []),
    ("deals:deal_reopen", []),
    ("deals:deal_delete", []),
    ("deals:step_create", []),
    ("deals:file_create", []),
    ("deals:line_create", []),
    ("deals:line_order", []),
    ("deals:proposal_create", []),
]


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize(("actor", "code"), [("alice", 200), ("bob", 200), ("carol", 200), ("mallory", 404)])
def test_who_sees_a_deal(request, client, deal, name, actor, code):
    client.force_login(request.getfixturevalue(actor))

    assert client.get(reverse(name, args=[deal.pk])).status_code == code


@pytest.mark.parametrize(("name", "rest"), [*WRITES, *POSTS])
@pytest.mark.parametrize(("actor", "code"), [("carol", 403), ("mallory", 404)])
def test_others_change_nothing(request, client, deal, stages, name, rest, actor, code):
    client.force_login(request.getfixturevalue(actor))
    before = Deal.objects.values().get(pk=deal.pk)

    answer = client.post(reverse(name, args=[deal.pk, *rest]), {"stage": stages["Qualified"].pk, "name": "Mine"})

    assert answer.status_code == code
    assert Deal.objects.values().get(pk=deal.pk) == before
    assert (deal.lines.count(), deal.proposals.count(), deal.stays.count()) == (0, 0, 1)


@pytest.mark.parametrize(("actor", "code"), [("carol", 403), ("mallory", 404)])
@pytest.mark.parametrize("name", ["proposal_update", "proposal_send", "proposal_renew", "proposal_revoke"])
def test_others_do_nothing_with_a_proposal(request, client, proposal, name, actor, code):
    client.force_login(request.getfixturevalue(actor))

    answer = client.post(reverse(f"deals:{name}", args=[proposal.pk]), {"to": "x@y.test", "title": "No"})

    proposal.refresh_from_db()
    assert answer.status_code == code
    assert (proposal.title, proposal.newest.status) == ("Pump line", "draft")


@pytest.mark.parametrize("name", ["proposal_show", "proposal_preview"])
@pytest.mark.parametrize(("actor", "code"), [("carol", 200), ("mallory", 404)])
def test_who_sees_a_proposal(request, client, proposal, name, actor, code):
    client.force_login(request.getfixturevalue(actor))

    assert client.get(reverse(f"deals:{name}", args=[proposal.pk])).status_code == code


def test_lists_hold_only_what_one_may_see(client, mallory, carol, deal, proposal, order):
    client.force_login(mallory)
    for name in ("deals:index", "deals:table", "deals:proposals", "deals:orders"):
        assert b"Pump line" not in client.get(reverse(name)).content
        assert b"Won one" not in client.get(reverse(name)).content
    assert client.get(reverse("deals:order_show", args=[order.pk])).status_code == 404


@pytest.mark.parametrize(
    ("page", "limit"), [("deals:index", 4), ("deals:table", 4), ("deals:proposals", 4), ("deals:orders", 3)]
)
def test_lists_ask_few_questions(client, alice, make_deal, ann, pump, page, limit):
    """Whole figures, cards and navigation; what the frame asks of the other apps is counted there."""
    for number in range(30):
        deal = make_deal(f"Deal {number}", stage=["New", "Qualified"][number % 2], contact=ann, amount=number)
        if number < 5:
            lines.add_product(deal, pump, by=alice)
            proposals.draft_proposal(deal, by=alice)
            deal.win(by=alice)
    client.force_login(alice)
    client.get(reverse(page))  # the first request of a session notes the session

    with CaptureQueriesContext(connection) as asked:
        assert client.get(reverse(page)).status_code == 200

    assert sum("deals_" in query["sql"] for query in asked.captured_queries) <= limit
    assert len(asked) <= (11 if page == "deals:index" else 13)


def test_a_filter_that_is_none_says_so(client, alice, deal):
    client.force_login(alice)

    page = client.get(reverse("deals:index"), {"f": '{"field": "salary", "op": "is", "value": 1}'})

    assert page.status_code == 200
    assert page.context["filter_problem"]


def test_totals_follow_the_filter_not_the_loaded_cards(client, alice, make_deal, stages):
    for number in range(30):
        make_deal(f"Deal {number}", amount=Decimal("10.10"))
    make_deal("Big", amount=Decimal("900"), probability=0)
    make_deal("Unknown")
    client.force_login(alice)
    tree = json.dumps({"field": "amount", "op": "lt", "value": 500})

    lanes = client.get(reverse("deals:index")).context["lanes"]
    assert (lanes[0].count, lanes[0].total, lanes[0].weighted) == (32, Decimal("1203.00"), Decimal("30.30"))
    assert (len(lanes[0].cards), lanes[0].more) == (20, 12)
    more = client.get(reverse("deals:lane_cards", args=[stages["New"].pk]), {"offset": "20"})
    assert (len(more.context["lane"].cards), more.context["lane"].more) == (12, 0)
    filtered = client.get(reverse("deals:index"), {"f": tree}).context
    assert not filtered["filter_problem"]
    assert (filtered["lanes"][0].count, filtered["lanes"][0].total) == (30, Decimal("303.00"))


def test_administrators_find_everything_in_django_admin(client, admin, deal, proposal, order, pump, pipeline, reason):
    client.force_login(admin)
    rows = {"deal": deal, "proposal": proposal, "order": order, "product": pump, "pipeline": pipeline}

    for name, row in {**rows, "lossreason": reason}.items():
        assert client.get(reverse(f"admin:deals_{name}_changelist"), {"q": "x"}).status_code == 200
        assert client.get(reverse(f"admin:deals_{name}_change", args=[row.pk])).status_code == 200


def test_files_of_a_deal_come_with_the_form_or_ahead_of_it(client, deal, alice):
    ahead = files.store(b"plan", "plan.txt", by=alice, kind="upload")
    client.force_login(alice)
    url = reverse("deals:file_create", args=[deal.pk])

    client.post(url, {"files": [str(ahead.uuid)], "file": [SimpleUploadedFile(f"{n}.txt", b"x") for n in "ab"]})
    nothing = client.post(url, {}, follow=True)

    assert [file.name for file in files.files_of(deal)] == ["b.txt", "a.txt", "plan.txt"]
    assert "Choose a file first." in nothing.content.decode()


def test_whoever_lost_the_record_lost_its_files_also_those_he_brought(client, deal, alice, mallory):
    kept = files.store(b"plan", "plan.txt", by=alice, target=deal)
    client.force_login(alice)
    assert client.get(reverse("file_show", args=[kept.uuid])).status_code == 200

    deal.assign_to(mallory)
    deal.save()

    assert client.get(reverse("file_show", args=[kept.uuid])).status_code == 404


def test_the_whole_form_keeps_what_a_colleague_wrote_meanwhile(client, alice, make_deal):
    deal = make_deal("Pumps", amount=Decimal("500"), source="Fair")
    client.force_login(alice)
    url = reverse("deals:deal_edit", args=[deal.pk])
    form = untouched(client.get(url).content.decode(), "form")
    Deal.objects.filter(pk=deal.pk).update(amount=Decimal("700"), currency="USD", rate=Decimal("0.9"), source="Web")

    assert client.post(url, form | {"name": "Pump line"}).status_code == 302
    deal.refresh_from_db()
    assert (deal.name, deal.amount, deal.currency, deal.source) == ("Pump line", Decimal("700"), "USD", "Web")
    assert (deal.rate, deal.amount_base) == (Decimal("0.9"), Decimal("630"))

    refused = client.post(url, form | {"name": "Pump line", "source": "Call"})
    deal.refresh_from_db()
    assert (refused.status_code, deal.source) == (422, "Web")
    assert refused.context["form"].theirs == [("Source", "Web")]


def test_a_fact_that_somebody_changed_meanwhile_is_not_written_over_at_once(client, deal, alice):
    client.force_login(alice)
    url = reverse("deals:deal_field", args=[deal.pk, "close_on"])
    opened = client.get(url).context["form"].opened
    Deal.objects.filter(pk=deal.pk).update(close_on=date(2026, 12, 24))

    refused = client.post(url, {"close_on": "2026-12-31", "opened": opened})
    now = Deal.objects.get(pk=deal.pk).close_on
    again = client.post(url, {"close_on": "2026-12-31", "opened": refused.context["form"].opened})

    assert (refused.status_code, now) == (422, date(2026, 12, 24))
    assert refused.context["form"].theirs == [("Expected close", "2026-12-24")]
    assert "Somebody changed this to “2026-12-24” meanwhile." in refused.text
    assert 'value="2026-12-31"' in refused.text
    assert (again.status_code, Deal.objects.get(pk=deal.pk).close_on) == (302, date(2026, 12, 31))
