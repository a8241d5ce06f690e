"""Prints a KPI: the same code and the same numbers as its page."""

import json
from datetime import date, timedelta

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from analytics import kpis
from analytics.services import facts


class Command(BaseCommand):
    help = "Prints a KPI over the days from --from up to, but not with, --to."

    def add_arguments(self, parser):
        parser.add_argument("name", choices=[kpi.name for kpi in kpis.KPIS])
        parser.add_argument("--from", dest="first", type=_day, help="first day, like 2026-01-01; a year ago by default")
        parser.add_argument("--to", dest="last", type=_day, help="the day after the last one; tomorrow by default")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args, name, first, last, **options):
        last = last or timezone.localdate() + timedelta(days=1)
        first = first or last - timedelta(days=365)
        if first >= last:
            raise CommandError("--from must be earlier than --to.")
        facts.settle_all()
        found = kpis.as_json(kpis.kpi_named(name), first, last)
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        self.stdout.write(f"{name} {first} .. {last}: {found['value']} ({found['unit']}), before {found['before']}")
        for part in found["parts"]:
            self.stdout.write(f"  {part['label']}: {part['value']} ({part['unit']})")


def _day(text):
    return date.fromisoformat(text)
