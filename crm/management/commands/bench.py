"""Measures the pages people use all day, server time and statements through the real middleware, and long work."""

import json
import resource
import secrets
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from crm import collector
from crm.models import Event, User
from crm.registry import benchmarks, panels_for

SIZES = {"1k": 1_000, "10k": 10_000, "100k": 100_000, "1m": 1_000_000}
FIELDS = {
    "all": [{"field": "stage", "op": "is", "value": "customer"}, {"field": "language", "op": "is", "value": "ru"}]
}
RELATIONS = {"all": [{"has": "open_deals"}, {"not": {"has": "purchases", "within_days": 90}}]}


class Command(BaseCommand):
    help = "Measures pages and long work on the current database; fills an empty one with a demo company first."

    def add_arguments(self, parser):
        parser.add_argument("--size", choices=SIZES, default="100k")
        parser.add_argument("--rounds", type=int, default=20, help="requests for each page, after two to warm up")
        parser.add_argument("--only", choices=["pages", *dict(benchmarks())], help="just this part")
        parser.add_argument("--count", type=int, default=20_000, help="rows to import, letters to send")
        parser.add_argument("--out", help="file for the figures as JSON")
        parser.add_argument("--compare", nargs=2, metavar="FILE", help="hold two files of figures against each other")

    def handle(self, *args, size, rounds, only, count, out, compare, **options):
        if compare:
            self._compare(*compare)
            return
        if User._meta.db_table not in connection.introspection.table_names():
            call_command("migrate", verbosity=0)
        if not User.objects.exists():
            call_command("seed_demo", contacts=SIZES[size], stdout=self.stdout)
        user = User.objects.filter(is_active=True, roles__code="owner").first()
        if user is None:
            raise CommandError("Nobody here has the role of the owner.")
        measured = {"rows": _rows(), "pages": {}, "work": {}}
        with _AsInProduction():
            if only == "pages":
                self._pages(user, rounds, measured["pages"])
                self.stdout.write(f"memory of the process that served them: {_memory()} MB")
            for name, work in benchmarks():
                if only == name:
                    found = measured["work"][name] = work(user, count)
                    found["memory MB"] = _memory()
                    self.stdout.write(f"{name:26}{', '.join(f'{what} {n}' for what, n in found.items())}")
        measured["memory_mb"] = _memory()
        if only is None:
            measured |= self._alone("pages", count, rounds)
            for name, _work in benchmarks():
                measured["work"] |= self._alone(name, count, rounds)["work"]
        if out:
            Path(out).write_text(json.dumps(measured, indent=2))

    def _alone(self, name, count, rounds):
        """Measure one part in a process of its own, as a web process and a worker are; returns its figures."""
        with NamedTemporaryFile() as out:
            options = ["--only", name, "--count", str(count), "--rounds", str(rounds), "--out", out.name]
            subprocess.run([sys.executable, settings.BASE_DIR / "manage.py", "bench", *options], check=True)
            return json.loads(Path(out.name).read_text())

    def _pages(self, user, rounds, measured):
        self.stdout.write(f"{'page':26}{'p50 ms':>9}{'p95 ms':>9}{'queries':>9}{'kB':>7}")
        with _visitor() as sign_in:
            pages = [("sign-in", sign_in, 302), *((name, partial(c.get, path), 200) for name, c, path in _pages(user))]
            for name, ask, status in pages:
                found = measured[name] = _measure(name, ask, rounds, status)
                line = f"{name:26}{found['p50']:9.1f}{found['p95']:9.1f}{found['queries']:9d}{found['kb']:7.0f}"
                self.stdout.write(line)

    def _compare(self, first, second):
        small, large = (json.loads(Path(name).read_text())["pages"] for name in (first, second))
        self.stdout.write(f"{'page':26}{'first ms':>10}{'second ms':>11}{'times':>8}")
        for name in (name for name in small if name in large):
            a, b = small[name]["p50"], large[name]["p50"]
            self.stdout.write(f"{name:26}{a:10.1f}{b:11.1f}{b / a if a else 0:8.2f}")


class _AsInProduction:
    """No debug log of statements while measuring; any host name is ours."""

    def __enter__(self):
        self.kept = settings.DEBUG, settings.ALLOWED_HOSTS
        settings.DEBUG, settings.ALLOWED_HOSTS = False, ["*"]
        connection.force_debug_cursor = False
        collector.settle()

    def __exit__(self, *error):
        settings.DEBUG, settings.ALLOWED_HOSTS = self.kept


