"""The page on which people choose what they get: what stands for them, and what they change."""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from contacts.models import Consent, Contact, ContactPoint, Topic
from contacts.services import consents, wordings
from contacts.services.tasks import create_task
from crm.models import Delivery, User
from crm.text import norm_email

SALT = "contacts.preferences"
Purpose, Channel = Consent.Purpose, Consent.Channel
# In this time data have to be deleted after the consent is withdrawn (152-FZ, article 21); the task is due before.
DELETE_WITHIN = timedelta(days=20)


def link_for(delivery):
    """The address of the page for whoever got this letter; without one, of a preview."""
    token = signing.Signer(salt=SALT).sign(str(delivery.pk if delivery else 0))
    return f"{settings.BASE_URL}{reverse('consents:preferences', args=[token])}"


def letter_of(token):
    """(the letter or None for a preview,), or None when the token is none of ours."""
    try:
        key = int(signing.Signer(salt=SALT).unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    return (Delivery.objects.filter(pk=key).first(),) if key else (None,)


def people_of(delivery):
    """Who reads at the letter's address: the person it went to first, then others who share the address. A person who
    was merged or came back under a new record is found by the address; [] when nobody here has it."""
    norm = norm_email(delivery.to)
    sharing = ContactPoint.objects.filter(kind="email", norm=norm, contact__isnull=False).values("contact")
    found = list(Contact.objects.filter(pk__in=sharing).select_related("company").order_by("pk"))
    return sorted(found, key=lambda contact: contact.pk != delivery.contact_id)


def choices_for(contact):
    """What can be chosen: [(key, name, text, whether it is chosen now)], topics first, then further channels."""
    rows = [
        (f"topic:{topic.code}", topic.name, topic.text, _on(contact, topic.code)) for topic in Topic.objects.filter(is_offered=True)
    ]  # fmt: skip
    rows.append(("topic:", _("Other news and offers") if rows else _("News and offers"), "", _on(contact)))
    channels = [
        (f"channel:{channel}", Channel(channel).label, "", _on(contact, channel=channel)) for channel in _reached(contact)
    ]  # fmt: skip
    return rows, channels


def _on(contact, topic="", channel=Channel.EMAIL):
    return consents.has_consent(contact, Purpose.ADVERTISING, topic=topic, channel=channel)


def _reached(contact):
    """Channels other than mail over which the person can be reached, or about which something was said."""
    kinds = set(contact.points.values_list("kind", flat=True))
    said = set(contact.consents.filter(purpose=Purpose.ADVERTISING).values_list("channel", flat=True))
    there = {Channel.PHONE: "phone" in kinds, Channel.SMS: "phone" in kinds, Channel.MESSENGER: "messenger" in kinds}
    there[Channel.POST] = bool(contact.street)
    return [
        channel.value for channel in Channel if channel != Channel.EMAIL and (there.get(channel) or channel in said)
    ]


@transaction.atomic
def choose(delivery, wanted, *, address):
    """Make what stands equal to what is ticked (`wanted`: keys of `choices_for`). Only differences are stated."""
    for contact in people_of(delivery):
        held = Contact.objects.select_for_update(of=["self"]).select_related("company").get(pk=contact.pk)
        proof = _proof(held, delivery, wanted, address)
        # What is said of all letters covers the topics: it comes first, and the topics are looked at after it.
        _settle(held, "topic:" in wanted, proof)
        for topic in Topic.objects.filter(is_offered=True):
            _settle(held, f"topic:{topic.code}" in wanted, proof, topic=topic.code)
        for channel in _reached(held):
            _settle(held, f"channel:{channel}" in wanted, proof | {"point": None}, channel=channel)


def stop_all(delivery, *, address):
    """No advertising over any channel. An address that nobody here has any more is closed all the same."""
    if people_of(delivery):
        choose(delivery, set(), address=address)
    consents.refuse(delivery.to)


@transaction.atomic
def withdraw_data(delivery, *, address):
    """The consent to keep the data is taken back: no letters, and somebody has to delete the data in time."""
    stop_all(delivery, address=address)
    for contact in people_of(delivery):
        standing = consents.standing(contact, Purpose.PERSONAL_DATA)
        if standing and not standing.is_given:
            continue
        proof = _proof(contact, delivery, set(), address)
        proof["text"], proof["version"] = wordings.words_of(Purpose.PERSONAL_DATA, proof["law"], proof["language"])
        consents.state_consent(contact, Purpose.PERSONAL_DATA, given=False, **proof)
        owner = contact.owner or User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        if owner:
            with override(owner.language):
                title = _("Delete the data of %(name)s: the consent was withdrawn") % {"name": contact}
            due = timezone.now() + DELETE_WITHIN
            create_task(
                owner=owner, title=title, contact=contact, due_at=due, key=f"withdrawn:{contact.pk}:{due.date()}"
            )


def _settle(contact, wanted, proof, topic="", channel=Channel.EMAIL):
    if _on(contact, topic, channel) == wanted:
        return
    given = {name: value for name, value in proof.items() if value is not None}
    consents.state_consent(contact, Purpose.ADVERTISING, given=wanted, topic=topic, channel=channel, **given)


def _proof(contact, delivery, wanted, address):
    """What every statement of this visit carries: words, the page as it was left, where and from where."""
    law, language = consents.law_for(contact), get_language() or "en"
    text, version = wordings.words_of(Purpose.ADVERTISING, law, language)
    topics, channels = choices_for(contact)
    shown = "\n".join(f"[{'x' if key in wanted else ' '}] {name}" for key, name, _text, _now in [*topics, *channels])
    return {
        "way": Consent.Way.CENTRE, "source": "/preferences", "law": law, "language": language, "text": text, "version": version,
        "shown": f"{text}\n\n{shown}", "point": norm_email(delivery.to), "address": address,
    }  # fmt: skip
