"""What stands against letters to people: asked before the start, at each step and on the page of one person."""

from django.utils.translation import gettext_lazy as _

from campaigns.models import SegmentMembership, Suppression
from contacts.models import Contact
from contacts.services import consents
from crm.mail.reasons import declare_reasons
from crm.names import doubt_about
from crm.text import norm_email

# Stored as codes on enrolments, steps and letters.
declare_reasons(
    {
        "no_address": _("no email"),
        "no_consent": _("no consent to letters"),
        "no_data_consent": _("the consent to keep the data was withdrawn"),
        "unsubscribed": _("unsubscribed"),
        "bounced": _("the address does not exist"),
        "complained": _("called our letters unwanted"),
        "erased": _("asked to be erased"),
        "same_address": _("somebody else with this address got it"),
        "person_gone": _("the person is gone"),
        "left": _("left the sequence"),
        "paused": _("the sequence is paused"),
        "stopped": _("the sequence was stopped"),
        "finished": _("got everything"),
        "deal_opened": _("a deal was opened"),
        "deal_won": _("a deal was won"),
        "answered": _("the person answered"),
    }
)


def blocked_reasons(contacts, topic=""):
    """{contact key: reason} of those who must not get advertising on the topic by mail."""
    refused = consents.refused([contact.pk for contact in contacts], topic=topic)
    digests = {contact.pk: Suppression.digest_of(contact.email) for contact in contacts if contact.email}
    rows = Suppression.objects.filter(digest__in=digests.values(), topic__in=["", topic])
    rows = rows.exclude(but_topics__contains=[topic]) if topic else rows
    suppressed = dict(rows.order_by("-topic").values_list("digest", "reason"))
    found = {}
    for contact in contacts:
        if not norm_email(contact.email):
            found[contact.pk] = "no_address"
        elif digests[contact.pk] in suppressed:
            found[contact.pk] = suppressed[digests[contact.pk]]
        elif contact.pk in refused:
            found[contact.pk] = refused[contact.pk]
    return found


def preflight(sequence):
    """What to know before the start: {people, no_address, no_consent, unsubscribed, bounced, complained, no_name} counted exactly."""
    members = SegmentMembership.objects.filter(segment=sequence.segment, left_at=None).values("contact_id")
    counts = dict.fromkeys(
        ("people", "no_address", "no_consent", "unsubscribed", "bounced", "complained", "no_name"), 0
    )
    rows = Contact.objects.filter(pk__in=members).only("first_name", "last_name", "email").iterator(chunk_size=2000)
    batch = []
    for contact in rows:
        batch.append(contact)
        counts["people"] += 1
        counts["no_name"] += bool(doubt_about(contact))
        if len(batch) == 2000:
            _count(counts, batch, sequence.topic_code)
            batch = []
    _count(counts, batch, sequence.topic_code)
    return counts


def _count(counts, batch, topic):
    for reason in blocked_reasons(batch, topic).values():
        counts[{"no_data_consent": "no_consent", "erased": "unsubscribed"}.get(reason, reason)] += 1
