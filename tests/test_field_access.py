"""Every field that roles can limit, hidden, on every route: its value is nowhere.

Routes and records come from `tests/test_access.py`, fields from the registry: a new one of either is tested by itself.
"""

import re
from datetime import date

import pytest
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone

from contacts.imports.mapping import columns
from contacts.models import ContactPair
from crm import access, conditions, field_access, lists, registry
from crm.lists.columns import columns_of
from crm.lists.page import _pages
from crm.models import Role
from crm.sight import as_it_is
from tests import factories
from tests.test_access import PUBLIC, ROUTES, _address, world  # noqa: F401  the records

pytestmark = pytest.mark.django_db

# Files as they are kept, streams of other programs and pages that end the session: no field of a record stands there.
SKIPPED = {"file", "healthz"}


def _mark(number, column):
    """A value for a column that cannot be there by chance, and what a page would show of it."""
    if isinstance(column, models.JSONField):
        return [["", f"zq{number:02d}mark@example.com"]], [f"zq{number:02d}mark"]
    if isinstance(column, models.DateField):
        day = date(1900 + number % 90, 3, 17)
        return day, [f"{day.year}"]
    if isinstance(column, models.DecimalField):
        return f"74{number:02d}.57", [f"74{number:02d}.57", f"7,4{number:02d}"]
    if column.name == "probability":
        return 93, ["93 %"]
    if isinstance(column, models.IntegerField):
        value = 23_000 + number
        return value, [f"{value}", f"{value:,}"]
    text = f"zq{number:02d}mark"
    if column.name in {"email", "to", "sender"}:
        return f"{text}@example.com", [text]
    return text[: column.max_length], [text] if (column.max_length or 99) >= len(text) else []


def _columns():
    """{(model, column): guards} of all stored columns that hold a limited field."""
    found = {}
    for (model, name), items in field_access._fields.items():
        if any(f.name == name for f in model._meta.concrete_fields):
            found[model, name] = items
    return found


@pytest.fixture
def marked(world):  # noqa: F811
    """Each limited column of the world's records says something of its own: {what a page would show: field}."""
    from contacts.models import BankAccount, ContactPoint, Requisite

    company = world["pk"]["contacts:company"]
    requisite = Requisite.objects.get(pk=world["requisite"])
    BankAccount.objects.create(requisite=requisite, account="40702810")
    for kind in ("email", "phone", "messenger"):
        for owner in ("contact", "company"):
            record = world["pk"][f"contacts:{owner}"]
            ContactPoint.objects.get_or_create(**{owner: record}, kind=kind, defaults={"value": "x", "norm": "x"})
    company.addresses.create(street="x")
    world["pk"]["contacts:contact"].addresses.create(street="x")
    deal = world["pk"]["deals:"]
    type(deal).objects.filter(pk=deal.pk).update(state="lost", closed_at=timezone.now(), loss_reason=world["loss"])
    marks = {}
    with as_it_is():
        for number, ((model, name), items) in enumerate(_columns().items(), 10):
            for place, item in enumerate(items):
                for row in model._base_manager.all():
                    if item.when and not item.when(row):
                        continue
                    value, shown = _mark(number + 40 * place, model._meta.get_field(name))
                    model._base_manager.filter(pk=row.pk).update(**{name: value})
                    marks |= dict.fromkeys(shown, f"{item.kind}.{item.name}")
    contact = world["pk"]["contacts:contact"]
    type(contact).objects.filter(pk=contact.pk).update(custom={"x": "zqownmark"})
    return marks | {"zqownmark": "contact.cf_x"}


def _person(name, limits):
    everything = {kind.name: {act: access.ALL for act, _label in access.ACTS} for kind in access.kinds()}
    role = factories.role(f"all-{name.lower()}", everything)
    Role.objects.filter(pk=role.pk).update(fields=limits)
    return factories.user(name, roles=[role])


def _limits(level):
    return {kind.name: {name: level for name, _label in field_access.guarded(kind.name)} for kind in access.kinds()}


