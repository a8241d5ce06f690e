"""Who works on a record beside its owner, who follows it, and telling those who follow."""

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm import events
from crm.models import Collaborator, Draft, Event, Follower, Note, Pin, User
from crm.models.about import about
from crm.notify import notify


@transaction.atomic
def add_collaborator(record, user, *, can_edit, by):
    """Open a record to somebody, or change how far it is open. Who is new is told."""
    row, is_new = Collaborator.objects.update_or_create(
        **about(record), user=user, defaults={"can_edit": can_edit}, create_defaults={"can_edit": can_edit, "by": by}
    )
    if is_new and user != by:
        with override(user.language):
            text = _("%(by)s opened %(record)s to you") % {"by": by, "record": record}
        notify(user, "record.opened", text, record.get_absolute_url(), key=f"{row.pk}")
    return row


def remove_collaborator(record, user):
    Collaborator.objects.about(record).filter(user=user).delete()


def follow(record, user):
    Follower.objects.get_or_create(**about(record), user=user)


def unfollow(record, user):
    Follower.objects.about(record).filter(user=user).delete()


_leaving = []


def leaving(fn):
    """Decorator: `fn(record)` settles what else names a record that is about to go, in the same transaction."""
    _leaving.append(fn)
    return fn


def forget(record):
    """Take away what names a record that is about to go."""
    for fn in _leaving:
        fn(record)
    for model in (Collaborator, Follower, Note, Draft, Pin):
        model.objects.about(record).delete()


# What followers hear of: what happened with the customer, not each change of a field.
HEARD = (
    "note.added", "call.logged", "meeting.held", "contact.stage_changed", "contact.assigned", "company.assigned",
    "contact.moved", "task.done", "deal.created", "deal.stage_changed", "deal.won", "deal.lost", "proposal.viewed", "proposal.accepted",
    "proposal.declined", "order.paid", "ticket.created", "ticket.customer_wrote", "ticket.replied", "ticket.noted", "ticket.resolved", "ticket.rated", "email.bounced",
)  # fmt: skip


@events.subscribe(*HEARD, name="crm.tell_followers")
def tell_followers(event: Event):
    """Tell those who follow the person, the company or the object itself, once each, unless they did it themselves."""
    named = [("contacts.contact", event.contact_id), ("contacts.company", event.company_id)]
    named.append((event.target_type, event.target_id))
    told = {event.actor_id}
    for label, pk in named:
        if not label or not pk:
            continue
        rows = Follower.objects.filter(target_type=label, target_id=pk).exclude(user__in=[t for t in told if t])
        for row in rows.select_related("user"):
            told.add(row.user_id)
            _tell(row.user, label, pk, event)


def _tell(user, label, pk, event):
    record = apps.get_model(label).objects.visible_to(user).filter(pk=pk).first()
    if record is None:
        return
    with override(user.language):
        actor = User.objects.filter(pk=event.actor_id).first()
        kind = events.kind_named(event.kind)
        said = kind.plain(kind.told_to(user, event.data), actor or _("The program"))
        text = f"{record}: {said}"
    notify(user, "record.followed", text, record.get_absolute_url(), key=f"{event.id}")
