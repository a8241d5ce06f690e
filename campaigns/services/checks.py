"""What stands against letters to people: asked before the start, at each step and on the page of one person."""

from django.utils.translation import gettext_lazy as _

from campaigns.models import SegmentMembership, Suppression
from contacts.models import Consent, Contact
from crm.mail.reasons import declare_reasons
from crm.names import usable_name
from crm.text import norm_email

# Stored as codes on enrolments, steps and letters.
declare_reasons(
    {
        "no_address": _("no email"),
        "no_consent": _("no consent to letters"),
        "unsubscribed": _("unsubscribed"),
        "bounced": _("the address does not exist"),
        "complained": _("called our letters unwanted"),
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


def blocked_reasons(contacts):
    """{contact key: reason} of those who must not get advertising."""
    ids = [contact.pk for contact in contacts]
    newest = {}
    statements = Consent.objects.filter(contact__in=ids, purpose=Consent.Purpose.ADVERTISING).order_by("at", "pk")
    for contact_id, given in statements.values_list("contact_id", "is_given"):
        newest[contact_id] = given
    digests = {contact.pk: Suppression.digest_of(contact.email) for contact in contacts if contact.email}
    suppressed = dict(Suppression.objects.filter(digest__in=digests.values()).values_list("digest", "reason"))
    found = {}
    for contact in contacts:
        if not norm_email(contact.email):
            found[contact.pk] = "no_address"
        elif digests[contact.pk] in suppressed:
            found[contact.pk] = suppressed[digests[contact.pk]]
        elif not newest.get(contact.pk, False):
            found[contact.pk] = "no_consent"
    return found


def preflight(sequence):
    """What to know before the start: {people, no_address, no_consent, unsubscribed, bounced, complained, no_name} counted exactly."""
    members = SegmentMembership.objects.filter(segment=sequence.segment, left_at=None).values("contact_id")
    counts = dict.fromkeys(
        ("people", "no_address", "no_consent", "unsubscribed", "bounced", "complained", "no_name"), 0
    )
    rows = Contact.objects.filter(pk__in=members).only("first_name", "email").iterator(chunk_size=2000)
    batch = []
    for contact in rows:
        batch.append(contact)
        counts["people"] += 1
        counts["no_name"] += not usable_name(contact.first_name)
        if len(batch) == 2000:
            _count(counts, batch)
            batch = []
    _count(counts, batch)
    return counts


def _count(counts, batch):
    for reason in blocked_reasons(batch).values():
        counts[reason] += 1
