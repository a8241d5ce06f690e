"""Prints which lines of a file may be the same person."""

import json

from django.core.management.base import BaseCommand, CommandError

from contacts.imports import reading


class Command(BaseCommand):
    help = "Finds likely duplicates in a CSV or XLSX file; its columns are id and any of the fields named in the docs."

    def add_arguments(self, parser):
        parser.add_argument("--csv", required=True, metavar="FILE")
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")

    def handle(self, *args, csv, json, **options):
        # NumPy comes with it: nothing that a web process loads may import it.
        from contacts.services.duplicates import find_pairs

        pairs = find_pairs(_records(csv))
        if json:
            self.stdout.write(_as_json(pairs))
            return
        for pair in pairs:
            self.stdout.write(f"{pair.score:.4f}  {pair.a}  {pair.b}  {', '.join(pair.reasons)}")
        self.stdout.write(f"pairs: {len(pairs)}")


def _as_json(pairs):
    rows = [{"a": p.a, "b": p.b, "score": p.score, "reasons": list(p.reasons)} for p in pairs]
    return json.dumps({"pairs": rows}, ensure_ascii=False)


def _records(path):
    """The lines of a file as {column: text}. Raises CommandError."""
    try:
        with open(path, "rb") as file:
            encoding, separator = reading.detect(file.read())
            file.seek(0)
            lines = reading.rows(file, encoding, separator)
            header = [name.strip().casefold().replace(" ", "_") for name in next(lines, (1, []))[1]]
            if "id" not in header:
                raise CommandError(f"{path} has no column named id.")
            return [dict(zip(header, map(str.strip, cells), strict=False)) for _line, cells in lines]
    except (OSError, reading.FileUnreadable) as error:
        raise CommandError(str(error)) from error
