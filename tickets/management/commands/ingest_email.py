"""Takes raw letters through the real inbound path."""

import json
import sys
from pathlib import Path

from django.core.management.base import BaseCommand

from tickets.services.inbound import take


class Command(BaseCommand):
    help = "Takes raw messages (files, or - for standard input); prints one JSON line each: what became of it."

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", metavar="FILE")

    def handle(self, *args, files, **options):
        for name in files:
            self.stdout.write(json.dumps(self._take(name), ensure_ascii=False))

    def _take(self, name):
        try:
            raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            return {"file": name, "outcome": "failed", "reason": error.strerror, "ticket": None, "message_id": None}
        verdict = take(raw)
        ticket = verdict.ticket.label if verdict.ticket else None
        return {
            "file": name, "outcome": verdict.outcome, "reason": verdict.reason, "ticket": ticket, "message_id": verdict.message_id,
        }  # fmt: skip
