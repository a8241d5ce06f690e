"""The desk: who may do what, ratings, the knowledge base."""

import pytest
from django.core import signing
from django.utils.html import strip_tags
from django.utils.translation import override

from contacts.services import people
from crm import timeline
from crm.models import Delivery, Event, Notification
from tickets.models import Article, Category, Ticket, TicketMessage
from tickets.services import articles, desk, surveys

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(workspace, alice):
    ann = people.create_contact(by=alice, first_name="Ann", email="ann@example.com")
    ticket = desk.open_ticket(subject="Zero", requester=ann, owner=alice, by=alice)
    desk.receive(ticket, text="Help", message_id="<1@example.com>")
    ticket.refresh_from_db()
    return ticket


ACTS = [
    ("replies/", {"kind": "note", "text": "Look"}),
    ("replies/", {"kind": "reply", "text": "Answer"}),
    ("assignments/", {"owner": ""}),
    ("priorities/", {"priority": "urgent"}),
    ("statuses/", {"status": "resolved"}),
]


@pytest.mark.parametrize(("path", "data"), ACTS)
@pytest.mark.parametrize(("who", "code"), [("carol", 403), ("mallory", 404)])
def test_who_may_not_change_a_ticket_changes_nothing(request, client, ticket, path, data, who, code):
    client.force_login(request.getfixturevalue(who))
    before = Ticket.objects.values().get()

    answer = client.post(f"/tickets/{ticket.pk}/{path}", data)

    assert answer.status_code == code
    assert Ticket.objects.values().get() == before
    assert TicketMessage.objects.count() == 1
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(("who", "code"), [("alice", 200), ("bob", 200), ("carol", 200), ("mallory", 404)])
@pytest.mark.parametrize("path", ["", "presence/"])
def test_who_sees_a_ticket(request, client, ticket, who, code, path):
    client.force_login(request.getfixturevalue(who))

    assert client.get(f"/tickets/{ticket.pk}/{path}").status_code == code


def test_an_answer_waits_when_the_client_wrote_meanwhile(client, alice, ticket):
    seen = ticket.messages.get().pk
    desk.receive(ticket, text="Wait, one thing more", message_id="<2@example.com>")
    client.force_login(alice)

    answer = client.post(f"/tickets/{ticket.pk}/replies/", {"kind": "reply", "text": "My answer", "seen": seen})

    assert answer.status_code == 422
    assert "My answer" in answer.content.decode()
    assert not Delivery.objects.exists()


def link(ticket):
    return "/help/ratings/" + signing.dumps([ticket.pk, ticket.reopened], salt=surveys.SALT) + "/"


def test_c1_c2_a_solution_asks_once_and_opening_the_link_rates_nothing(client, alice, ticket):
    desk.set_status(ticket, "resolved", by=alice)
    desk.set_status(ticket, "closed", by=alice)

    assert Delivery.objects.filter(key__startswith="rating:").count() == 1
    assert client.get(link(ticket)).status_code == 200
    assert client.head(link(ticket)).status_code == 200
    assert not ticket.ratings.exists()


def test_c1_a_score_can_be_changed_and_a_bad_one_is_told_once(client, alice, ticket):
    for score in (5, 2, 1):
        assert client.post(link(ticket), {"score": score, "comment": "Hm"}).status_code == 200

    assert [r.score for r in ticket.ratings.all()] == [1]
    assert Event.objects.about(ticket).filter(kind="ticket.rated").count() == 1
    assert Notification.objects.filter(user=alice, kind="ticket.rated_badly").count() == 1


@pytest.mark.parametrize("score", ["0", "6", "-1", "x", ""])
def test_an_impossible_score_is_refused(client, ticket, score):
    assert client.post(link(ticket), {"score": score}).status_code == 422
    assert not ticket.ratings.exists()


def test_a35_an_altered_link_leads_nowhere(client, ticket):
    assert client.post(link(ticket)[:-3] + "xx/", {"score": 5}).status_code == 404
    assert not ticket.ratings.exists()


def article(title, body="Text", state="published", language="ru"):
    category, _new = Category.objects.get_or_create(name="General", language=language)
    return articles.keep(Article(category=category, language=language, title=title, body=body, state=state), by=None)


@pytest.mark.parametrize("state", ["draft", "internal"])
def test_k5_what_is_not_published_never_leaves_the_house(client, workspace, state):
    hidden = article("Секретная калибровка", state=state)

    assert client.get(f"/help/articles/{hidden.pk}/").status_code == 404
    assert client.get(f"/help/categories/{hidden.category_id}/").status_code == 404
    assert client.post(f"/help/articles/{hidden.pk}/votes/", {"helpful": "1"}).status_code == 404
    assert "Секретная" not in client.get("/help/", {"q": "калибровка", "lang": "ru"}).content.decode()


@pytest.mark.parametrize("text", ["приборы", "ПРИБОРА", "прибр", "ghb,jh", "  прибор  "])
def test_k1_k3_an_article_is_found_by_form_error_and_layout(text):
    found = article("Как включить прибор")

    assert articles.find(Article.objects.published(), text) == [found]


def test_a15_markup_in_an_article_is_text():
    assert "<script>" not in articles.rendered("<script>alert(1)</script>\n\n- <b>x</b>")


def test_k8_one_reader_votes_once(client, workspace):
    found = article("Прибор")
    for _n in range(3):
        client.post(f"/help/articles/{found.pk}/votes/", {"helpful": "1"})

    found.refresh_from_db()
    assert (found.helpful, found.unhelpful) == (1, 0)


HOUSE = ["mailboxes/", "mailboxes/new/", "promises/", "promises/high/", "macros/", "macros/new/", "calendars/new/"]


@pytest.mark.parametrize("path", HOUSE)
def test_only_administrators_set_the_desk_up(client, workspace, carol, admin, path):
    client.force_login(carol)
    assert client.get(f"/tickets/{path}").status_code == 403

    client.force_login(admin)
    assert client.get(f"/tickets/{path}").status_code == 200


def test_an_unknown_visitor_sees_no_ticket(client, ticket):
    assert client.get(f"/tickets/{ticket.pk}/").status_code == 302


def test_the_clients_timeline_says_states_in_the_language_of_the_reader(ticket, alice):
    def newest():
        with override("ru"):
            return strip_tags(str(timeline.page(ticket.requester, alice, timeline.Wish())[0][0].sentence))

    desk.set_priority(ticket, "urgent", by=alice)
    assert newest() == f"Alice: у {ticket} теперь приоритет «Срочный»"

    desk.set_status(ticket, "pending", by=alice)
    assert newest() == f"{ticket}: Ждём клиента"
