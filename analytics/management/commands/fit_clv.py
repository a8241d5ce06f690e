"""Fits the purchase model to a file."""

import csv
import json
from collections import defaultdict
from datetime import date

from django.core.management.base import BaseCommand, CommandError

from analytics.services import clv

SUMMARY = ("frequency", "recency", "T", "monetary_value")


class Command(BaseCommand):
    help = "Fits BG/NBD and Gamma-Gamma to a CSV: customer_id, frequency, recency, T, monetary_value; or customer_id, date, amount."

    def add_arguments(self, parser):
        parser.add_argument("--csv", required=True)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args, **options):
        try:
            with open(options["csv"], encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
            columns = _summary(rows) if rows and "frequency" in rows[0] else _from_purchases(rows)
            x, tx, age, z = columns
            model, value = clv.fit_bgnbd(x, tx, age), clv.fit_gamma_gamma(x, z)
        except (OSError, KeyError, ValueError) as error:
            raise CommandError(f"The file cannot be used: {error}") from error
        found = {
            "bg_nbd": {
                "r": model.r,
                "alpha": model.alpha,
                "a": model.a,
                "b": model.b,
                "log_likelihood": model.log_likelihood,
            },
            "gamma_gamma": {"p": value.p, "q": value.q, "v": value.v, "log_likelihood": value.log_likelihood},
            "customers": len(x),
        }
        self.stdout.write(json.dumps(found, indent=None if options["json"] else 2))


def _summary(rows):
    return [[float(row[name] or 0) for row in rows] for name in SUMMARY]


def _from_purchases(rows):
    """Frequency, recency, age in days and mean repeat value out of single purchases; several on a day are one."""
    days = defaultdict(lambda: defaultdict(float))
    for row in rows:
        days[row["customer_id"]][date.fromisoformat(row["date"])] += float(row["amount"])
    if not days:
        raise ValueError("it has no rows")
    end = max(max(history) for history in days.values())
    found = []
    for history in days.values():
        dates = sorted(history)
        repeats = [history[day] for day in dates[1:]]
        found.append(
            (
                len(repeats),
                (dates[-1] - dates[0]).days,
                (end - dates[0]).days,
                sum(repeats) / len(repeats) if repeats else 0,
            )
        )
    return [list(column) for column in zip(*found, strict=True)]
