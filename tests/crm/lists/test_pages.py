"""List pages: paging by key, counts, columns, what is refused, and how much is asked of the database."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact
from crm import access
from crm.conditions.widgets import dump
from crm.lists.page import page_named
from crm.models import Role
from tests import factories

pytestmark = pytest.mark.django_db
LISTS = ["contacts:index", "contacts:companies", "contacts:tasks", "deals:table", "deals:orders", "deals:products", "tickets:index", "tickets:articles", "campaigns:deliveries"]  # fmt: skip


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(type(page_named("contacts")), "page_size", 4)


@pytest.fixture
def ties(alice, small_pages):
    """Eleven people: equal scores, some without a last touch."""
    now = timezone.now().replace(microsecond=0)
    for i in range(11):
        touched = now - timezone.timedelta(days=i // 3) if i % 2 else None
        factories.contact("Ann", f"N{i:02}", owner=alice, team=alice.team, score=i // 4, last_touch_at=touched)


def pages(client, query=""):
    """Last names page by page, forwards; and the last page's context."""
    seen, url = [], reverse("contacts:index") + (query or "?")
    while True:
        context = client.get(url).context
        seen.append([row.last_name for row, _cells in context["rows"]])
        if not context["place"].after:
            return seen, context
        url = reverse("contacts:index") + (query + "&" if query else "?") + "after=" + context["place"].after


@pytest.mark.parametrize("sort", ["name", "-name", "score", "-score", "touch", "-touch", "step", "-step", "created"])
def test_every_row_comes_once_in_every_order_and_back_again(client, alice, ties, sort):
    client.force_login(alice)

    seen, last = pages(client, f"?sort={sort}&cols=touch,score,step,created")
    flat = [name for page in seen for name in page]
    url = f"{reverse('contacts:index')}?sort={sort}&cols=touch,score,step,created&before={last['place'].before}"
    before = [row.last_name for row, _cells in client.get(url).context["rows"]]

    assert [len(page) for page in seen] == [4, 4, 3]
    assert sorted(flat) == [f"N{i:02}" for i in range(11)]
    assert before == seen[1]


def test_ties_go_by_key_and_the_unknown_comes_last(client, alice, ties):
    client.force_login(alice)

    by_score, _last = pages(client, "?sort=-score")
    by_touch, _last = pages(client, "?sort=-touch")

    assert sum(by_score, []) == ["N10", "N09", "N08", "N07", "N06", "N05", "N04", "N03", "N02", "N01", "N00"]
    assert sum(by_touch, [])[:5] == ["N01", "N05", "N03", "N07", "N09"]
    assert set(sum(by_touch, [])[5:]) == {"N00", "N02", "N04", "N06", "N08", "N10"}


def test_a_deleted_cursor_row_does_not_lose_the_place(client, alice, ties):
    client.force_login(alice)
    first = client.get(reverse("contacts:index")).context
    Contact.objects.filter(last_name="N03").delete()

    following = client.get(reverse("contacts:index") + f"?after={first['place'].after}").context

    assert [row.last_name for row, _cells in following["rows"]] == ["N04", "N05", "N06", "N07"]


def test_when_all_behind_the_cursor_is_gone_the_first_page_comes(client, alice, ties):
    client.force_login(alice)
    first = client.get(reverse("contacts:index")).context
    Contact.objects.filter(last_name__gt="N03").delete()

    following = client.get(reverse("contacts:index") + f"?after={first['place'].after}").context

    assert [row.last_name for row, _cells in following["rows"]] == ["N00", "N01", "N02", "N03"]
    assert following["count"] == 4


@pytest.mark.parametrize(
    "query",
    [
        "after=rubbish",
        "before=eyJhIjoxfQ:1abc:xyz",
        "sort=owner__password",
        "sort=password",
        "sort=-id",
        "cols=password",
        "cols=name,owner__password",
        "f=%7Bnot+json",
        "f=%7B%22field%22%3A%22password%22%2C%22op%22%3A%22is%22%2C%22value%22%3A%22x%22%7D",
    ],
)
def test_what_the_list_does_not_know_is_refused(client, alice, ties, query):
    client.force_login(alice)

    assert client.get(reverse("contacts:index") + "?" + query).status_code == 400


