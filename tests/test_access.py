"""Every route with every kind of person: what is Alice's is invisible to Mallory and unchangeable for Carol.

The routes come from the resolver: one that this test does not know fails it.
"""

import gzip
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLResolver

from analytics.models import KpiTarget
from campaigns.models import GuideForm, Letter, ScoreRule, Segment, Sequence, Step
from campaigns.services import letters
from contacts.models import (
    ActivityType,
    Erasure,
    FixRun,
    ImportRun,
    LetterTemplate,
    Merge,
    PersonalLetter,
    PersonalMailbox,
    Playbook,
    PlaybookRun,
    PrivacyRequest,
    QualityRule,
    Recurrence,
    Requisite,
    RetentionRule,
    Task,
    Topic,
)
from contacts.services import people, points
from contacts.services.people import set_company
from crm import files
from crm.models import (
    Alert,
    BusinessCalendar,
    CustomField,
    Delivery,
    Feed,
    Invitation,
    Job,
    Notification,
    ObjectKind,
    ObjectRelation,
    SavedView,
    SpecialDay,
    Tag,
)
from crm.objects import kind_acts, records
from deals.models import Deal, LossReason, Order, Product
from deals.services.lines import add_free
from deals.services.proposals import draft_proposal
from deals.services.setup import create_standard_pipeline
from tickets.models import Article, Category, InboundMail, Macro, Mailbox, SlaTarget
from tickets.services import desk

pytestmark = pytest.mark.django_db

# Open to the world by intent; each is guarded by a token, a published state or nothing to hide.
PUBLIC = {
    "healthz", "feed_read", "invitation_accept", "setup", "help:index", "help:category", "help:article", "help:article_plain", "help:vote",
    "help:rating", "letter_opened", "letter_clicked", "public:unsubscribe", "public:guide", "deals:offer_show",
    "consents:preferences", "consents:confirm",
    "contacts:calendar_feed", "deals:offer_pdf", "deals:offer_accept", "deals:offer_decline",
}  # fmt: skip
# Everybody signed in has these for himself; they hold nothing of others.
PERSONAL = {
    "today", "search", "palette", "places", "jobs", "notifications", "notifications_read", "settings", "profile", "theme",
    "file_create", "conditions_token", "conditions_builder", "list_foot", "list_views", "list_export", "list_bulk", "list_undo",
    "list_watches", "watches",
    "mailbox", "mailbox_letter", "mailbox_html", "deals:lane_cards", "deals:suggestions", "contacts:calendar_address",
    "record_suggestions",
    "contacts:mailbox", "contacts:mailbox_edit", "contacts:mailbox_rules", "contacts:mailbox_folders", "contacts:mailbox_test",
    "contacts:mailbox_return", "contacts:mailbox_sign_in", "contacts:letter_templates", "contacts:letter_template_new",
    "contacts:mailbox_tested", "contacts:mailbox_progress", "contacts:mailbox_turn", "contacts:mailbox_off", "contacts:ledger",
    "contacts:mailbox_ask_proof",
}  # fmt: skip
# Shared by all who may work on that kind at all, whoever wrote them.
SHARED = {"tickets:macro_edit", "campaigns:guide_edit", "campaigns:score_edit", "object_index", "object_new"}
# Whoever sees a record may follow it: a note of his own, which changes nothing on the record.
READERS_TOO = {"follow"}
# Statements that only note the visit itself.
_HARMLESS = re.compile(r'"?(django_session|usersessions_usersession|pghistory_context)"?')
_WRITE = re.compile(r"^\s*(INSERT|UPDATE|DELETE)", re.IGNORECASE)


def _routes():
    """(name, parameters, view) of every route of ours."""

    def walk(resolver, space=""):
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern, ":".join(filter(None, [space, pattern.namespace])))
            elif pattern.callback.__module__.partition(".")[0] not in {"allauth", "django"}:
                yield (
                    f"{space}:{pattern.name}" if space else pattern.name,
                    tuple(pattern.pattern.converters),
                    pattern.callback,
                )

    return [route for route in walk(get_resolver()) if not route[0].startswith("admin:")]


