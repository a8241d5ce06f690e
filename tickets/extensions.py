"""What tickets registers."""

from datetime import timedelta
from functools import partial

from django.db.models import Q
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.duplicates import duplicates_of_contact
from contacts.models import Contact, Task
from contacts.services import next_steps
from crm import access, custom, tags
from crm.events import choice, declare
from crm.mail.own import own
from crm.notify import declare_notification
from crm.registry import (
    Command,
    NavItem,
    QueueItem,
    SettingsPage,
    WorkTarget,
    command,
    group_total,
    nav,
    panel,
    periodic,
    seeder,
    settings_page,
    today_queue,
    work_target,
)
from crm.search import SearchSource, search_source
from crm.text import digits
from crm.views import participants
from tickets import filters, guards, seed, today  # noqa: F401  registers what may be asked
from tickets.models import Article, Mailbox, Priority, SlaBreach, Ticket
from tickets.services import bounces, privacy  # noqa: F401  hear of answers that came back, and of people to be erased
from tickets.views import lists  # noqa: F401  registers the list page

SOON = timedelta(hours=2)
QUEUE = 30

access.register("ticket", gettext_lazy("Tickets"), Ticket)
tags.carried_by("ticket", Ticket, "tickets")
custom.register("ticket", Ticket, label=gettext_lazy("Tickets"), list_name="tickets")
access.register("article", gettext_lazy("Knowledge base"), Article)


def _open_count(user):
    """Open tickets of the user, counted to 100."""
    return len(Ticket.objects.visible_to(user).open().filter(owner=user)[:100].values_list("pk")) or None


nav(NavItem("service", gettext_lazy("Tickets"), "tickets:index", "message-circle", "ticket", 40, _open_count, "s"))
nav(NavItem("service", gettext_lazy("Knowledge base"), "tickets:articles", "book", "article", 41, shortcut="b"))
command(Command(gettext_lazy("New ticket"), "tickets:new", "message-plus", "ticket", "edit", "c s"))
command(Command(gettext_lazy("Next ticket to answer"), "tickets:desk", "message-circle", "ticket", "edit"))
command(Command(gettext_lazy("New article"), "tickets:article_new", "file-plus", "article", "edit"))
settings_page(
    SettingsPage(
        gettext_lazy("Mailboxes"), gettext_lazy("Where requests come from"), "tickets:mailboxes", "mailbox", order=20
    )
)
settings_page(
    SettingsPage(
        gettext_lazy("Received letters"),
        gettext_lazy("What became of each, and those that wait for a look"),
        "tickets:letters",
        "mail",
        order=20,
    )
)
settings_page(
    SettingsPage(
        gettext_lazy("Promises"),
        gettext_lazy("Answer times, working hours, holidays"),
        "tickets:promises",
        "clock",
        order=21,
    )
)
settings_page(
    SettingsPage(
        gettext_lazy("Prepared answers"), gettext_lazy("Texts for agents"), "tickets:macros", "bolt", "ticket", order=22
    )
)
periodic("tickets.tasks.poll_mailboxes", every=30, queue="events")
periodic("tickets.tasks.watch_promises", every=60, queue="events")
periodic("tickets.tasks.take_abandoned", every=300, queue="events")
periodic("tickets.tasks.sweep_letters", every=3600, queue="events")

declare("ticket.created", gettext_lazy("Asked: {target}"), icon="message-circle", group="service")
declare("ticket.customer_wrote", gettext_lazy("Wrote in {target}"), icon="mail", group="service")
declare("ticket.replied", gettext_lazy("{actor} answered in {target}"), icon="message-reply", group="service")
declare("ticket.noted", gettext_lazy("{actor} wrote a note in {target}"), icon="note", group="service")
declare("ticket.deleted", gettext_lazy("{actor} deleted the ticket {title}"), icon="trash", group="service")
declare(
    "ticket.assigned", gettext_lazy("{actor} gave {target} to {to}"), icon="user-share", group="service", noisy=True
)
declare(
    "ticket.priority_changed",
    gettext_lazy("{actor} set {target} to {label}"),
    icon="flag",
    group="service",
    noisy=True,
    reads={"label": choice(Priority.choices, "label")},
)
declare(
    "ticket.status_changed",
    gettext_lazy("{target} is now: {label}"),
    icon="circle-dot",
    group="service",
    noisy=True,
    reads={"label": choice(Ticket.Status.choices, "label")},
)
declare(
    "ticket.tagged",
    gettext_lazy("{actor} changed the tags of {target}: {label}"),
    icon="tag",
    group="service",
    noisy=True,
)
declare(
    "ticket.overdue",
    gettext_lazy("{target} is late: {label}"),
    icon="alert-triangle",
    group="service",
    reads={"label": choice(SlaBreach.Clock.choices, "label")},
)
declare(
    "ticket.promise_moved",
    gettext_lazy("Working hours changed: {target} is due at another time"),
    icon="clock",
    group="service",
    noisy=True,
)
declare("ticket.resolved", gettext_lazy("{actor} solved {target}"), icon="circle-check", group="service")
declare("ticket.closed", gettext_lazy("{target} was closed"), icon="lock", group="service")
declare("ticket.reopened", gettext_lazy("{target} was opened again"), icon="rotate", group="service")
declare("ticket.rated", gettext_lazy("Rated {target} with {score} of 5"), icon="star", group="service")

