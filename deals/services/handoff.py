"""A warm lead comes to sales: a hot task for a sales rep, once for each hand-over."""

from datetime import timedelta

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import Contact, Task
from contacts.services.tasks import create_task
from crm.models import User

# A lead cools within hours, so the call is due soon.
DUE = timedelta(hours=2)


def take_lead(event):
    """Give the lead to its owner, else to the rep with the fewest open tasks; the event makes one task only."""
    contact = Contact.objects.select_for_update(of=("self",)).filter(pk=event.contact_id).first()
    rep = rep_for(contact) if contact else None
    if rep is None:
        return
    if contact.owner_id is None:
        contact.assign_to(rep)
        contact.save(update_fields=["owner", "team"])
    with override(rep.language):
        title = _("Call %(name)s: the score is %(score)s") % {"name": contact, "score": event.data.get("score", "–")}
    create_task(
        owner=rep,
        title=title,
        contact=contact,
        key=f"handoff:{event.id}",
        kind=Task.Kind.CALL,
        reasons=[str(reason) for reason in event.data.get("reasons", [])],
        is_hot=True,
        due_at=timezone.now() + DUE,
    )


def rep_for(contact):
    """The active owner of the contact; without one the active sales rep with the fewest open tasks, or None."""
    if contact.owner and contact.owner.is_active:
        return contact.owner
    reps = User.objects.filter(is_active=True, roles__code="sales_rep")
    counts = dict(
        Task.objects.filter(done_at=None, owner__in=reps).values_list("owner").annotate(n=Count("pk")).order_by()
    )
    return min(reps.order_by("pk"), key=lambda rep: (counts.get(rep.pk, 0), rep.pk), default=None)