ROUTES = _routes()
OBJECTS = [route for route in ROUTES if route[1] and route[0] not in PUBLIC | PERSONAL | SHARED]


@pytest.fixture
def world(workspace, alice, settings, tmp_path):
    """One of everything, Alice's where it can be somebody's: {route or parameter: value}."""
    settings.MEDIA_ROOT = tmp_path
    contact = people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="ann@example.com")
    company = set_company(contact, "Acme", by=alice)
    point = points.add_point(contact, "phone", "+49 30 55501192")
    written = people.log_talk(contact, "note", "Hello", by=alice)
    twin = people.create_contact(by=alice, first_name="Ann", city="Bonn")
    merge = Merge.objects.create(contact=contact, kept_id=contact.pk, gone_id=0, title="Ann Lee")
    task = Task(title="Call", contact=contact)
    task.assign_to(alice)
    task.save()
    repeated = Recurrence(title="Round", rule="FREQ=DAILY", zone="UTC", starts="2026-01-01T09:00", contact=contact)
    repeated.assign_to(alice)
    repeated.save()
    book = Playbook.objects.create(name="Welcome")
    book.steps.create(position=1, title="Call")
    book_run = PlaybookRun(name="Welcome", contact=contact)
    book_run.assign_to(alice)
    book_run.save()
    run = ImportRun.objects.create(
        owner=alice,
        team=alice.team,
        by=alice,
        headers=["Name"],
        encoding="utf-8",
        separator=",",
        file=files.store(b"Name\nAnn\n", "a.csv", by=alice),
    )
    pipeline = create_standard_pipeline("en")
    stage = pipeline.stages.first()
    deal = Deal(
        name="Pumps",
        contact=contact,
        company=company,
        owner=alice,
        team=alice.team,
        stage=stage,
        currency="EUR",
        amount=10,
    )
    deal.begin(by=alice)
    line = add_free(deal, "Pump", by=alice)
    proposal = draft_proposal(deal, by=alice)
    product = Product.objects.create(name="Pump", sku="P", price=1, currency="EUR", tax_rate=0)
    order = Order.objects.create(contact=contact, owner=alice, team=alice.team, currency="EUR", amount=1, amount_base=1)
    ticket = desk.open_ticket(subject="Help", requester=contact, owner=alice, by=alice)
    message = desk.receive(ticket, text="Help", html="<p>Help</p>")
    raw = files.store(gzip.compress(b"Subject: Help"), "a.eml.gz", kind="letter")
    kept = InboundMail.objects.create(message_id="<a@x>", outcome="held", ticket=ticket, entry=message, raw=raw)
    category = Category.objects.create(name="General")
    article = Article.objects.create(category=category, title="Inner", body="x", state="internal")
    calendar = BusinessCalendar.objects.create(name="Office")
    day = SpecialDay.objects.create(calendar=calendar, day="2026-12-25")
    SlaTarget.objects.create(priority="low", calendar=calendar)
    segment = Segment.objects.create(
        name="All", tree={"all": [{"field": "city", "op": "empty"}]}, owner=alice, team=alice.team
    )
    sequence = Sequence.objects.create(name="Tips", segment=segment, owner=alice, team=alice.team)
    letter = letters.keep(Letter(name="Tip", subject="Tip", body="Hello"))
    step = Step.objects.create(sequence=sequence, kind="letter", letter=letter)
    job = Job.objects.create(kind="x", by=alice)
    notice = Notification.objects.create(user=alice, kind="x", key="x", text="x")
    delivery = Delivery.objects.create(kind="service", key="d", to="a@example.com", message_id="<d@x>", state="failed")
    invitation = Invitation.objects.create(email="new@example.com", token_hash="0" * 64, by=alice)
    target = KpiTarget.objects.create(kpi="revenue", first_on="2026-01-01", last_on="2026-12-31", value=9)
    mailbox = PersonalMailbox.objects.create(user=alice, address="a@halden.test", imap_host="x", smtp_host="x")
    own_letter = PersonalLetter.objects.create(mailbox=mailbox, owner=alice, message_id="<l@x>", subject="Ann Lee")
    own_letter.parties.create(contact=contact)
    topic = Topic.objects.create(code="tips", name_en="Tips", name_ru="Советы")
    own_field = CustomField.objects.create(subject="contact", key="x", kind="text", label_en="X")
    asked = PrivacyRequest.objects.create(kind="erasure", contact=contact, person=str(contact), due_on="2026-12-25")
    erasure = Erasure.objects.create(numbers=[0], digest="0" * 64)
    keeping = RetentionRule.objects.create(name="R", act="visits")
    kind = kind_acts.create_kind(ObjectKind(code="contract", name_en="Contract", plural_en="Contracts"), like="contact")
    own = records.create_record(kind, "Ann Lee’s lease", by=alice)
    relation = ObjectRelation.objects.create(kind=kind, target="contact", label_en="Customer")
    view = SavedView.objects.create(list_name="contacts", name="Mine", owner=alice)
    pk = {
        "contacts:contact": contact, "contacts:talk": contact, "contacts:row": contact, "contacts:requisite": company, "contacts:consent": contact,
        "contacts:file": contact, "contacts:company": company, "contacts:task": task, "contacts:import": run, "contacts:merge": merge, "contacts:recurrence": repeated,
        "contacts:playbook": book, "contacts:run_start": contact, "contacts:run_stop": book_run,
        "contacts:type": ActivityType.objects.create(name_en="Demo", name_ru="Показ"), "deals:": deal,
        "deals:proposal": proposal, "deals:product": product, "deals:order": order, "deals:pipeline": pipeline,
        "deals:stage_new": pipeline, "deals:stage_edit": stage, "deals:stage_delete": stage, "tickets:": ticket,
        "tickets:article": article, "tickets:mailbox": Mailbox.objects.create(name="M", address="m@halden.test"),
        "tickets:calendar": calendar, "tickets:special_day_new": calendar, "tickets:special_day_delete": day,
        "tickets:letter": kept, "tickets:macro": Macro.objects.create(name="M", text="x"), "campaigns:segment": segment, "campaigns:": sequence,
        "campaigns:guide": GuideForm.objects.create(title="G", slug="g", content="x", personal_data_text="x", advertising_text="x"),
        "campaigns:score": ScoreRule.objects.create(event="x", label="x"), "campaigns:delivery": delivery, "panel": contact,
        "history": contact, "why": contact, "timeline": contact, "job": job, "notification": notice, "user": alice, "team": alice.team,
        "analytics:target": target, "tag": Tag.objects.create(name="vip"), "role": alice.roles.get(), "invitation": invitation, "list_view": view,
        "feed": Feed.objects.create(owner=alice, name="F", wish={}), "alert": Alert.objects.create(owner=alice, name="A", wish={}),
        "collaborator": contact, "follow": contact, "event_": contact, "note": contact, "draft": contact, "mentions": contact, "list_cell": contact, "list_next": contact, "list_previous": contact,
        "contacts:topic": topic, "contacts:letter": own_letter, "contacts:verification": contact, "contacts:question": contact, "contacts:quality_rule": QualityRule.objects.first(),
        "contacts:fix": FixRun.objects.create(by=alice, subject="contact"),
        "contacts:privacy": asked, "contacts:privacy_person": contact, "contacts:privacy_copy_now": contact,
        "contacts:retention": keeping, "contacts:privacy_hold": contact, "contacts:erasure": erasure,
        "contacts:letter_template": LetterTemplate.objects.create(owner=alice, name="Hi", text="x"),
        "contacts:composer": contact, "contacts:unsent": contact,
        "contacts:delivery": Delivery.objects.create(kind="service", key="later", purpose="contacts.letter", to="a@example.com", by=alice, contact_id=contact.pk, refs={"is_later": True}, due_at="2036-01-01T00:00Z", message_id="<e@x>"),
        "object_": own, "object_kind_": kind, "object_tie_back": contact,
        "custom_section": contact, "custom_boxes": contact, "custom_field": contact, "custom_field_": own_field,
    }  # fmt: skip
    return {
        "pk": pk, "row_pk": point.pk, "user_pk": alice.pk, "event": written.event.id, "note_pk": written.note.pk, "line_pk": line.pk, "deal_pk": deal.pk, "stage_pk": stage.pk, "message_pk": message.pk,
        "step_pk": step.pk, "contact_pk": contact.pk, "number": 1, "uuid": run.file.uuid, "kind": "contact", "kept": contact.pk, "gone": twin.pk, "subject": "contact",
        "priority": "low", "slug": "g", "act": "delete", "field": "city", "key": "x", "token": "not-signed-by-us", "form": "csv",
        "rule": "show", "code": "contract", "other_pk": contact.pk, "relation_pk": relation.pk, "relation": relation.name,
        "requisite": Requisite.objects.create(company=company, name="Acme").pk, "loss": LossReason.objects.first(),
        "provider": "google", "purpose": "advertising", "law": "gdpr", "language": "en",
    }  # fmt: skip