declare_notification("ticket.assigned", gettext_lazy("A ticket was given to you"))
declare_notification("mail.waiting", gettext_lazy("Letters wait for a look"), mail=True)
declare_notification("ticket.bounced", gettext_lazy("An answer of yours came back"))
declare_notification("ticket.overdue", gettext_lazy("A promise to a client was missed"))
declare_notification("ticket.answered", gettext_lazy("A client answered in your ticket"))
declare_notification("ticket.rated_badly", gettext_lazy("A client gave a bad rating"), mail=True)


def _exact_ticket(text, user):
    """Filter for a number: T-4489, #4489, 4489."""
    bare = text.upper().removeprefix("T-").removeprefix("Т-").lstrip("#")
    return Q(number=int(bare)) if bare.isdecimal() and len(digits(bare)) < 12 else None


search_source(
    SearchSource(
        "ticket",
        gettext_lazy("Tickets"),
        "message-circle",
        lambda: Ticket.objects.select_related("requester"),
        "subject_key",
        lambda t: f"{t.requester or ''} · {t.get_status_display()}",
        _exact_ticket,
        order=40,
        by_name=False,
    )
)
search_source(
    SearchSource(
        "article",
        gettext_lazy("Knowledge base"),
        "book",
        Article.objects.all,
        "title_key",
        lambda a: a.get_state_display(),
        order=60,
    )
)


@panel("contact", name="tickets", title=gettext_lazy("Tickets"), order=30, kind="ticket", icon="message-circle")
def contact_tickets(request, contact):
    rows = Ticket.objects.visible_to(request.user).filter(requester=contact).order_by("-created_at")[:8]
    return render_to_string("tickets/panels/tickets.html", {"rows": rows}, request)


@panel("company", name="tickets", title=gettext_lazy("Tickets"), order=30, kind="ticket", icon="message-circle")
def company_tickets(request, company):
    rows = Ticket.objects.visible_to(request.user).filter(company=company).order_by("-created_at")[:8]
    return render_to_string("tickets/panels/tickets.html", {"rows": rows}, request)


@group_total(gettext_lazy("Open tickets"), order=40, kind="ticket")
def open_tickets_of_group(user, company_ids):
    return str(Ticket.objects.visible_to(user).open().filter(company__in=company_ids).count() or "")


panel("ticket", name="participants", title=gettext_lazy("Who works on it"), order=80)(participants.panel)
work_target(
    WorkTarget(
        "ticket",
        "tickets.ticket",
        lambda ticket: (ticket.requester, ticket.company),
        partial(next_steps.repeat_on_targets, Ticket),
    )
)


@panel("ticket", name="duplicates", title=gettext_lazy("Duplicates"), order=2, kind="contact")
def likely_duplicates(request, ticket):
    """Whoever answers a letter sees that its writer may be somebody who is known already."""
    requester = Contact.objects.visible_to(request.user).filter(pk=ticket.requester_id).first()
    return duplicates_of_contact(request, requester) if requester else ""


@panel("ticket", name="tasks", title=gettext_lazy("Tasks"), order=5, kind="task")
def ticket_tasks(request, ticket):
    rows = Task.objects.visible_to(request.user).filter(target_type="tickets.ticket", target_id=ticket.pk, done_at=None)
    context = {"record": ticket, "tasks": rows.select_related("owner").order_by("due_at", "pk")[:20]}
    return render_to_string("contacts/panels/tasks.html", context, request)


@panel("ticket", name="earlier", title=gettext_lazy("Tickets"), order=30, kind="ticket", icon="message-circle")
def earlier_tickets(request, ticket):
    if not ticket.requester_id:
        return ""
    mine = Ticket.objects.visible_to(request.user).filter(requester=ticket.requester_id).exclude(pk=ticket.pk)
    return render_to_string("tickets/panels/tickets.html", {"rows": mine.order_by("-created_at")[:8]}, request)


@today_queue("ticket", order=20)
def tickets_due(user, now):
    """The user's open tickets, and those of nobody that miss their promise within two hours."""
    rows = Ticket.objects.editable_by(user).for_card().open().exclude(status="pending")
    mine = Q(owner=user) | Q(owner=None, first_response_due_at__lt=now + SOON, first_response_at=None)
    return [
        QueueItem(
            key=f"ticket:{ticket.pk}",
            icon="message-circle",
            title=ticket.subject,
            why=_("nobody has it") if ticket.owner_id is None else ticket.get_status_display(),
            url=ticket.get_absolute_url(),
            due_at=ticket.due_at,
            customer=str(ticket.requester or ""),
        )
        for ticket in rows.filter(mine).order_by("resolution_due_at", "pk")[:QUEUE]
    ]


seeder("tickets", order=30)(seed.seed)


@own
def addresses_of_the_desk():
    """Letters to the desk are its requests, in no personal mailbox a client's."""
    return Mailbox.objects.values_list("address", flat=True)
