"""The translation catalogues: extracted, merged, checked and compiled without GNU gettext.

Each app has one Russian catalogue, `APP/locale/ru/LC_MESSAGES/django.po`, for its code and for `templates/APP`;
what the apps share (layouts, components, sign-in) belongs to the core's. English is the source.
"""

import io
import re
from pathlib import Path

import polib
from django.conf import settings
from django.utils.translation.template import templatize

APPS = ("crm", "contacts", "deals", "tickets", "campaigns", "analytics")
LANGUAGES = ("ru",)
RUSSIAN_PLURAL = "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2), "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
_HOLES = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}")


def path_of(app, language="ru"):
    return settings.BASE_DIR / app / "locale" / language / "LC_MESSAGES" / "django.po"


def extract(app):
    """All messages of an app: {(context, id): (plural id or "", [places])}."""
    found = {}
    for path in _sources(app):
        for line, message, context in _messages(path):
            one, many = message if isinstance(message, tuple) else (message, "")
            place = (str(path.relative_to(settings.BASE_DIR)), str(line))
            found.setdefault((context, one), (many, []))[1].append(place)
    found.pop((None, ""), None)
    return found


def merge(app, language="ru"):
    """Bring the catalogue in line with the code: new messages empty, unused ones gone. Returns how many are empty."""
    path = path_of(app, language)
    old = {(e.msgctxt, e.msgid): e for e in polib.pofile(str(path))} if path.exists() else {}
    catalogue = polib.POFile(wrapwidth=110)
    catalogue.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": language,
        "Plural-Forms": RUSSIAN_PLURAL,
    }
    for (context, one), (many, places) in sorted(extract(app).items(), key=lambda item: item[1][1][0]):
        entry = polib.POEntry(
            msgid=one, msgctxt=context, occurrences=[(file, "") for file in dict.fromkeys(p[0] for p in places)]
        )
        before = old.get((context, one))
        if many:
            entry.msgid_plural = many
            entry.msgstr_plural = before.msgstr_plural if before and before.msgstr_plural else {0: "", 1: "", 2: ""}
        else:
            entry.msgstr = before.msgstr if before else ""
        catalogue.append(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(path))
    return len(catalogue.untranslated_entries())


def faults(app, language="ru"):
    """What is wrong with a catalogue, one sentence each."""
    path = path_of(app, language)
    entries = {(e.msgctxt, e.msgid): e for e in polib.pofile(str(path))} if path.exists() else {}
    for (context, one), (many, places) in extract(app).items():
        entry = entries.get((context, one))
        texts = [] if entry is None else list(entry.msgstr_plural.values()) if many else [entry.msgstr]
        where = ":".join(places[0])
        if not texts or not all(texts) or (many and len(texts) != 3):
            yield f"{where}: not translated: {one!r}"
        elif "fuzzy" in entry.flags:
            yield f"{where}: uncertain: {one!r}"
        elif any(_holes(text) - _holes(one) - _holes(many) for text in texts) or (
            not many and _holes(texts[0]) != _holes(one)
        ):
            yield f"{where}: other placeholders than the original: {one!r}"


def compile_all():
    """Write the .mo file beside each catalogue."""
    for app in APPS:
        for language in LANGUAGES:
            path = path_of(app, language)
            if path.exists():
                polib.pofile(str(path)).save_as_mofile(str(path.with_suffix(".mo")))


def _holes(text):
    return {a or b for a, b in _HOLES.findall(text or "")}


def _sources(app):
    base = settings.BASE_DIR
    yield from sorted(p for p in (base / app).rglob("*.py") if "migrations" not in p.parts)
    templates = sorted((base / "templates").rglob("*.*"))
    for path in templates:
        if path.suffix in {".html", ".txt", ".mjml"} and _owner(path.relative_to(base / "templates")) == app:
            yield path


def _owner(path: Path):
    """The app a template belongs to: the folder's, or emails/APP's; the core's when it is shared."""
    parts = path.parts[1:] if path.parts[0] == "emails" else path.parts
    return parts[0] if parts[0] in APPS else "crm"


def _messages(path):
    """(line, message, context) of each marked string in a file."""
    from babel.messages.extract import extract as babel_extract

    text = path.read_text()
    if path.suffix == ".py":
        source = text.encode()
    else:
        # What templatize leaves is Python enough for a tokenizer once no line is indented.
        source = "\n".join(line.lstrip() for line in templatize(text).split("\n")).encode()
    for line, message, _comments, context in babel_extract(
        "python", io.BytesIO(source), KEYWORDS, options={"encoding": "utf-8"}
    ):
        yield line, message, context
