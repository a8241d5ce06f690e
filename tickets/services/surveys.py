"""Ratings: asked by mail after each solution, given by a signed link, never by merely opening it."""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm.events import record
from crm.mail import queue_mail
from crm.models import Delivery, User, Workspace
from crm.notify import notify
from tickets.models import DeskSettings, Rating, Ticket

SALT = "tickets.rating"
VALID = 60 * 24 * 3600  # seconds that a link works
BAD = 2


def ask_for_rating(ticket):
    """Mail the client a link, once for each solution.

    Nobody is asked without an address, and nobody again within the quiet days of the desk: a ticket solved, opened
    and solved once more in an hour asks once.
    """
    client = ticket.requester
    if client is None or not client.email or _asked_lately(client):
        return
    token = signing.dumps([ticket.pk, ticket.reopened], salt=SALT)
    url = settings.BASE_URL + reverse("help:rating", args=[token])
    with override(client.language if client.language == "ru" else Workspace.get().language):
        subject = _("How did we do? %(ticket)s") % {"ticket": ticket.label}
        text = _("Your request “%(subject)s” is solved.\n\nTell us in one click how we did:\n%(url)s") % {
            "subject": ticket.subject,
            "url": url,
        }
    name, address = ticket.mailbox.sender if ticket.mailbox else ("", "")
    queue_mail(
        kind="service",
        to=client.email,
        to_name=client.name,
        subject=subject,
        text=text,
        from_=f'"{name}" <{address}>' if address else "",
        headers={"Auto-Submitted": "auto-generated"},
        contact=client,
        target=ticket,
        key=f"rating:{ticket.pk}:{ticket.reopened}",
    )


def _asked_lately(client):
    days = DeskSettings.get().quiet_days
    since = timezone.now() - timedelta(days=days)
    return (
        bool(days)
        and Delivery.objects.filter(contact_id=client.pk, key__startswith="rating:", created_at__gt=since).exists()
    )


def ticket_of(token):
    """(ticket, round) of a link, or None when it was altered or is too old."""
    try:
        pk, number = signing.loads(token, salt=SALT, max_age=VALID)
    except signing.BadSignature:
        return None
    ticket = Ticket.objects.select_related("requester", "owner").filter(pk=pk).first()
    return (ticket, number) if ticket else None


@transaction.atomic
def rate(ticket, number, score, comment):
    """Keep the client's score of one solution; the last word counts. A bad one is told to the team at once."""
    rating, new = Rating.objects.update_or_create(
        ticket=ticket,
        round=number,
        defaults={"score": score, "comment": comment[:5000], "agent": ticket.owner, "at": timezone.now()},
    )
    if new:
        record(
            "ticket.rated",
            contact=ticket.requester,
            company=ticket.company,
            target=ticket,
            score=score,
            text=comment[:500],
        )
    if score <= BAD:
        _alarm(ticket, rating)
    return rating


def _alarm(ticket, rating):
    leads = User.objects.filter(is_active=True, roles__code="support_lead").distinct()
    for person in {ticket.owner, *leads} - {None}:
        with override(person.language):
            text = _("%(client)s rated %(ticket)s with %(score)s of 5") % {
                "client": ticket.requester,
                "ticket": ticket.label,
                "score": rating.score,
            }
        notify(person, "ticket.rated_badly", text, ticket.get_absolute_url(), key=f"rating:{rating.pk}")
