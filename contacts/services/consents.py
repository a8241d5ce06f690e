"""Consents: a ledger that only grows; the newest statement that covers something counts."""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from contacts.models import Consent, Topic
from crm.events import record
from crm.models import Workspace

Purpose, Channel, Law, Way = Consent.Purpose, Consent.Channel, Consent.Law, Consent.Way
_listeners = []
_closers = []


def on_statement(fn):
    """Decorator: `fn(consent)` hears of each statement in its own transaction; apps above act on it at once."""
    _listeners.append(fn)
    return fn


def on_refusal(fn):
    """Decorator: `fn(email)` hears that an address wants nothing, though nobody here has it any more."""
    _closers.append(fn)
    return fn


@transaction.atomic
def state_consent(contact, purpose, *, given, topic="", channel=Channel.EMAIL, source="", by=None, **proof):
    """Write that a consent was given or withdrawn, and how it is proved. Returns the Consent.

    `proof`: way, text, version, law, language, shown, point (address used), address (network), note, as the model has them.
    """
    proof.setdefault("point", _point_of(contact, channel))
    consent = Consent.objects.create(
        contact=contact,
        purpose=purpose,
        topic=topic,
        channel=channel,
        is_given=given,
        source=source[:200],
        by=by,
        by_name=f"{by} <{by.email}>"[:200] if by else "",
        **proof,
    )
    record(
        "consent.given" if given else "consent.withdrawn",
        contact=contact,
        company=contact.company,
        actor=by,
        purpose=label_of(consent),
        about=[purpose, channel, _topic(topic)],
        source=source,
        consent=consent.pk,
    )
    obey(consent)
    return consent


def obey(consent):
    """Let those who listen act on a statement."""
    for hear in _listeners:
        hear(consent)


def _point_of(contact, channel):
    """The address a statement is about, where the channel has one."""
    if channel == Channel.EMAIL:
        return contact.email
    return contact.phone if channel in {Channel.PHONE, Channel.SMS} else ""


def refuse(email):
    """Nothing to this address any more, though nobody here has it."""
    for hear in _closers:
        hear(email)


def label_of(consent):
    """What a statement is about, in words: "Advertising · Email · Tips"."""
    return said(consent.purpose, consent.channel, _topic(consent.topic))


def told(data):
    """What the data of an event say a statement is about, in the language of who reads it; None where only words are kept."""
    return said(*data["about"]) if "about" in data else None


def said(purpose, channel, topic=""):
    """A purpose, and of advertising the channel and the name of a topic, in words."""
    if purpose == Purpose.PERSONAL_DATA:
        return str(Purpose(purpose).label)
    return " · ".join(str(part) for part in (Purpose(purpose).label, Channel(channel).label, topic) if part)


def _topic(code):
    topic = Topic.objects.filter(code=code).first() if code else None
    return topic.name if topic else code


def standing(contact, purpose, *, topic="", channel=Channel.EMAIL, at=None):
    """The statement that counts (then, or now), or None when nothing was ever said."""
    rows = contact.consents.covering(purpose, topic=topic, channel=channel)
    if at is not None:
        rows = rows.filter(at__lte=at)
    return rows.newest_first().first()


def has_consent(contact, purpose, *, topic="", channel=Channel.EMAIL):
    """Whether the statement that counts is a consent."""
    found = standing(contact, purpose, topic=topic, channel=channel)
    return bool(found and found.is_given)


def refused(contact_ids, *, topic="", channel=Channel.EMAIL):
    """{contact's key: code} of those who must not get advertising, for many people by one question."""
    newest = {}
    about = Q(purpose=Purpose.PERSONAL_DATA) | Q(purpose=Purpose.ADVERTISING, channel=channel, topic__in=["", topic])
    rows = Consent.objects.filter(about, contact__in=contact_ids).order_by("at", "pk")
    for contact_id, purpose, given in rows.values_list("contact_id", "purpose", "is_given"):
        newest[contact_id, purpose] = given
    found = {}
    for pk in contact_ids:
        if newest.get((pk, Purpose.PERSONAL_DATA)) is False:
            found[pk] = "no_data_consent"
        elif not newest.get((pk, Purpose.ADVERTISING)):
            found[pk] = "no_consent"
    return found


def given(purpose, *, topic="", channel=Channel.EMAIL):
    """Predicate on contacts: the statement that counts is a consent."""
    return Exists(_newest(purpose, topic, channel).filter(is_given=True))


def withdrawn(purpose, *, topic="", channel=Channel.EMAIL):
    """Predicate on contacts: the statement that counts takes the consent back."""
    return Exists(_newest(purpose, topic, channel).filter(is_given=False))


def _newest(purpose, topic, channel):
    rows = Consent.objects.covering(purpose, topic=topic, channel=channel)
    newer = rows.filter(contact=OuterRef("contact")).filter(
        Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk"))
    )
    return rows.filter(~Exists(newer), contact=OuterRef("pk"))


def current_consents(contact):
    """The newest statement for each purpose, as {purpose: Consent}."""
    found = {}
    for consent in Consent.objects.filter(contact=contact, topic="").order_by("at", "pk"):
        if consent.purpose == Purpose.PERSONAL_DATA or consent.channel == Channel.EMAIL:
            found[consent.purpose] = consent
    return found


def overview(contact):
    """What stands for a person: [(words, topic, channel, the Consent that counts or None)], by purpose, channel, topic."""
    said = set(contact.consents.values_list("channel", flat=True))
    rows = [(str(Purpose.PERSONAL_DATA.label), "", "", standing(contact, Purpose.PERSONAL_DATA))]
    for channel in Channel:
        if channel == Channel.EMAIL or channel in said:
            found = standing(contact, Purpose.ADVERTISING, channel=channel)
            rows.append((f"{Purpose.ADVERTISING.label} · {channel.label}", "", channel.value, found))
    for topic in Topic.objects.filter(is_offered=True):
        found = standing(contact, Purpose.ADVERTISING, topic=topic.code)
        if found and found.topic:
            rows.append((_("Letters: %(topic)s") % {"topic": topic.name}, topic.code, "email", found))
    return rows


def law_for(contact):
    """The law under which a person is asked: that of the last statement, else of the country, else of the company."""
    known = contact.consents.exclude(law="").newest_first().values_list("law", flat=True).first()
    country = contact.country or Workspace.get().country
    return known or (Law.RU if country == "RU" else Law.GDPR)