def _address(route, parameters, world):
    """The route's address for Alice's object."""
    values = {}
    for name in parameters:
        if name == "pk":
            found = max((key for key in world["pk"] if route.startswith(key)), key=len)
            values[name] = world["pk"][found].pk
        elif name == "name" and route.startswith("object_tie"):
            values[name] = world["relation"]
        elif name == "name":
            values[name] = {"panel": "tasks", "contacts:rows": "points", "contacts:row": "points", "contacts:row_delete": "points", "contacts:row_main": "points", "contacts:contact_field": "city", "contacts:contact_field_shown": "city",
                            "contacts:company_field": "city", "contacts:company_field_shown": "city",
                            "deals:deal_field": "close_on", "deals:deal_field_shown": "close_on", "analytics:show": "revenue", "analytics:targets": "revenue"}.get(route, "contacts")  # fmt: skip
        elif name == "row_pk" and "requisite" in route:
            values[name] = world["requisite"]
        elif name == "kind" and route == "deals:suggestions":
            values[name] = "contacts"
        else:
            values[name] = world[name]
    return reverse(route, kwargs=values)


def _writes(captured):
    return [q["sql"][:200] for q in captured if _WRITE.match(q["sql"]) and not _HARMLESS.search(q["sql"][:120])]


def test_the_public_routes_are_these_and_no_others():
    assert {name for name, _parameters, view in ROUTES if getattr(view, "is_public", False)} == PUBLIC


