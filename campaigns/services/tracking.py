"""What comes back: opens, clicks, and people who want no more letters."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.models import Sequence, StepRun, Suppression, TrackedLink
from campaigns.services import scoring
from contacts.models import Consent, Contact
from contacts.services.consents import has_consent, state_consent
from crm.events import record
from crm.mail import tracking as mail_tracking
from crm.models import Delivery, Event
from crm.text import norm_email

# Nobody follows two links of a letter within this: a machine tries all of them.
BURST = timedelta(seconds=3)


def delivery_of(token):
    """(delivery or None for a preview, link key), or None when the token is not ours."""
    read = mail_tracking.read_token(token)
    if read is None:
        return None
    return Delivery.objects.filter(pk=read[0], purpose="campaigns.step").first(), read[1]


@transaction.atomic
def note_open(delivery):
    """The first sight of a letter; later ones change nothing. Opens tell of mail programs as much as of people."""
    run = _run(delivery, "opened_at")
    if run:
        _record("email.opened", delivery)


def address_of(delivery, link_pk):
    """Where a link leads; None when it is no link of that letter. A look that is no visit (HEAD) ends here."""
    link = TrackedLink.objects.filter(pk=link_pk).first()
    if link is None or (delivery and link.letter_id != delivery.refs.get("letter")):
        return None
    return link.url


@transaction.atomic
def note_click(delivery, link_pk):
    """Note a click and give the address to go to, or None when the link is none of ours."""
    url = address_of(delivery, link_pk)
    if url is None or delivery is None:
        return url
    if _is_machine(delivery, url):
        _record("email.scanned", delivery, url=url, letter=delivery.pk)
    elif _run(delivery, "clicked_at"):
        StepRun.objects.filter(delivery_id=delivery.pk, opened_at=None).update(opened_at=timezone.now())
        _record("email.clicked", delivery, url=url, letter=delivery.pk)
    return url


def _is_machine(delivery, url):
    """Whether a click comes from a machine. The first click of its burst, taken for a person's, is taken back."""
    now = timezone.now()
    if mail_tracking.is_machine(delivery):
        return True
    followed = Event.objects.filter(
        contact_id=delivery.contact_id, occurred_at__gt=now - BURST, data__letter=delivery.pk
    ).exclude(data__url=url)
    if not followed.filter(kind__in=["email.clicked", "email.scanned"]).exists():
        return False
    if followed.filter(kind="email.clicked").update(kind="email.scanned"):
        StepRun.objects.filter(delivery_id=delivery.pk).update(clicked_at=None)
        scoring.recount(delivery.contact_id)
    return True


def topic_of(delivery):
    """What a letter was about, by its sequence; None for news of all kinds."""
    row = Sequence.objects.filter(pk=delivery.refs.get("sequence")).select_related("topic").first()
    return row.topic if row else None


@transaction.atomic
def unsubscribe(delivery, *, everything=False, address=None):
    """No more letters on its topic to this address, or none at all, whoever has it: suppression, consent withdrawn,
    sequences ended. A letter without a topic ends all.

    Twice is once. Letters that a worker has in hand are recalled: those not handed over by now never are.
    """
    topic = None if everything else topic_of(delivery)
    code = topic.code if topic else ""
    new = Suppression.note(delivery.to, Suppression.Reason.UNSUBSCRIBED, code)
    norm = norm_email(delivery.to)
    people = list(
        Contact.objects.filter(Q(pk=delivery.contact_id) | Q(points__kind="email", points__norm=norm)).distinct()
    )
    if not new and not any(has_consent(contact, Consent.Purpose.ADVERTISING, topic=code) for contact in people):
        return
    for contact in people:
        state_consent(
            contact,
            Consent.Purpose.ADVERTISING,
            given=False,
            topic=code,
            way=Consent.Way.LINK,
            source="unsubscribe link",
            shown=delivery.subject,
            point=norm,
            address=address,
        )
    _record("email.unsubscribed", delivery)


def _run(delivery, column):
    """Set the moment on the delivery's step once; says whether it was the first time."""
    return StepRun.objects.filter(
        enrolment=delivery.refs["enrolment"], step=delivery.refs["step"], **{column: None}
    ).update(**{column: timezone.now()})


def _record(kind, delivery, **data):
    contact = Contact.objects.filter(pk=delivery.contact_id).first()
    if contact:
        record(kind, contact=contact, company=contact.company, subject=delivery.subject, **data)


def language_of(delivery):
    """The language of the person a letter went to, or None for the reader's own."""
    language = Contact.objects.filter(pk=delivery.contact_id).values_list("language", flat=True).first()
    return language if language in {"en", "ru"} else None


mail_tracking.tracker("campaigns.step", note_open=note_open, note_click=note_click, address_of=address_of)
