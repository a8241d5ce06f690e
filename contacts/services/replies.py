"""Answers to campaign letters, whichever mailbox they come to."""

from crm.events import record
from crm.mail.incoming import guard
from crm.models import Delivery


def note_campaign_reply(letter, contact, *, private=False):
    """An answer to one of our campaign letters stands in the stream: sequences end by it.

    Of a `private` answer only our own subject is named.
    """
    delivery = Delivery.objects.filter(message_id__in=letter.references[:10], kind="campaign").first()
    if delivery and not guard.is_answer_of_machine(letter):
        subject = delivery.subject if private else letter.subject
        record("email.replied", contact=contact, company=contact.company, delivery=delivery.pk, subject=subject)