def _pages_of(user, world):  # noqa: F811
    """Addresses of every page, block and file that can be read; lists with every column that the user is offered."""
    for route, parameters, _view in ROUTES:
        if route not in SKIPPED and not (route in PUBLIC and route != "feed_read"):
            yield _address(route, parameters, world)
    for name in _pages:
        page = lists.page_named(name)
        columns = ",".join(column.name for column in columns_of(page, user))
        yield f"{reverse(page.url_name)}?cols={columns}"
        yield f"{reverse('list_foot', args=[name])}?cols={columns}"
    for subject, panels in registry._panels.items():
        found = {"contact": "contacts:contact", "company": "contacts:company", "deal": "deals:", "ticket": "tickets:"}
        for panel in panels if subject in found else []:
            yield reverse("panel", args=[subject, panel.name, world["pk"][found[subject]].pk])


def _says(text, mark, address):
    """Whether a mark stands in a text. So many per cent are other things too, away from the deals."""
    return mark in text and (not mark.endswith("%") or "deal" in address)


def _seen(client, user, world, marks):  # noqa: F811
    """{field: [addresses]} of where the marks stand when the user reads everything."""
    client.force_login(user)
    found = {}
    for address in _pages_of(user, world):
        answer = client.get(address)
        if answer.status_code != 200 or answer.streaming:
            continue
        text = re.sub(r"\s+", " ", answer.content.decode(errors="replace")).replace("\xa0", " ")
        for mark, name in marks.items():
            if _says(text, mark, address):
                found.setdefault(name, []).append((address, mark))
    return found


def test_a_hidden_field_is_on_no_page(client, world, marked):  # noqa: F811
    everywhere = _seen(client, _person("Ann", {}), world, marked)
    nowhere = _seen(client, _person("Rita", _limits(field_access.HIDDEN)), world, marked)

    # Each value is to be seen somewhere by those who may: the test looks at the right places.
    assert set(everywhere) == set(marked.values())
    assert nowhere == {}


def test_no_answer_to_a_post_shows_a_hidden_field(client, world, marked):  # noqa: F811
    client.force_login(_person("Rita", _limits(field_access.HIDDEN)))
    shown = {}
    for route, parameters, _view in ROUTES:
        if route in SKIPPED | PUBLIC:
            continue
        address = _address(route, parameters, world)
        with transaction.atomic():
            data = {"text": "x", "name": "x", "qty": "2", "price": "3"}
            answer = client.post(address, data, headers={"HX-Request": "true"})
            transaction.set_rollback(True)
        text = "" if answer.streaming else answer.content.decode(errors="replace")
        shown |= {(route, name): mark for mark, name in marked.items() if _says(text, mark, address)}
    assert shown == {}


def test_nobody_finds_a_hidden_value_by_asking(client, world, marked, alice):  # noqa: F811
    """Filters, sorting, boards, figures and the search neither know the field nor answer a guess."""
    rita = _person("Rita", _limits(field_access.HIDDEN))
    client.force_login(rita)
    asked, listed = set(), set()
    for name, subject in conditions.fields._subjects.items():
        for field in conditions.fields_of(name):
            if (
                subject.model,
                field.path or field.name,
            ) in field_access._fields or f"{name}.{field.name}" in field_access._asks:
                with pytest.raises(conditions.ConditionError):
                    conditions.parse({"field": field.name, "op": "empty"}, name, user=rita)
                asked.add(f"{name}.{field.name}")
    for name in _pages:
        page = lists.page_named(name)
        for column in columns_of(page, None):
            if (page.model, column.path or column.name) in field_access._fields and not column.fixed:
                url = reverse(page.url_name)
                wishes = [{"cols": column.name}, *([{"sort": column.name}] if column.sort else [])]
                assert {client.get(url, wish).status_code for wish in wishes} == {400}
                listed.add(f"{name}.{column.name}")
    assert {"contact.phone", "contact.birthday", "point.value", "letter.to", "company.inn", "deal.source"} <= asked
    assert {"deal.amount", "order.amount", "contact.revenue"} <= asked
    assert {"contacts.score", "contacts.email", "companies.staff", "products.cost", "deals.amount"} <= listed
    contact = world["pk"]["contacts:contact"]
    type(contact).objects.filter(pk=contact.pk).update(last_name="Lee", name_key="lee ann")
    contact.points.filter(kind="email").update(norm="zq@example.com")
    url = contact.get_absolute_url()
    assert url not in client.get(reverse("search"), {"q": "zq@example.com"}).content.decode()
    client.force_login(_person("Ann", {}))
    assert url in client.get(reverse("search"), {"q": "zq@example.com"}).content.decode()


