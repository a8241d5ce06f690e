"""The HTML of a letter that was typed as text; where it is tracked, its links lead over us and a pixel tells of the reading."""

import re

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from contacts.models import PersonalLetter
from crm.mail import tracking

_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
MOST = 100


def plain(text):
    """The text as HTML, its addresses as links."""
    return _html(text, lambda url: url)


def written(letter, delivery):
    """The same with links that lead over us, and a pixel. The addresses are noted on the letter: a click leads nowhere
    else."""
    urls = list(dict.fromkeys(_URL.findall(letter.text)))[:MOST]
    if urls != letter.links:
        letter.links = urls
        PersonalLetter.objects.filter(pk=letter.pk).update(links=urls)
    places = {url: tracking.click_url(delivery.pk, number) for number, url in enumerate(urls, start=1)}
    pixel = format_html('<img src="{}" width="1" height="1" alt="">', tracking.open_url(delivery.pk))
    return _html(letter.text, lambda url: places.get(url, url)) + pixel


def _html(text, place):
    parts, at = [], 0
    for found in _URL.finditer(text):
        parts += [(text[at : found.start()],), (format_html('<a href="{}">{}</a>', place(found[0]), found[0]),)]
        at = found.end()
    parts.append((text[at:],))
    # Escaped first, then its line ends: the breaks are the only markup of ours.
    return SafeString(format_html_join("", "{}", parts).replace("\n", "<br>\n"))


def _letter_of(delivery):
    return PersonalLetter.objects.filter(pk=delivery.refs.get("letter"), is_tracked=True)


def note_open(delivery):
    """The first sight of a letter; later ones change nothing."""
    _letter_of(delivery).filter(opened_at=None).update(opened_at=timezone.now())


def address_of(delivery, number):
    """Where a link leads; None when it is no link of that letter."""
    letter = _letter_of(delivery).first() if delivery else None
    return letter.links[number - 1] if letter and 0 < number <= len(letter.links) else None


def note_click(delivery, number):
    """Note a click and give the address to go to, or None. Who clicks has read."""
    url = address_of(delivery, number)
    if url and not tracking.is_machine(delivery):
        _letter_of(delivery).filter(clicked_at=None).update(clicked_at=timezone.now())
        note_open(delivery)
    return url


tracking.tracker("contacts.personal", note_open=note_open, note_click=note_click, address_of=address_of)