@contextmanager
def _visitor():
    """A function that signs a new user in with a password; user and sessions are gone afterwards."""
    email, password, clients = f"{secrets.token_hex(8)}@bench.example", secrets.token_urlsafe(), []
    visitor = User.objects.create_user(email=email, password=password)

    def sign_in():
        clients.append(Client())
        return clients[-1].post(reverse("account_login"), {"login": email, "password": password})

    yield sign_in
    for client in clients:
        client.logout()
    visitor.delete()


def _pages(user):
    """(name, client, path) of every page measured; pages of records that do not exist are left out."""
    guest, client = Client(), Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    contacts, deals, segments = reverse("contacts:index"), reverse("deals:index"), "campaigns.segment"
    yield "sign-in page", guest, reverse("account_login")
    yield "today", client, reverse("today")
    yield "contact list", client, contacts
    yield "contact list, filtered", client, f"{contacts}?{urlencode({'f': json.dumps(FIELDS)})}"
    yield "contact list, by relations", client, f"{contacts}?{urlencode({'f': json.dumps(RELATIONS)})}"
    yield "contact list, searched", client, f"{contacts}?{urlencode({'q': 'смирнов'})}"
    yield "contact list, sorted", client, f"{contacts}?sort=-touch"
    yield "contact list, page 50", client, _page(client, contacts, 50)
    yield "contact list, page 200", client, _page(client, contacts, 200)
    yield "search", client, f"{reverse('search')}?{urlencode({'q': 'смирнов ана'})}"
    yield from _records(client, "contact page", "contacts.contact", "contacts:contact_show")
    for panel in panels_for(user, "contact"):
        pk = _some("contacts.contact")
        if pk:
            yield f"  panel {panel.name}", client, reverse("panel", args=["contact", panel.name, pk])
    yield "company list", client, reverse("contacts:companies")
    yield from _records(client, "company page", "contacts.company", "contacts:company_show")
    yield "deal board", client, deals
    yield "deal table", client, reverse("deals:table")
    yield from _records(client, "deal page", "deals.deal", "deals:deal_show")
    yield "ticket list", client, reverse("tickets:index")
    yield from _records(client, "ticket page", "tickets.ticket", "tickets:show")
    yield "data quality", client, reverse("contacts:quality")
    yield from _records(client, "segment page", segments, "campaigns:segment_show")
    for name in ("retention", "clv", "handling_time", "funnel", "win_rate", "revenue"):
        yield f"KPI {name}", client, reverse("analytics:show", args=[name])


def _records(client, name, label, url_name):
    pk = _some(label)
    if pk:
        yield name, client, reverse(url_name, args=[pk])


def _some(label):
    """The key of a record in the middle of the table."""
    manager = apps.get_model(label)._base_manager
    last = manager.order_by("-pk").values_list("pk", flat=True).first()
    return manager.filter(pk__gte=last // 2).order_by("pk").values_list("pk", flat=True).first() if last else None


def _page(client, path, number):
    """The address of a later page of a list, by following the links to the next one."""
    for _n in range(number - 1):
        following = _next(client.get(path))
        if following is None:
            break
        path = following
    return path


def _next(response):
    html = response.content.decode()
    for piece in html.split('href="')[1:]:
        link = piece.split('"', 1)[0].replace("&amp;", "&")
        if "after=" in link:
            return reverse("contacts:index") + link[link.index("?") :]
    return None


def _measure(name, ask, rounds, status=200):
    """Medians over requests of one page; raises CommandError when the page answers with another status."""
    times, counts, size = [], [], 0
    for round_ in range(rounds + 2):
        statements = _Counter()
        began = time.perf_counter()
        with connection.execute_wrapper(statements):
            response = ask()
        took = (time.perf_counter() - began) * 1000
        if response.status_code != status:
            raise CommandError(f"{name} answered {response.status_code}.")
        if round_ >= 2:
            times.append(took)
            counts.append(statements.n)
            size = len(response.content) / 1024
    times.sort()
    p95 = times[min(len(times) - 1, round(len(times) * 0.95))]
    return {
        "p50": round(statistics.median(times), 1),
        "p95": round(p95, 1),
        "queries": max(counts),
        "kb": round(size, 1),
    }


class _Counter:
    """Counts statements."""

    def __init__(self):
        self.n = 0

    def __call__(self, execute, sql, params, many, context):
        self.n += 1
        return execute(sql, params, many, context)


def _memory():
    """The most this process has held, in MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _rows():
    models = ["contacts.contact", "contacts.company", "deals.deal", "tickets.ticket"]
    return {label: apps.get_model(label)._base_manager.count() for label in models} | {"events": Event.objects.count()}
