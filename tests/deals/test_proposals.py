"""Proposals: figures to the cent, fixed once sent, answered once."""

import json
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from contacts.models import Task
from crm.mail import send_due
from crm.models import Delivery, Event, Notification
from deals.documents.pdf import document, render_pdf
from deals.models import Acceptance, Order, ProposalVersion
from deals.models.proposal import VersionIsFixed, hash_of
from deals.services import lines, proposals
from deals.totals import totals

FIREFOX = {"HTTP_USER_AGENT": "Mozilla/5.0 Firefox/140"}


@pytest.fixture
def draft(deal, pump, hours, alice):
    line = lines.add_product(deal, pump, by=alice, qty=3)
    line.discount_percent = Decimal(10)
    lines.change_line(deal, line, by=alice)
    lines.add_product(deal, hours, by=alice, qty=Decimal("1.5"))
    return proposals.draft_proposal(deal, by=alice).newest


@pytest.fixture
def sent(draft, alice):
    return proposals.send_version(draft, to="ann@client.test", by=alice, site="https://crm.test")


def test_the_figures_of_a_worked_example(draft):
    # 3 × 100.00 − 10 % = 270.00 at 19 %; 1.5 × 33.33 = 49.995 → 50.00 at 7 %.
    assert (draft.net, draft.tax, draft.total) == (Decimal("320.00"), Decimal("54.80"), Decimal("374.80"))
    assert draft.taxes == [
        {"rate": "7", "base": "50.00", "amount": "3.50"},
        {"rate": "19", "base": "270.00", "amount": "51.30"},
    ]


cents = st.decimals(min_value=0, max_value=10**6, places=2)
line = st.builds(
    SimpleNamespace,
    qty=st.decimals(min_value=Decimal("0.001"), max_value=1000, places=3),
    price=cents,
    cost=st.none() | cents,
    discount_percent=st.just(Decimal(0)) | st.decimals(min_value=0, max_value=100, places=2),
    discount_amount=st.just(Decimal(0)),
    tax_rate=st.sampled_from([Decimal(0), Decimal(7), Decimal(19), Decimal("12.5")]),
)


@given(st.lists(line, max_size=12), st.sampled_from(["EUR", "JPY"]))
def test_the_printed_figures_add_up(rows, currency):
    sums = totals(rows, currency)

    step = Decimal(1) if currency == "JPY" else Decimal("0.01")
    assert sum(sums.nets, Decimal(0)) == sums.net
    assert sum((tax.base for tax in sums.taxes), Decimal(0)) == sums.net
    assert sums.net + sum((tax.amount for tax in sums.taxes), Decimal(0)) == sums.total
    assert all(value % step == 0 and value >= 0 for value in (*sums.nets, sums.tax, sums.total))
    for row, net in zip(rows, sums.nets, strict=True):
        assert abs(net - row.qty * row.price * (1 - row.discount_percent / 100)) <= step / 2


@pytest.mark.parametrize("language", ["en", "ru"])
def test_editor_document_page_and_order_agree(client, deal, draft, alice, language):
    draft.language = language
    draft.save()
    version = proposals.send_version(draft, to="ann@client.test", by=alice, site="https://crm.test")
    deal.refresh_from_db()
    deal.win(by=alice)

    page = client.get(version.page_path, **FIREFOX).content.decode()
    shown = {"en": "€374.80", "ru": "374,80\u00a0€"}[language]
    order = Order.objects.get()
    assert document(version)["sums"][-1][1] == shown
    assert shown in page
    assert (deal.totals.total, order.total, version.total) == (Decimal("374.80"),) * 3
    assert [x.net for x in order.lines.all()] == [Decimal("270.00"), Decimal("50.00")]
    assert render_pdf(version).startswith(b"%PDF")


def test_a28_what_people_write_is_never_code(draft):
    draft.proposal.title = '#panic("no") #sys.inputs *[x]* $1 \\'
    draft.intro = '#read("/etc/passwd")'

    assert render_pdf(draft).startswith(b"%PDF")


def test_sending_fixes_the_version_and_queues_one_letter(sent, deal):
    letter = Delivery.objects.get()
    assert sent.token in letter.text
    assert letter.attachments == [sent.pdf.pk]
    assert hash_of(sent.token) == sent.token_hash
    assert sent.token not in json.dumps(list(ProposalVersion.objects.values()), default=str)
    assert Event.objects.about(deal).filter(kind="proposal.sent").count() == 1
    sent.total += 1
    with pytest.raises(VersionIsFixed):
        sent.save()


def test_a_sent_version_is_not_sent_again(sent, alice):
    with pytest.raises(proposals.CannotSend):
        proposals.send_version(sent, to="ann@client.test", by=alice, site="https://crm.test")

    assert Delivery.objects.count() == 1


def test_a_proposal_without_lines_is_not_sent(deal, alice):
    version = proposals.draft_proposal(deal, by=alice).newest

    with pytest.raises(proposals.CannotSend):
        proposals.send_version(version, to="ann@client.test", by=alice, site="https://crm.test")

    assert not Delivery.objects.exists()


