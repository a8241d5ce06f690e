"""Extracts, merges, checks and compiles the translations."""

from django.core.management.base import BaseCommand, CommandError

from crm import catalogues


class Command(BaseCommand):
    help = "Merges new strings into the Russian catalogues; --check fails when one is incomplete; --compile writes .mo."

    def add_arguments(self, parser):
        parser.add_argument("apps", nargs="*", help="only these apps")
        parser.add_argument("--check", action="store_true")
        parser.add_argument("--compile", action="store_true")

    def handle(self, *args, apps, check, compile, **options):
        if compile:
            catalogues.compile_all()
            return
        apps = apps or catalogues.APPS
        if check:
            self._check(apps)
            return
        for app in apps:
            self.stdout.write(f"{app}: {catalogues.merge(app)} to translate")

    def _check(self, apps):
        found = [fault for app in apps for fault in catalogues.faults(app)]
        for fault in found:
            self.stdout.write(fault)
        if found:
            raise CommandError(f"{len(found)} strings are not translated. Run `manage.py messages` and fill them in.")
