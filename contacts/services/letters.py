"""Letters that a person writes to a client: service mail, never held back as advertising, but not to whom it must not go."""

from django.db import transaction
from django.template.defaultfilters import linebreaks
from django.utils.translation import gettext as _

from contacts.models import Consent, Contact, ContactPoint
from contacts.services.consents import current_consents
from contacts.services.people import touch
from crm.events import record as record_event
from crm.mail import Stop, guard, on_outcome, on_report, queue_mail
from crm.models import Delivery
from crm.text import norm_email

PURPOSE = "contacts.letter"


class LetterRefused(ValueError):
    """No letter may go there; the message says why."""


def refusal(record, address=""):
    """Why no letter may go to this person or company now, at an address or at the main one; "" when one may."""
    address = address or record.email
    if not address:
        return _("There is no email address. Add one first.")
    if not isinstance(record, Contact):
        return ""
    points = ContactPoint.objects.filter(contact=record, kind=ContactPoint.Kind.EMAIL, norm=norm_email(address))
    if points.filter(bounced_at__isnull=False).exists():
        return _("Letters to %(address)s come back. Ask for another address.") % {"address": address}
    data = current_consents(record).get(Consent.Purpose.PERSONAL_DATA)
    if data and not data.is_given:
        return _("The consent to process personal data was withdrawn: no letters any more.")
    return ""


@transaction.atomic
def write_letter(record, subject, text, *, by):
    """Send a letter and note it in the stream. Raises LetterRefused. Returns the Delivery.

    The company's address is the sender, so that the answer comes to the mailbox that the program reads.
    """
    if why := refusal(record):
        raise LetterRefused(why)
    contact = record if isinstance(record, Contact) else None
    body = f"{text}\n\n-- \n{by.signature or by.name}"
    delivery = queue_mail(
        to=record.email,
        to_name=str(record),
        subject=subject,
        text=body,
        html=linebreaks(body, autoescape=True),
        contact=contact,
        target=record,
        by=by,
        purpose=PURPOSE,
    )
    touch(record)
    record_event("letter.written", **_whose(record), actor=by, title=delivery.subject, text=text, delivery=delivery.pk)
    return delivery


def _whose(record):
    return {"contact": record, "company": record.company} if isinstance(record, Contact) else {"company": record}


@guard
def stops(deliveries):
    """What stands against a letter when it is about to go, read anew."""
    mine = [d for d in deliveries if d.purpose == PURPOSE and d.contact_id]
    if not mine:
        return {}
    people = Contact.objects.in_bulk({d.contact_id for d in mine})
    found = {}
    for delivery in mine:
        contact = people.get(delivery.contact_id)
        if contact is None:
            found[delivery.pk] = Stop("the person is gone", "cancelled")
            continue
        if refusal(contact, delivery.to):
            found[delivery.pk] = Stop("no consent or a dead address")
    return found


@on_outcome
def note_outcome(deliveries):
    """A letter that did not go stands in the stream beside the one that was written."""
    for delivery in deliveries:
        if delivery.purpose == PURPOSE and delivery.state != Delivery.State.SENT:
            _note_failure(delivery, delivery.reply or delivery.reason)


@on_report
def note_bounce(delivery, report):
    """A letter that came back later."""
    if delivery.purpose == PURPOSE and report.kind == "failed":
        _note_failure(delivery, f"{report.status} {report.words}".strip())


def _note_failure(delivery, words):
    contact = Contact.objects.filter(pk=delivery.contact_id).select_related("company").first()
    if contact:
        record_event("letter.failed", **_whose(contact), title=delivery.subject, text=words)
