"""What a statement about consent does to letters, in its own transaction, and why a letter may or might go."""

from django.db.models import F, Func, Value
from django.utils import timezone

from campaigns.models import Suppression
from campaigns.services import sequences, tracking
from contacts.models import Consent, Contact, ContactPoint
from contacts.services import consents, ledger
from crm.mail import recall
from crm.models import Delivery
from crm.text import norm_email

Purpose, Way, Reason = Consent.Purpose, Consent.Way, Suppression.Reason
# Who says so wants it to hold also after the record is gone; other ways only state it.
LASTING = {Way.LINK, Way.CENTRE, Way.STAFF, Way.REPORT}


@consents.on_statement
def obey(consent):
    """Stop what is on its way, keep the refusal for ever, or lift it when the person proves a change of mind."""
    if consent.purpose == Purpose.ADVERTISING and consent.channel == Consent.Channel.EMAIL:
        if consent.is_given:
            _lift(consent)
        else:
            _stop(consent)
    elif consent.purpose == Purpose.PERSONAL_DATA and not consent.is_given:
        sequences.leave(consent.contact_id, "no_data_consent")
        recall([consent.contact_id])


@consents.on_refusal
def close(email):
    """An address that nobody here has any more wants nothing."""
    if norm_email(email):
        Suppression.note(email, Reason.UNSUBSCRIBED)


def _stop(consent):
    if consent.way in LASTING:
        for norm in _addresses(consent):
            Suppression.note(norm, Reason.UNSUBSCRIBED, consent.topic)
        if not consent.topic:
            mine = ContactPoint.objects.filter(contact=consent.contact_id, kind="email", norm__in=_addresses(consent))
            mine.filter(opted_out_at=None).update(opted_out_at=timezone.now())
        which = {"topic__code": consent.topic} if consent.topic else {}
        sequences.leave(consent.contact_id, "complained" if consent.way == Way.REPORT else "unsubscribed", **which)
    recall([consent.contact_id])


def _lift(consent):
    """A refusal ends by a newer consent that is proved. A complaint only by the person's own hand, a dead address never."""
    if not consent.is_proved:
        return
    reasons = [Reason.UNSUBSCRIBED, Reason.ERASED]
    if consent.way != Way.STAFF:
        reasons.append(Reason.COMPLAINED)
    digests = [Suppression.digest_of(norm) for norm in _addresses(consent)]
    rows = Suppression.objects.filter(digest__in=digests, reason__in=reasons)
    if consent.topic:
        # What is said of one topic lifts a general refusal for this one: all others stay refused, also those to come.
        rows.filter(topic=consent.topic).delete()
        general = rows.filter(topic="").exclude(but_topics__contains=[consent.topic])
        general.update(but_topics=Func(F("but_topics"), Value(consent.topic), function="array_append"))
        return
    rows.delete()
    ContactPoint.objects.filter(contact=consent.contact_id, kind="email", norm__in=_addresses(consent)).update(
        opted_out_at=None
    )


def _addresses(consent):
    """The address that was used, else all the person has."""
    if norm_email(consent.point):
        return [norm_email(consent.point)]
    points = ContactPoint.objects.filter(contact=consent.contact_id, kind="email")
    return list(points.values_list("norm", flat=True))


def why(delivery, user):
    """Why a letter was, is or is not allowed: {needed, at, topic, contact, consent, data, fault, suppressed, allowed}.

    `at` is the moment that counts: when it was handed over, else now. Of a person whom the user may not see only the
    verdict is told, without the proof.
    """
    contact = Contact.objects.filter(pk=delivery.contact_id).first()
    found = {"needed": delivery.kind == Delivery.Kind.CAMPAIGN, "at": timezone.now(), "contact": contact}
    if delivery.settled_at and delivery.state in {Delivery.State.SENT, Delivery.State.BOUNCED}:
        found["at"] = delivery.settled_at
    if contact is None or not found["needed"]:
        return found
    topic = tracking.topic_of(delivery)
    code = topic.code if topic else ""
    consent = consents.standing(contact, Purpose.ADVERTISING, topic=code, at=found["at"])
    data = consents.standing(contact, Purpose.PERSONAL_DATA, at=found["at"])
    if consent:
        consent.label = consents.label_of(consent)
        consent.fault = ledger.faults_of(contact).get(consent.pk, "")
    seen = Contact.objects.visible_to(user).filter(pk=contact.pk).exists()
    return found | {
        "topic": topic,
        "consent": consent if seen else None,
        "data": data,
        "seen": seen,
        "suppressed": Suppression.of(delivery.to, code) or "",
        "allowed": bool(consent and consent.is_given) and not (data and not data.is_given),
    }