@pytest.mark.parametrize(
    ("route", "parameters", "view"),
    [r for r in ROUTES if r[0] not in PUBLIC],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_without_sign_in_every_other_route_leads_to_it(client, world, route, parameters, view):
    answer = client.get(_address(route, parameters, world))

    assert answer.status_code == 302
    assert answer["Location"].startswith(("/accounts/login/", "/setup/"))


@pytest.mark.parametrize(("route", "parameters", "view"), OBJECTS, ids=lambda v: v if isinstance(v, str) else "")
@pytest.mark.parametrize("method", ["get", "post"])
def test_mallory_reaches_nothing_of_alices(client, world, mallory, route, parameters, view, method):
    client.force_login(mallory)

    with CaptureQueriesContext(connection) as captured:
        answer = getattr(client, method)(_address(route, parameters, world))

    # 404 as for a missing record; 403 where the whole kind is not hers; 405 where the method is none.
    assert answer.status_code in {403, 404, 405}
    assert b"Ann Lee" not in answer.content
    assert _writes(captured.captured_queries) == []


@pytest.mark.parametrize(
    ("route", "parameters", "view"),
    [r for r in ROUTES if r[0] not in PUBLIC | PERSONAL | READERS_TOO],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_carol_who_only_reads_changes_nothing(client, world, carol, route, parameters, view):
    client.force_login(carol)

    with CaptureQueriesContext(connection) as captured:
        answer = client.post(_address(route, parameters, world))

    assert answer.status_code in {200, 400, 302, 403, 404, 405}
    assert _writes(captured.captured_queries) == []
