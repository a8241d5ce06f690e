"""Double opt-in: a consent ticked on a page counts when it is confirmed from the mailbox."""

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import Consent, ConsentRequest, Topic
from contacts.services.consents import state_consent
from crm.mail import queue_mail
from crm.models import Workspace

# Not more than one letter to an address in this time, whoever types it into however many pages.
PAUSE = timedelta(hours=1)


@transaction.atomic
def ask(contact, email, *, topic, law, language, text, version, shown, source, address):
    """Write to the address with a link that confirms. Returns the request, or None when one was sent within the hour."""
    with connection.cursor() as cursor:
        # Two pages at once would write two letters.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('contacts.opt_in'), hashtext(%s))", [email])
    if ConsentRequest.objects.filter(email=email, created_at__gt=timezone.now() - PAUSE).exists():
        return None
    token, kept = ConsentRequest.new_token()
    request = ConsentRequest.objects.create(
        contact=contact, email=email, topic=topic, law=law, language=language, text=text, version=version, shown=shown,
        source=source[:200], address=address, token_hash=kept,
    )  # fmt: skip
    _write(request, token)
    return request


def _write(request, token):
    with override(request.language):
        topic = Topic.objects.filter(code=request.topic).first()
        context = {
            "company": Workspace.get().name,
            "topic": topic,
            "text": request.text,
            "url": f"{settings.BASE_URL}{reverse('consents:confirm', args=[token])}",
            "language": request.language,
        }
        queue_mail(
            to=request.email,
            to_name=request.contact.name,
            subject=_("Please confirm: letters from %(company)s") % context,
            text=render_to_string("emails/contacts/opt_in.txt", context),
            html=render_to_string("emails/contacts/opt_in.html", context),
            headers={"Auto-Submitted": "auto-generated"},
            contact=request.contact,
            purpose="contacts.opt_in",
            key=f"opt-in:{request.pk}",
        )


@transaction.atomic
def confirm(request, *, address):
    """The mailbox says yes: the consent is stated with both moments as its proof. Twice is once."""
    now = timezone.now()
    if not ConsentRequest.objects.filter(pk=request.pk, confirmed_at=None).update(confirmed_at=now):
        return None
    asked = _("Asked %(at)s from %(address)s. Confirmed by the link in the letter to %(email)s.") % {
        "at": request.created_at.isoformat(timespec="seconds"),
        "address": request.address or "–",
        "email": request.email,
    }
    return state_consent(
        request.contact,
        Consent.Purpose.ADVERTISING,
        given=True,
        topic=request.topic,
        source=request.source,
        way=Consent.Way.CONFIRMED,
        law=request.law,
        language=request.language,
        text=request.text,
        version=request.version,
        shown=f"{request.shown}\n\n{asked}".strip(),
        point=request.email,
        address=address,
    )


def forget_old():
    """Requests that nobody confirmed in a month are of no use. Returns how many were forgotten."""
    old = timezone.now() - timedelta(days=30)
    return ConsentRequest.objects.filter(confirmed_at=None, created_at__lt=old).delete()[0]
