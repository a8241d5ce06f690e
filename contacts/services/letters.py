"""Letters that a person writes to a client: service mail, never held back as advertising, but not to whom it must not go."""

from datetime import timedelta

from django.db import transaction
from django.template.defaultfilters import linebreaks
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.models import Company, Consent, Contact, ContactPoint, ErasedAddress
from contacts.services.consents import current_consents, withdrawn
from contacts.services.people import touch
from crm.events import record as record_event
from crm.mail import Stop, guard, on_outcome, on_report, queue_mail
from crm.mail.reasons import declare_reasons
from crm.models import Delivery
from crm.text import norm_email

PURPOSE = "contacts.letter"
REFUSED = "person_refused"
FURTHEST = timedelta(days=366)
SIGNED = "\n\n-- \n"
declare_reasons({REFUSED: gettext_lazy("the address is dead, or its owner wants no letters any more")})


class LetterRefused(ValueError):
    """No letter may go there; the message says why."""


class TooLate(Exception):
    """The letter is on its way, or was taken back meanwhile."""


def addresses_of(record):
    """Addresses to which a letter to this record may go, the main one first."""
    rows = record.points.filter(kind=ContactPoint.Kind.EMAIL).order_by("-is_primary", "pk")
    return list(dict.fromkeys([*filter(None, [norm_email(record.email)]), *rows.values_list("norm", flat=True)]))


def check(record, to, at=None):
    """Raise LetterRefused when no letter may go to that address of the record, or not at that moment."""
    if to and to not in addresses_of(record):
        raise LetterRefused(_("This is none of the addresses of %(record)s.") % {"record": record})
    if why := refusal(record, to):
        raise LetterRefused(why)
    check_moment(at)


def check_moment(at):
    """Raise LetterRefused for a moment at which no letter can be sent; None is at once."""
    if at and not timezone.now() < at < timezone.now() + FURTHEST:
        raise LetterRefused(_("Choose a moment from now to a year ahead."))


def refusal(record, address=""):
    """Why no letter may go to this person or company now, at an address or at the main one; "" when one may."""
    address = address or record.email
    if not address:
        return _("There is no email address. Add one first.")
    points = record.points.filter(kind=ContactPoint.Kind.EMAIL, norm=norm_email(address))
    if points.filter(bounced_at__isnull=False).exists():
        return _("Letters to %(address)s come back. Ask for another address.") % {"address": address}
    if not isinstance(record, Contact):
        return ""
    data = current_consents(record).get(Consent.Purpose.PERSONAL_DATA)
    if data and not data.is_given:
        return _("The consent to process personal data was withdrawn: no letters any more.")
    return ""


def refused_copies(addresses):
    """{address: why} of those to which no copy may go either, whoever has them: dead ones, those of people who withdrew
    the consent to keep their data, those of people who were erased."""
    points = ContactPoint.objects.filter(kind=ContactPoint.Kind.EMAIL, norm__in=addresses)
    people = Contact.objects.filter(withdrawn(Consent.Purpose.PERSONAL_DATA), pk__in=points.values("contact"))
    wants_none = set(points.filter(contact__in=people).values_list("norm", flat=True)) | set(
        ErasedAddress.known(set(addresses)).keys() - set(points.values_list("norm", flat=True))
    )
    # Said of an address, not of a record: the writer need not be one who may see it.
    found = {
        norm: _("Nothing may be sent to %(address)s: its owner has refused.") % {"address": norm} for norm in wants_none
    }
    for norm in points.filter(bounced_at__isnull=False).values_list("norm", flat=True):
        found[norm] = _("Letters to %(address)s come back. Ask for another address.") % {"address": norm}
    return found


@transaction.atomic
def write_letter(record, subject, text, *, by, to="", at=None):
    """Send a letter, at once or at a moment, and note it in the stream once it goes. Raises LetterRefused.

    The company's address is the sender, so that the answer comes to the mailbox that the program reads. `to` is one of
    the record's addresses, its main one when empty. Returns the Delivery.
    """
    to = norm_email(to or record.email)
    check(record, to, at)
    contact = record if isinstance(record, Contact) else None
    body = f"{text}{SIGNED}{by.signature or by.name}"
    delivery = queue_mail(
        to=to,
        to_name=str(record),
        subject=subject,
        text=body,
        html=linebreaks(body, autoescape=True),
        contact=contact,
        target=record,
        by=by,
        purpose=PURPOSE,
        due_at=at,
        refs={"is_later": True} if at else None,
    )
    if not at:
        _note_written(record, delivery)
    return delivery


def later_by(user):
    """Letters in the company's name that a user wrote and that wait for their moment."""
    rows = Delivery.objects.filter(by=user, purpose=PURPOSE, state__in=Delivery.WAITING, refs__is_later=True)
    return rows.order_by("due_at", "pk")


def record_of(delivery):
    """The person or company to whom a letter in the company's name goes; None when it is gone."""
    model = Contact if delivery.contact_id else Company
    return model.objects.filter(pk=delivery.contact_id or delivery.target_id).first()


def typed(delivery):
    """What was typed: a letter in the company's name without its signature."""
    return delivery.text.rpartition(SIGNED)[0]


@transaction.atomic
def take_back(pk):
    """Stop the delivery of a letter that waits. Raises TooLate when it is on its way."""
    hold(pk)
    Delivery.objects.filter(pk=pk).update(
        state=Delivery.State.CANCELLED, reason="taken_back", settled_at=timezone.now(), reported_at=timezone.now()
    )


def hold(pk):
    """Lock a delivery as long as it waits: nobody takes it up meanwhile. Raises TooLate."""
    rows = Delivery.objects.select_for_update().filter(pk=pk, state__in=Delivery.WAITING)
    if not rows.exists():
        raise TooLate


def _note_written(record, delivery):
    touch(record)
    data = {"title": delivery.subject, "text": typed(delivery), "delivery": delivery.pk}
    record_event("letter.written", **_whose(record), actor=delivery.by, **data)


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
            found[delivery.pk] = Stop(REFUSED)
    return found


@on_outcome
def note_outcome(deliveries):
    """A letter that waited stands in the stream once it went, one that did not go beside the one that was written."""
    for delivery in deliveries:
        if delivery.purpose != PURPOSE:
            continue
        if delivery.state != Delivery.State.SENT:
            _note_failure(delivery, delivery.reply or delivery.reason)
        elif delivery.refs.get("is_later") and (record := record_of(delivery)):
            _note_written(record, delivery)


@on_report
def note_bounce(delivery, report):
    """A letter that came back later."""
    if delivery.purpose == PURPOSE and report.kind == "failed":
        _note_failure(delivery, f"{report.status} {report.words}".strip())


def _note_failure(delivery, words):
    contact = Contact.objects.filter(pk=delivery.contact_id).select_related("company").first()
    if contact:
        record_event("letter.failed", **_whose(contact), title=delivery.subject, text=words)
