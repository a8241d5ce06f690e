"""A real browser on a real server: pages that collect what went wrong in them."""

import contextlib
import io
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from crm.models import User
from deals.models import Deal, Product
from deals.services import lines, proposals

# Playwright's event loop runs in the test's thread; the database is used from it synchronously, as everywhere.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@dataclass
class Watch:
    """What a page did that it should not: messages in the console, errors, requests to other hosts."""

    host: str
    errors: list = field(default_factory=list)
    strangers: list = field(default_factory=list)
    paused: bool = False
    measured: bool = False  # axe-core was here: it tries styles that the policy refuses, and the browser says so late
    under_way: set = field(default_factory=set)  # requests without an answer
    moved_at: float = 0.0

    def attach(self, page):
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._asked)
        page.on("requestfinished", self._answered)
        page.on("requestfailed", self._answered)

    def _said(self, message):
        if self.measured and "inline style" in message.text:
            return
        if message.type in {"error", "warning"} and not self.paused:
            self.errors.append(message.text)

    def _answered(self, request):
        self.under_way.discard(request)
        self.moved_at = time.monotonic()

    def settle(self, page, quiet=0.06):
        """Wait until no request has been under way for `quiet` seconds. "networkidle" takes half a second for each page."""
        end = time.monotonic() + 10
        page.wait_for_timeout(20)
        while self.under_way or time.monotonic() - self.moved_at < quiet:
            assert time.monotonic() < end, sorted(request.url for request in self.under_way)
            page.wait_for_timeout(20)

    def _asked(self, request):
        self.under_way.add(request)
        self.moved_at = time.monotonic()
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != self.host:
            self.strangers.append(request.url)

    def assert_clean(self):
        assert self.errors == []
        assert self.strangers == []


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as play:
        found = play.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"],
        )
        yield found
        found.close()


@pytest.fixture
def watch(live_server):
    return Watch(urlsplit(live_server.url).netloc)


@pytest.fixture
def new_page(browser, live_server, watch):
    """`new_page(viewport=…, theme="light"|"dark", locale="en")` opens a watched page in a browser of its own."""
    contexts = []

    def make(viewport=None, theme="light", locale="en"):
        context = browser.new_context(
            base_url=live_server.url,
            viewport=viewport or DESK,
            color_scheme=theme,
            locale=locale,
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        watch.attach(page)
        return page

    yield make
    for context in contexts:
        for page in context.pages:
            _come_to_rest(page, watch)
        context.close()


def _come_to_rest(page, watch):
    """Let the server finish what the page asked for: tables are emptied next, and a late reader would deadlock."""
    with contextlib.suppress(PlaywrightError, AssertionError):
        watch.settle(page)
        page.goto("about:blank")
        page.wait_for_timeout(50)


@pytest.fixture
def page(new_page):
    return new_page()


@pytest.fixture
def sign_in(live_server):
    """`sign_in(page, user)` gives the page's browser a session of that user."""

    def enter(page, user):
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url, "httpOnly": True}]
        )

    return enter


@pytest.fixture
def axe(watch):
    """`axe(page, within="body")` lists the serious and critical findings of axe-core on WCAG 2.0 to 2.2, A and AA."""
    source = AXE.read_text()

    def check(page, within="html"):
        # Evaluated through the debugger, so the page's content security policy stays in force for the page itself.
        # axe tries styles that the policy refuses; those complaints are not the page's and come a moment later.
        watch.paused = watch.measured = True
        page.evaluate(source)
        found = page.evaluate(
            """within => axe.run(within, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
                resultTypes: ["violations"]})""",
            within,
        )
        page.wait_for_timeout(80)
        watch.paused = False
        return [
            f"{page.url}: {rule['id']} {node['target']} {node['failureSummary']}"
            for rule in found["violations"]
            if rule["impact"] in {"serious", "critical"}
            for node in rule["nodes"]
        ]

    return check


@pytest.fixture
def demo(db):
    """The demo company with a letter that was sent and a proposal that can be opened: its administrator."""
    call_command("seed_demo", contacts=120, seed=1, stdout=io.StringIO())
    admin = User.objects.filter(is_superuser=True).earliest("pk")
    deal = Deal.objects.filter(state="open", contact__isnull=False).order_by("pk").first()
    lines.add_product(deal, Product.objects.filter(currency=deal.currency).order_by("pk").first(), by=admin, qty=2)
    version = proposals.draft_proposal(deal, by=admin).newest
    proposals.send_version(version, to="ann@client.test", by=admin, site="https://crm.test")
    return admin


@pytest.fixture
def look(watch, axe):
    """`look(page, address)` opens a page of one's own and lists the findings of axe-core once it has come to rest."""

    def open_and_check(page, address):
        answer = page.goto(address)
        assert answer.status == 200, address
        watch.settle(page)
        return axe(page)

    return open_and_check


def first(model, **which):
    """The oldest row of a kind that must be there."""
    found = model.objects.filter(**which).order_by("pk").first()
    assert found, model
    return found


def drag(page, card, lane):
    """Take a card of the board by mouse into a column."""
    start, end = card.bounding_box(), lane.bounding_box()
    page.mouse.move(start["x"] + 60, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(start["x"] + 90, start["y"] + 40, steps=4)
    page.mouse.move(end["x"] + 60, end["y"] + 40, steps=12)
    page.wait_for_timeout(200)
    page.mouse.up()