def test_a_field_that_is_only_seen_is_refused_and_stays(client, world):  # noqa: F811
    contact, company = world["pk"]["contacts:contact"], world["pk"]["contacts:company"]
    vera = _person("Vera", _limits(field_access.VIEW))
    client.force_login(vera)
    page = client.get(contact.get_absolute_url()).content.decode()
    before = type(contact).objects.values().get(pk=contact.pk)

    answers = [
        client.post(reverse("contacts:contact_field", args=[contact.pk, "email"]), {"email": "x@y.com", "was": ""}),
        client.post(
            reverse("contacts:contact_edit", args=[contact.pk]), {"last_name": "Lee", "phone": "+49 30 1234567"}
        ),
        client.post(reverse("list_cell", args=["contacts", contact.pk, "email"]), {"email": "x@y.com", "was": ""}),
        client.post(
            reverse("contacts:row", args=["contact", contact.pk, "points", world["row_pk"]]), {"value": "+49 30 1"}
        ),
        client.post(reverse("contacts:row_delete", args=["contact", contact.pk, "points", world["row_pk"]])),
        client.post(reverse("contacts:requisite_edit", args=[company.pk, world["requisite"]]), {"name": "Other"}),
    ]

    assert "ann@example.com" in page
    assert [answer.status_code for answer in answers] == [403] * 6
    assert type(contact).objects.values().get(pk=contact.pk) == before
    assert [p.value for p in contact.points.order_by("pk")] == ["ann@example.com", "+49 30 55501192"]
    assert company.requisites.get().name == "Acme"


