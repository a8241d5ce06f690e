"""Letters: compiled once for a version, filled in for each person.

MJML makes the frame; the holes stay as @@name@@ and are filled with escaped text at the moment of sending.
"""

import re
from functools import lru_cache

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.translation import gettext as _
from django.utils.translation import override
from mjml import mjml2html

from campaigns.models import Letter, TrackedLink
from contacts.services import preferences
from crm import custom
from crm.mail import tracking
from crm.models import Workspace
from crm.names import greeting_name, usable_name

# A preview or a test looks at nobody.
NO_PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
_HOLE = re.compile(r"@@([a-z0-9_]+(?::\d+)?)@@")
HOLES = ("greeting", "first_name", "last_name", "company", "city")
# Fields that people have defined are called cf_ and their key.
_VARIABLE = re.compile(rf"\{{({'|'.join(HOLES)}|cf_[a-z0-9_]{{1,40}})(?:\|([^{{}}]*))?\}}")
# What looks as if somebody meant a hole.
_ANY_HOLE = re.compile(r"\{{1,2}\s*([\w. ]{1,60}?)\s*(?:\|[^{}]*)?\}{1,2}")
_BUTTON = re.compile(r"^\[([^\]]+)\]\((https?://[^\s)]+)\)$")
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^\s)]+)\)")
_MARKS = re.compile(f"{_LINK.pattern}|{_VARIABLE.pattern}")


class LetterFaulty(ValueError):
    """The letter cannot be compiled; the message says why."""


@transaction.atomic
def keep(letter):
    """Save a letter and compile it. Its links get rows of their own: clicks lead nowhere else."""
    letter.version += 1
    letter.save()
    letter.html = _compiled(letter)
    letter.save(update_fields=["html"])
    return letter


def _compiled(letter):
    blocks = [_block(letter, part.strip()) for part in re.split(r"\n\s*\n", letter.body.strip()) if part.strip()]
    mjml = render_to_string("emails/campaigns/letter.mjml", {"letter": letter, "blocks": blocks})
    try:
        return mjml2html(mjml)
    except Exception as error:
        raise LetterFaulty(_("The letter cannot be laid out: %(why)s") % {"why": error}) from error


def _with_choice(letter):
    """A letter laid out before the page of preferences was there gets its link when it is sent next."""
    if letter.html and "@@preferences@@" not in letter.html:
        letter.html = _compiled(letter)
        Letter.objects.filter(pk=letter.pk, version=letter.version).update(html=letter.html)
    return letter


def _block(letter, text):
    """A paragraph or a button, links replaced by holes."""
    button = _BUTTON.match(text)
    if button:
        return {"button": _holes(button[1]), "href": _hole(letter, button[2])}
    parts, at = [], 0
    for found in _LINK.finditer(text):
        parts += [
            {"text": _holes(text[at : found.start()])},
            {"text": _holes(found[1]), "href": _hole(letter, found[2])},
        ]
        at = found.end()
    return {"parts": [*parts, {"text": _holes(text[at:])}]}


def _hole(letter, url):
    link, _new = TrackedLink.objects.get_or_create(letter=letter, url=url)
    return f"@@link:{link.pk}@@"


def _holes(text):
    """Variables as holes; their fallbacks are looked up when the letter is filled in."""
    return _VARIABLE.sub(lambda found: f"@@{found[1]}@@", text)


def faulty_holes(text):
    """(holes as written that nobody knows, names of those that may stay empty and have no words for it)."""
    unknown = [found[0] for found in _ANY_HOLE.finditer(text) if not _is_known(_VARIABLE.fullmatch(found[0]))]
    return unknown, [name for name, words in _fallbacks(text).items() if not words and name != "greeting"]


def _is_known(variable):
    if variable is None or not variable[1].startswith("cf_"):
        return variable is not None
    return custom.field_named("contact", variable[1].removeprefix("cf_")) is not None


def _fallbacks(text):
    """{hole: the words for it when there is nothing to put in}."""
    words = {}
    for found in _VARIABLE.finditer(text):
        words[found[1]] = words.get(found[1]) or found[2] or ""
    return words


@lru_cache(maxsize=200)
def _pieces(pk, version, html):
    """The compiled letter cut at its holes: text, hole, text, hole, …, text."""
    return _HOLE.split(html)


def fill(letter, contact, delivery=None):
    """(subject, text, html) for one person. Without a delivery the links are marked as a preview: they count nothing."""
    values = variables(letter, contact)
    pieces = _pieces(letter.pk, letter.version, _with_choice(letter).html)
    html = "".join(
        piece if i % 2 == 0 else conditional_escape(_value(piece, values, delivery)) for i, piece in enumerate(pieces)
    )
    subject = _filled(letter.subject, values)
    return " ".join(subject.split()), _text(letter, values, delivery), html


def variables(letter, contact):
    """What the holes hold for a person; the fallback of the letter where the contact has nothing usable."""
    fallbacks = _fallbacks(f"{letter.subject}\n{letter.body}")
    name = greeting_name(contact, letter.language)
    with override(letter.language):
        greeting = _("Hello %(name)s,") % {"name": name} if name else _("Hello,")
    known = {
        "greeting": greeting,
        "first_name": name,
        "last_name": usable_name(contact.last_name) if name else "",
        "company": str(contact.company or ""),
        "city": contact.city,
    }
    with override(letter.language):
        known |= {h: custom.letter_text("contact", contact, h[3:]) for h in fallbacks if h.startswith("cf_")}
    return {hole: value or fallbacks.get(hole, "") for hole, value in known.items()}


def _text(letter, values, delivery):
    """The plain part: the same words, addresses written out, and how to stop."""

    def written(found):
        if found[2]:
            return f"{_filled(found[1], values)}: {_tracked(letter, found[2], delivery)}"
        return values[found[3]]

    # One pass: what stands in a person's data is never read as a link or a hole.
    text = _MARKS.sub(written, letter.body)
    with override(letter.language):
        choose = _("Choose what you get: %(url)s") % {"url": preferences.link_for(delivery)}
        stop = _("No more such letters: %(url)s") % {"url": unsubscribe_url(delivery)}
    return f"{text}\n\n-- \n{Workspace.get().name}\n{choose}\n{stop}\n"


def _filled(text, values):
    return _VARIABLE.sub(lambda found: values[found[1]], text)


def _tracked(letter, url, delivery):
    link = next((row for row in letter.links.all() if row.url == url), None)
    return click_url(delivery, link.pk) if link else url


def _value(hole, values, delivery):
    if hole.startswith("link:"):
        return click_url(delivery, int(hole[5:]))
    if hole == "pixel":
        return tracking.open_url(delivery.pk) if delivery else NO_PIXEL
    if hole == "unsubscribe":
        return unsubscribe_url(delivery)
    if hole == "preferences":
        return preferences.link_for(delivery)
    return values.get(hole, "")


def token(delivery, link=0):
    """What a tracked address carries."""
    return tracking.token(delivery.pk if delivery else 0, link)


def click_url(delivery, link):
    return tracking.click_url(delivery.pk if delivery else 0, link)


def unsubscribe_url(delivery):
    return _address("public:unsubscribe", token(delivery))


def _address(name, signed):
    """A public address with a token in it, which needs no quoting."""
    before, after = _around_token(name)
    return f"{settings.BASE_URL}{before}{signed}{after}"


@lru_cache(maxsize=8)
def _around_token(name):
    before, _token, after = reverse(name, args=["TOKEN"]).partition("TOKEN")
    return before, after