def test_later_prices_do_not_reach_a_sent_version(sent, deal, pump, alice):
    row = deal.lines.first()
    row.price = Decimal(1)
    lines.change_line(deal, row, by=alice)

    sent.refresh_from_db()
    assert sent.total == Decimal("374.80")
    assert sent.fingerprint == sent.compute_fingerprint()


def test_a_look_counts_but_not_of_robots_and_colleagues(client, sent, deal, alice):
    client.get(sent.page_path, **FIREFOX)
    client.get(sent.page_path, HTTP_USER_AGENT="Slackbot-LinkExpanding 1.0")
    client.get(sent.page_path, headers={"Sec-Purpose": "prefetch", "User-Agent": "Mozilla/5.0"})
    client.head(sent.page_path, **FIREFOX)
    client.force_login(alice)
    client.get(sent.page_path, **FIREFOX)

    sent.refresh_from_db()
    assert (sent.views, sent.status) == (1, "sent")
    assert Event.objects.about(deal).filter(kind="proposal.viewed").count() == 1
    assert Notification.objects.filter(user=alice, kind="proposal.viewed").count() == 1


def test_accepting_keeps_the_evidence_once(client, sent, deal, alice):
    url = reverse("deals:offer_accept", args=[sent.token])
    for name in ("Ann Lee", "Somebody Else"):
        answer = client.post(url, {"name": name, "email": "ann@client.test", "agree": "on"}, **FIREFOX)
        assert answer.status_code == 302

    proof = Acceptance.objects.get()
    assert (proof.name, proof.fingerprint, proof.address, proof.agent) == (
        "Ann Lee",
        sent.fingerprint,
        "127.0.0.1",
        FIREFOX["HTTP_USER_AGENT"],
    )
    assert Event.objects.about(deal).filter(kind="proposal.accepted").count() == 1
    assert Task.objects.filter(target_type="deals.deal", target_id=deal.pk, owner=alice).count() == 1
    assert Notification.objects.filter(user=alice, kind="proposal.answered").count() == 1


@pytest.mark.parametrize("data", [{"name": "Ann"}, {"agree": "on"}, {}])
def test_a_yes_needs_name_and_tick(client, sent, data):
    answer = client.post(reverse("deals:offer_accept", args=[sent.token]), data, **FIREFOX)

    assert answer.status_code == 422
    assert not Acceptance.objects.exists()


def test_reading_never_accepts(client, sent):
    assert client.get(reverse("deals:offer_accept", args=[sent.token]), **FIREFOX).status_code == 405
    assert not Acceptance.objects.exists()


def test_a_no_with_its_reason_ends_the_offer(client, sent, alice):
    client.post(reverse("deals:offer_decline", args=[sent.token]), {"reason": "Too dear"}, **FIREFOX)
    client.post(reverse("deals:offer_accept", args=[sent.token]), {"name": "Ann", "agree": "on"}, **FIREFOX)

    sent.refresh_from_db()
    assert (sent.status, sent.decline_reason) == ("declined", "Too dear")
    assert not Acceptance.objects.exists()


def test_an_offer_that_ran_out_cannot_be_accepted(client, sent):
    with time_machine.travel(timezone.now() + timedelta(days=proposals.VALID_DAYS + 2)):
        answer = client.get(sent.page_path, **FIREFOX)
        client.post(reverse("deals:offer_accept", args=[sent.token]), {"name": "Ann", "agree": "on"}, **FIREFOX)
        assert b"has run out" in answer.content
        assert not Acceptance.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(days=proposals.VALID_DAYS + proposals.PAGE_DAYS + 2)):
        assert client.get(sent.page_path, **FIREFOX).status_code == 404


def test_a_withdrawn_page_and_a_guessed_one_are_not_there(client, sent, alice):
    path = sent.page_path
    proposals.revoke(sent, by=alice)

    assert client.get(path, **FIREFOX).status_code == 404
    assert client.get(reverse("deals:offer_show", args=["0" * 64]), **FIREFOX).status_code == 404
    assert client.post(path + "acceptance/", {"name": "Ann", "agree": "on"}, **FIREFOX).status_code == 404


def test_a_new_version_replaces_the_one_before(client, sent, alice):
    draft = proposals.start_version(sent.proposal)
    assert (draft.number, draft.status) == (2, "draft")
    newer = proposals.send_version(draft, to="ann@client.test", by=alice, site="https://crm.test")
    client.post(reverse("deals:offer_accept", args=[sent.token]), {"name": "Ann", "agree": "on"}, **FIREFOX)

    sent.refresh_from_db()
    assert (sent.status, newer.status) == ("replaced", "sent")
    assert b"newer version" in client.get(sent.page_path, **FIREFOX).content
    assert not Acceptance.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_letter_arrives_with_page_and_pdf(sent, smtp):
    send_due()

    letter = smtp.letters[0].message
    names = [part.get_filename() for part in letter.walk() if part.get_filename()]
    assert names == [f"{sent.proposal.number}-1.pdf"]
    assert f"https://crm.test{sent.page_path}" in letter.get_body(["plain"]).get_content()
