"""After a backup was restored: erase again whoever was erased since."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from contacts.services.privacy import certificates
from contacts.services.privacy.replay import replay


class Command(BaseCommand):
    help = "Erase again, after a restore, whoever was erased since the backup. Twice is once."

    def add_arguments(self, parser):
        parser.add_argument("--file", help="certificates one a line, as --export wrote them; else those in the storage")
        parser.add_argument("--export", metavar="FILE", help="only write the certificates of the storage into a file")

    def handle(self, *args, **options):
        if options["export"]:
            documents = certificates.written()
            Path(options["export"]).write_text("".join(json.dumps(one) + "\n" for one in documents))
            self.stdout.write(f"{len(documents)} certificates written.")
            return
        try:
            done = replay(self._documents(options["file"]))
        except ValueError as error:
            raise CommandError(
                f"The certificate {error} is not as it was sealed, or was sealed under another key."
            ) from error
        self.stdout.write(json.dumps(done))

    @staticmethod
    def _documents(path):
        if not path:
            return certificates.written()
        return [json.loads(line) for line in Path(path).read_text().splitlines() if line.strip()]
