"""The knowledge base: nothing hidden shows, one reader one vote, two writers lose nothing."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.tickets.test_traps import shelf  # noqa: F401  a fixture
from tickets.models import Article, Category
from tickets.services import articles
from tickets.views.help import VOTES_OF_ADDRESS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", ["draft", "internal"])
def test_k5_a_hidden_article_is_in_no_count_hint_or_search(client, shelf, state):  # noqa: F811
    shown = shelf("Принтер не печатает")
    hidden = Article(category=shown.category, language="ru", title="Секретный принтер", body="Ключ 4711", state=state)
    articles.keep(hidden, by=None)

    index = client.get("/help/", {"lang": "ru"}).content.decode()
    found = client.get("/help/", {"lang": "ru", "q": "принтер"}).content.decode()
    by_body = client.get("/help/", {"lang": "ru", "q": "4711"}).content.decode()
    category = client.get(reverse("help:category", args=[shown.category_id])).content.decode()

    for page in (index, found, by_body, category):
        assert "Секретный" not in page
        assert "Ключ" not in page
    assert articles.suggest("принтер ключ 4711") == [shown]
    assert client.get("/sitemap.xml").status_code == 404


def test_k5_a_category_with_nothing_published_is_not_shown(client, workspace):
    category = Category.objects.create(name="Secrets", language="en")
    articles.keep(Article(category=category, language="en", title="T", body="b", state="internal"), by=None)

    assert "Secrets" not in client.get("/help/", {"lang": "en"}).content.decode()
    assert client.get(reverse("help:category", args=[category.pk])).status_code == 404


def test_k8_a_thousand_votes_of_one_address_are_those_of_a_few_readers(shelf):  # noqa: F811
    found = shelf("Принтер")

    for _n in range(VOTES_OF_ADDRESS + 15):
        Client(REMOTE_ADDR="198.51.100.1").post(reverse("help:vote", args=[found.pk]), {"helpful": "1"})
    Client(REMOTE_ADDR="198.51.100.2").post(reverse("help:vote", args=[found.pk]), {"helpful": "0"})

    found.refresh_from_db()
    assert (found.helpful, found.unhelpful) == (VOTES_OF_ADDRESS, 1)


def form_of(client, article):
    return client.get(reverse("tickets:article_edit", args=[article.pk])).context["form"]["seen"].value()


def test_k7_the_second_writer_sees_what_the_first_saved_and_both_are_kept(client, admin, bob, shelf):  # noqa: F811
    article = shelf("Принтер")
    url = reverse("tickets:article_edit", args=[article.pk])
    client.force_login(admin)
    data = {"title": "Принтер", "category": article.category_id, "language": "ru", "state": "published"}
    seen = form_of(client, article)
    client.post(url, data | {"body": "Слова первого", "seen": seen})

    answer = client.post(url, data | {"body": "Слова второго", "seen": seen})

    page = answer.content.decode()
    article.refresh_from_db()
    assert (answer.status_code, article.body) == (422, "Слова первого")
    assert "Слова первого" in page
    assert "Слова второго" in page
    again = answer.context["form"]["seen"].value()
    assert client.post(url, data | {"body": "Слова второго", "seen": again}).status_code == 302
    article.refresh_from_db()
    assert article.body == "Слова второго"
    history = client.get(reverse("history", args=["article", article.pk])).content.decode()
    assert "Слова первого" in history


def test_two_administrators_of_the_desk_lose_nothing(client, admin):
    client.force_login(admin)
    url = reverse("tickets:rules")
    data = {"raw_days": 90, "new_contacts": 60, "quiet_days": 1}
    seen = client.get(url).context["form"]["seen"].value()
    assert client.post(url, data | {"seen": seen}).status_code == 302

    answer = client.post(url, data | {"raw_days": 30, "seen": seen})

    assert answer.status_code == 422
    assert client.get(url).context["form"].instance.raw_days == 90