def test_a_cursor_of_another_order_or_list_or_with_a_changed_letter_is_refused(client, alice, ties):
    client.force_login(alice)
    after = client.get(reverse("contacts:index")).context["place"].after
    changed = after[:-1] + ("A" if after[-1] != "A" else "B")

    answers = [
        client.get(reverse("contacts:index") + f"?sort=-score&after={after}").status_code,
        client.get(reverse("contacts:index") + f"?sort=-name&after={after}").status_code,
        client.get(reverse("contacts:companies") + f"?after={after}").status_code,
        client.get(reverse("contacts:index") + f"?after={changed}").status_code,
    ]

    assert answers == [400, 400, 400, 400]


@pytest.mark.parametrize(
    ("many", "says", "exact"), [(999, "999", "999"), (1000, "1,000", "1,000"), (1003, "1,000+", "1,003")]
)
def test_counts_stop_at_a_thousand_and_the_foot_knows_all(client, alice, many, says, exact):
    Contact.objects.bulk_create(
        [Contact(last_name=f"{i}", name_key=f"{i}", owner=alice, team=alice.team, score=i % 2) for i in range(many)]
    )
    client.force_login(alice)

    shown = client.get(reverse("contacts:index")).context
    foot = client.get(shown["foot_url"])

    assert shown["count_text"] == f"{says} people"
    assert f"{exact} people" in foot.text


def test_totals_and_counts_are_of_ones_own_rows(client, alice, mallory):
    factories.contact("Ann", "Lee", owner=alice, team=alice.team, score=10)
    factories.contact("Bea", "Low", owner=mallory, team=mallory.team, score=90)
    client.force_login(alice)

    foot = client.get(reverse("list_foot", args=["contacts"]) + "?cols=score").context

    assert foot["count"] == 1
    assert [cell["figure"] for cell in foot["cells"] if cell["column"].name == "score"] == ["10"]


def test_columns_stand_in_the_order_asked_for(client, alice):
    factories.contact("Ann", "Lee", owner=alice, team=alice.team)
    client.force_login(alice)

    heads = client.get(reverse("contacts:index") + "?cols=city,owner,company").context["heads"]
    picked = client.get(reverse("contacts:index") + "?cols=city&cols=owner&cols=company").context

    assert [head["column"].name for head in heads] == ["name", "city", "owner", "company"]
    assert [head["column"].name for head in picked["heads"]] == ["name", "city", "owner", "company"]
    assert [column.name for column in picked["wish"].pickable][:3] == ["city", "owner", "company"]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("who", ["bob", "admin"])
def test_a_list_asks_little_however_many_rows(
    client, request, workspace, alice, django_assert_max_num_queries, name, who
):
    for i in range(60):
        factories.contact("Ann", f"N{i}", owner=alice, team=alice.team, company=factories.company(f"C{i}", owner=alice))
    user = request.getfixturevalue(who)
    Role.objects.update(
        grants={kind.name: dict.fromkeys(["view", "edit", "delete", "export"], 3) for kind in access.kinds()}
    )
    client.force_login(user)
    client.get(reverse(name))

    # Above what every page of the house asks (session, user, team, roles, workspace, counts of the navigation).
    with django_assert_max_num_queries(8 + shell_queries(client)):
        assert client.get(reverse(name)).status_code == 200


def shell_queries(client):
    """How many queries a page without content of its own makes."""
    client.get(reverse("places"))
    with CaptureQueriesContext(connection) as captured:
        client.get(reverse("places"))
    return len(captured)


def test_a_filter_is_kept_by_the_pages_and_the_heads(client, alice, ties):
    Contact.objects.filter(score=0).update(city="Ulm")
    client.force_login(alice)
    query = "?f=" + dump({"field": "city", "op": "is", "value": "ULM"})

    context = client.get(reverse("contacts:index") + query).context

    assert [row.last_name for row, _cells in context["rows"]] == ["N00", "N01", "N02", "N03"]
    assert all("f=" in head["url"] for head in context["heads"] if head["url"])
