"""Builds static/img/icons.svg: one sprite of the icons that templates and code name."""

import re
from pathlib import Path
from xml.etree import ElementTree

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

_WORD = re.compile(r"""["']([a-z][a-z0-9-]*)["']""")
_SVG = "{http://www.w3.org/2000/svg}"


class Command(BaseCommand):
    help = "Builds the icon sprite from @tabler/icons: every quoted word that is the name of an icon."

    def handle(self, *args, **options):
        outline = settings.BASE_DIR / "node_modules/@tabler/icons/icons/outline"
        if not outline.is_dir():
            raise CommandError("@tabler/icons is not installed. Run `make assets`.")
        names = sorted(name for name in self._words() if (outline / f"{name}.svg").exists())
        target = settings.BASE_DIR / "static/img/icons.svg"
        target.write_text(self._sprite(outline, names))
        if options["verbosity"] > 1:
            self.stdout.write(f"{len(names)} icons in {target.name}")

    def _words(self):
        words = set()
        for folder in ("templates", "crm", "contacts", "deals", "tickets", "campaigns", "analytics"):
            for path in (settings.BASE_DIR / folder).rglob("*"):
                if path.suffix in {".html", ".py"}:
                    words.update(_WORD.findall(path.read_text()))
        return words

    def _sprite(self, outline: Path, names):
        ElementTree.register_namespace("", "http://www.w3.org/2000/svg")
        sprite = ElementTree.Element(f"{_SVG}svg")
        for name in names:
            icon = ElementTree.parse(outline / f"{name}.svg").getroot()  # noqa: S314  files of a pinned package
            symbol = ElementTree.SubElement(sprite, f"{_SVG}symbol", id=f"tabler-{name}", viewBox="0 0 24 24")
            symbol.extend(part for part in icon if part.get("stroke") != "none")
        return ElementTree.tostring(sprite, encoding="unicode")
