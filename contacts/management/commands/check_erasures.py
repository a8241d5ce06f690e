"""Whether the certificates of erasures are a whole and unbroken chain."""

import json

from django.core.management.base import BaseCommand, CommandError

from contacts.services.privacy import chain


class Command(BaseCommand):
    help = "Walk the chain of erasure certificates and hold it against the storage. Ends with an error when something is wrong."

    def handle(self, *args, **options):
        n, faults = chain.faults()
        said = {"certificates": n, "faults": [{"number": fault.number, "what": fault.what} for fault in faults]}
        self.stdout.write(json.dumps(said))
        if faults:
            raise CommandError(f"{len(faults)} faults in the chain of certificates.")