def test_a_hidden_field_is_not_written_even_with_the_value_it_has(client, world):  # noqa: F811
    """A guess that is answered would give the value away."""
    contact = world["pk"]["contacts:contact"]
    client.force_login(_person("Rita", _limits(field_access.HIDDEN)))

    answers = [
        client.post(reverse("contacts:contact_edit", args=[contact.pk]), {"last_name": "Lee", "email": guess})
        for guess in ("ann@example.com", "bob@example.com")
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert type(contact).objects.get(pk=contact.pk).email == "ann@example.com"


def test_saving_the_rest_leaves_hidden_fields_as_they_are(client, world):  # noqa: F811
    contact = world["pk"]["contacts:contact"]
    client.force_login(_person("Rita", _limits(field_access.HIDDEN)))

    answer = client.post(
        reverse("contacts:contact_edit", args=[contact.pk]),
        {"first_name": "Anna", "last_name": "Lee", "stage": "lead", "anyway": "1"},
    )

    now = type(contact).objects.get(pk=contact.pk)
    assert answer.status_code == 302
    assert (now.first_name, now.email, now.phone) == ("Anna", "ann@example.com", "+49 30 55501192")


def test_the_widest_of_several_roles_counts():
    sees = {"contact": {"view": access.ALL}}
    reps = factories.role("r1", sees)
    Role.objects.filter(pk=reps.pk).update(fields={"contact": {"phone": 0, "email": 0}})
    helpers = factories.role("r2", sees)
    Role.objects.filter(pk=helpers.pk).update(fields={"contact": {"phone": 1}})
    outside = factories.role("r3", {"deal": {"view": access.ALL}})

    both = factories.user("Both", roles=[reps, helpers])
    with_other = factories.user("Other", roles=[reps, outside])
    boss = factories.user("Boss", roles=[reps], is_superuser=True)

    assert both.field_limits == {"contact": {"phone": field_access.VIEW}}
    # A role that shows no contact at all opens none of their fields.
    assert with_other.field_limits == {"contact": {"phone": field_access.HIDDEN, "email": field_access.HIDDEN}}
    assert boss.field_limits == {}


def test_why_says_which_role_limits_a_field_and_whom_to_ask(client, world, admin):  # noqa: F811
    contact = world["pk"]["contacts:contact"]
    rita = _person("Rita", {"contact": {"phone": field_access.HIDDEN}})
    client.force_login(rita)

    page = client.get(contact.get_absolute_url()).content.decode()
    why = client.get(reverse("why", args=["contact", contact.pk])).content.decode()

    assert "1 field is hidden from you." in " ".join(page.split())
    assert "Phone: hidden" in why
    assert "The role “all-rita” limits it." in " ".join(why.split())
    assert "Admin" in why


def test_a_role_limits_fields_in_the_browser(client, admin):
    role = factories.role("reps", {"contact": {"view": access.ALL}})
    client.force_login(admin)
    url = reverse("role_edit", args=[role.pk])

    answer = client.post(
        url, {"name": "Reps", "contact:view": "3", "field:contact:phone": "0", "field:contact:email": "2"}
    )

    assert answer.status_code == 302
    assert Role.objects.get(pk=role.pk).fields == {"contact": {"phone": 0}}
    assert client.get(url).context["form"].fields_by_kind()[0][2] == 1


def test_nobody_opens_a_field_that_is_closed_for_himself(client):
    limits = {"contact": {"phone": field_access.HIDDEN}}
    rita = _person("Rita", limits)
    client.force_login(rita)
    role = rita.roles.get()

    answer = client.post(reverse("role_edit", args=[role.pk]), {"name": "Mine", "field:contact:phone": "2"})

    assert answer.status_code == 422
    assert Role.objects.get(pk=role.pk).fields == limits


def test_an_import_leaves_out_what_may_not_be_changed_and_says_so(client, world):  # noqa: F811
    run = world["pk"]["contacts:import"]
    type(run).objects.filter(pk=run.pk).update(headers=["Name", "Phone"], mapping={"0": "full_name", "1": "phone"})
    vera = _person("Vera", _limits(field_access.VIEW))
    client.force_login(vera)

    page = client.get(run.get_absolute_url()).content.decode()
    client.post(
        reverse("contacts:import_start", args=[run.pk]),
        {"column-0": "full_name", "column-1": "phone", "owner": vera.pk, "duplicates": "create", "look": "1"},
    )

    run.refresh_from_db()
    assert "Left out: “Phone” may not be changed with your roles." in page
    assert run.mapping == {"0": "full_name"}
    assert [item.name for _i, item in columns({"0": "full_name", "1": "phone"}, vera)] == ["full_name"]


def test_who_has_no_name_is_not_found_by_an_address_that_is_hidden(client, world):  # noqa: F811
    """The address stands in for a missing name where people are sorted and searched by name."""
    rita, ann = _person("Rita", {"contact": {"email": field_access.HIDDEN}}), _person("Ann", {})
    nameless = factories.contact("", "", email="zq@hidden.example")
    url, deal = nameless.get_absolute_url(), world["pk"]["deals:"]
    typed = {"field": "name", "op": "contains", "value": "zq@hidden"}
    ContactPair.objects.create(first=world["pk"]["contacts:contact"], second=nameless, score=0.9)

    def finds(user):
        client.force_login(user)
        rows = conditions.matching(
            type(nameless).objects.all(), conditions.parse(typed, "contact", user=user), "contact", user=user
        )
        names = client.get(reverse("record_suggestions", args=["contact"]), {"c": "zq@hidden"}).content.decode()
        lists_it = client.get(reverse("contacts:index"), {"q": "zq@hidden"}).content.decode()
        client.post(reverse("deals:deal_field", args=[deal.pk, "contact"]), {"contact": "zq@hidden.example"})
        return [
            nameless in rows,
            f"#{nameless.pk}" in names,
            f'href="{url}' in lists_it,
            client.get(reverse("contacts:duplicates"), {"q": "zq@hidden"}).context["count"] == 1,
            url in client.get(reverse("search"), {"q": "zq@hidden"}).content.decode(),
            type(deal).objects.get(pk=deal.pk).contact_id == nameless.pk,
        ]

    assert finds(rita) == [False] * 6
    assert finds(ann) == [True] * 6
    client.force_login(rita)
    assert "zq@hidden" not in client.get(url).content.decode()
    tree = conditions.parse({"not": typed}, "contact", user=rita)
    assert nameless in conditions.matching(type(nameless).objects.all(), tree, "contact", user=rita)
