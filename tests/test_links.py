"""Every link that a page offers a person leads somewhere he may go: each role walks the demo company from its first
page on, in both languages."""

import io
import re
from collections import Counter, deque
from html.parser import HTMLParser

import pytest
from django.core.management import call_command

from crm.models import User

# Not walked: leaving, the administration (Django's own), files, and the many orders and filters of one list.
NOT_WALKED = re.compile(
    r"logout|^/admin/|^/dev/|^/static/|\.(pdf|csv|eml|ics)$|[?&](sort|after|view|f|cols|from|kind)="
)
EACH = 1  # pages of one shape


class _Links(HTMLParser):
    """Addresses behind the links of a page and the parts it loads by itself."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if value and (name == "hx-get" or (tag, name) == ("a", "href"))]


def _shape(address):
    return re.sub(r"\d+", "N", address.split("?")[0])


def walk(client):
    """(pages seen, [(page, link, status)] of the links that led nowhere), breadth first from the first page."""
    waiting, seen, shapes, dead = deque([("", "/")]), {"/"}, Counter(), []
    while waiting:
        page, address = waiting.popleft()
        answer = client.get(address, headers={"accept-language": "en"})
        if answer.status_code >= 400:
            dead.append((page, address, answer.status_code))
        if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
            continue
        for link in _Links(answer.content.decode()).found:
            link = link.split("#")[0]
            new = link.startswith("/") and link not in seen and shapes[_shape(link)] < EACH
            if new and not NOT_WALKED.search(link):
                shapes[_shape(link)] += 1
                seen.add(link)
                waiting.append((address, link))
    return len(seen), dead


@pytest.mark.django_db
def test_no_page_offers_a_link_that_leads_nowhere(client):
    call_command("seed_demo", contacts=120, seed=1, stdout=io.StringIO())
    walked = {}
    for number, user in enumerate(User.objects.filter(is_active=True).order_by("pk")):
        role = "admin" if user.is_superuser else tuple(sorted(role.name for role in user.roles.all()))
        if role in walked:
            continue
        user.language = ("en", "ru")[number % 2]
        user.save()
        client.force_login(user)
        pages, dead = walk(client)
        walked[role] = pages
        assert dead == [], user
    assert len(walked) >= 7, walked
    assert min(walked.values()) >= 40, walked
