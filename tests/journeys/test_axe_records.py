"""Every kind of record page and every public page on the demo company, both themes: axe-core finds nothing serious,
the console is silent, no other host is asked."""

import pytest
from django.core import signing
from django.urls import reverse

from analytics.kpis import KPIS
from campaigns.models import Enrolment, GuideForm, ScoreRule, Segment, Sequence
from campaigns.services import letters
from contacts.models import Company, Contact, Task
from crm.models import Delivery, Event, Team
from crm.models.calendar import BusinessCalendar
from deals.models import Order, Pipeline, Product, Proposal, ProposalVersion, Stage
from tests.journeys.conftest import DESK, PHONE, first
from tickets.models import Article, Ticket
from tickets.services import surveys

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

LOOKS = [("light", DESK), ("dark", PHONE)]


def records():
    """Addresses of a page of each kind of record."""
    sequence, deal = first(Sequence), first(Proposal).deal
    letter, contact = first(type(sequence.steps.first()), kind="letter"), first(Enrolment).contact
    told = Event.objects.filter(kind="deal.created").order_by("pk").first().contact_id
    pipeline = first(Pipeline)
    ticket = first(Ticket, requester__isnull=False)
    return [
        *(row.get_absolute_url() for row in (contact, Contact.objects.get(pk=told), first(Company), first(Task))),
        *(row.get_absolute_url() for row in (deal, ticket, first(Product), first(Order), first(Segment))),
        *(row.get_absolute_url() for row in (sequence, first(GuideForm))),
        reverse("contacts:contact_edit", args=[contact.pk]),
        reverse("contacts:company_edit", args=[first(Company).pk]),
        reverse("contacts:contact_new"),
        reverse("contacts:task_new"),
        reverse("contacts:import_new"),
        reverse("deals:deal_edit", args=[deal.pk]),
        reverse("deals:new"),
        reverse("deals:pipeline_edit", args=[pipeline.pk]),
        reverse("deals:stage_edit", args=[first(Stage, pipeline=pipeline).pk]),
        reverse("deals:proposal_show", args=[first(Proposal).pk]),
        reverse("tickets:new"),
        reverse("tickets:article_edit", args=[first(Article).pk]),
        reverse("tickets:calendar_edit", args=[first(BusinessCalendar).pk]),
        reverse("tickets:promise_edit", args=["high"]),
        reverse("campaigns:segment_new"),
        reverse("campaigns:sequence_new"),
        reverse("campaigns:sequence_edit", args=[sequence.pk]),
        reverse("campaigns:sequence_people", args=[sequence.pk]),
        reverse("campaigns:why", args=[sequence.pk, contact.pk]),
        reverse("campaigns:letter_edit", args=[sequence.pk, letter.pk]),
        reverse("campaigns:letter_new", args=[sequence.pk]),
        reverse("campaigns:score_edit", args=[first(ScoreRule).pk]),
        reverse("campaigns:handoff"),
        *(reverse("analytics:show", args=[kpi.name]) for kpi in KPIS),
        *(reverse("history", args=[kind, row.pk]) for kind, row in (("deal", deal), ("contact", contact))),
        reverse("team_edit", args=[first(Team).pk]),
        reverse("mfa_index"),
        reverse("mfa_activate_totp"),
        reverse("usersessions_list"),
        reverse("account_change_password"),
    ]


def public_pages():
    """Addresses that the world may open, with tokens that are good, used and bad."""
    delivery = Delivery.objects.create(
        kind="campaign", key="axe", purpose="campaigns.step", to="ann@example.test", message_id="<axe@x>", state="sent",
        refs={"enrolment": 0, "step": 0, "letter": 0, "sequence": 0}, contact_id=first(Contact).pk,
    )  # fmt: skip
    version = ProposalVersion.objects.exclude(token_salt="").order_by("pk").first()
    ticket = Ticket.objects.filter(resolved_at__isnull=False).order_by("pk").first()
    article = first(Article, state="published")
    return [
        reverse("public:unsubscribe", args=[letters.token(delivery)]),
        reverse("public:unsubscribe", args=[letters.token(None)]),
        *(guide.public_url for guide in GuideForm.objects.all()),
        reverse("help:index"),
        f"{reverse('help:index')}?q=pump",
        f"{reverse('help:index')}?q=zzzz",
        article.public_url,
        reverse("help:rating", args=[signing.dumps([ticket.pk, ticket.reopened], salt=surveys.SALT)]),
        *([version.page_path] if version else []),
        reverse("account_login"),
        reverse("account_reset_password"),
    ]


@pytest.mark.parametrize(("theme", "viewport"), LOOKS)
def test_record_pages_are_accessible(new_page, sign_in, watch, look, demo, theme, viewport):
    page = new_page(theme=theme, viewport=viewport)
    sign_in(page, demo)

    found = [finding for address in dict.fromkeys(records()) for finding in look(page, address)]

    assert found == []
    watch.assert_clean()


@pytest.mark.parametrize(("theme", "viewport"), LOOKS)
def test_public_pages_are_accessible(new_page, watch, look, demo, theme, viewport):
    page = new_page(theme=theme, viewport=viewport)

    found = [finding for address in public_pages() for finding in look(page, address)]

    assert found == []
    watch.assert_clean()
