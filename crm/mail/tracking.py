"""Opens and clicks of letters: signed addresses, and whose matter each is. Apps register what they make of it."""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from crm.models import Delivery

# Letters sent long ago carry it: it stays.
SALT = "campaigns.letter"
# Nobody reads and clicks within two seconds of the sending: that is a machine looking for bad links.
HUMAN_AFTER = timedelta(seconds=2)


@dataclass(frozen=True)
class Tracker:
    """`note_open(delivery)`; `note_click(delivery, link)` and `address_of(delivery, link)` give the address a link leads
    to, None for one that is none of theirs. Without a delivery it is a preview, which counts nothing."""

    note_open: object
    note_click: object
    address_of: object


_trackers: dict[str, Tracker] = {}


def tracker(purpose, *, note_open, note_click, address_of):
    """Register for letters of a purpose."""
    _trackers[purpose] = Tracker(note_open, note_click, address_of)


def token(delivery_pk, link=0):
    """What a tracked address carries: signed, so it cannot be guessed or pointed at somebody else."""
    return _signed(f"{delivery_pk}-{link}")


# A letter holds the same few tokens several times over.
@lru_cache(maxsize=64)
def _signed(text):
    return signing.Signer(salt=SALT).sign(text)


def read_token(text):
    """(delivery key, link key) of a token, or None when it was altered."""
    try:
        delivery, _dash, link = signing.Signer(salt=SALT).unsign(text).partition("-")
        return int(delivery), int(link or 0)
    except (signing.BadSignature, ValueError):
        return None


def open_url(delivery_pk):
    return settings.BASE_URL + reverse("letter_opened", args=[token(delivery_pk)])


def click_url(delivery_pk, link):
    return settings.BASE_URL + reverse("letter_clicked", args=[token(delivery_pk, link)])


def found(text):
    """(trackers to ask, delivery or None, link) of a token; None when it is none of ours."""
    read = read_token(text)
    if read is None:
        return None
    delivery = Delivery.objects.filter(pk=read[0]).first()
    if delivery is None:
        return list(_trackers.values()), None, read[1]
    mine = _trackers.get(delivery.purpose)
    return [mine] if mine else [], delivery, read[1]


def is_machine(delivery):
    """Whether a click comes too soon after the sending for a person."""
    return bool(delivery.settled_at) and timezone.now() - delivery.settled_at < HUMAN_AFTER
