"""The desk: one ticket with its conversation and its client."""

from time import time

from django.core.cache import cache
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from contacts.models import Contact, ContactPoint
from contacts.services import people
from crm import files, htmx, notes, registry
from crm.access import fetch, require
from crm.mail.incoming import pictures as letter_pictures
from crm.mail.incoming.quotes import fold
from crm.models import User
from crm.text import norm_email
from crm.views.letters import framed
from crm.views.timeline import said_of
from tickets.forms import AssignForm, PriorityForm, ReplyForm, StatusForm, TagsForm, TicketForm
from tickets.models import InboundMail, Macro, Priority, Ticket, TicketMessage
from tickets.services import articles, desk
from tickets.services.tags import known_tags, set_tags

QUEUE = 40
PRESENT = 30  # seconds that a look at a ticket counts


def show(request, pk):
    ticket = fetch(Ticket.objects.for_card(), request.user, pk)
    return render(request, "tickets/ticket.html", _context(request, ticket))


def new(request):
    """Take a request down by hand: by phone, at the counter."""
    require(request.user, "ticket", "edit")
    form = TicketForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        ticket = _create(form.cleaned_data, request.user)
        return htmx.redirect(request, ticket.get_absolute_url(), _("%(ticket)s is there.") % {"ticket": ticket.label})
    return render(request, "tickets/ticket_form.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def reply(request, pk):
    """Answer, or write a note. If the client wrote meanwhile, the answer waits for a second look."""
    ticket = fetch(Ticket.objects.for_card(), request.user, pk, edit=True)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        return render(request, "tickets/ticket.html", _context(request, ticket) | {"form": form}, status=422)
    data = form.cleaned_data
    if data["kind"] == "note":
        _message, untold = desk.note(ticket, data["text"], by=request.user)
        said = said_of(_("The note is kept; the client does not see it."), untold)
        return htmx.redirect(request, ticket.get_absolute_url(), said)
    try:
        attachments = files.take_uploads(request.POST.getlist("files"), by=request.user, target=ticket)
        attachments += [files.store(f, f.name, by=request.user, target=ticket) for f in request.FILES.getlist("file")]
        desk.reply(
            ticket, data["text"], by=request.user, seen=data["seen"], status=data["status"], attachments=attachments
        )
    except (desk.NewerMessage, files.FileRefused) as refusal:
        text = str(refusal) or _("The client has written since you began. Read it, then send your answer again.")
        return render(
            request, "tickets/ticket.html", _context(request, ticket) | {"form": form, "warning": text}, status=422
        )
    return htmx.redirect(request, ticket.get_absolute_url(), _("Sent."))


@require_POST
def assign(request, pk):
    ticket = fetch(Ticket.objects.for_card(), request.user, pk, edit=True)
    form = AssignForm(request.POST)
    if form.is_valid():
        desk.assign(ticket, form.cleaned_data["owner"], by=request.user)
        return htmx.redirect(request, ticket.get_absolute_url(), _("Assigned."))
    return render(request, "tickets/ticket.html", _context(request, ticket), status=422)


@require_POST
def prioritise(request, pk):
    ticket = fetch(Ticket.objects.for_card(), request.user, pk, edit=True)
    form = PriorityForm(request.POST)
    if form.is_valid():
        desk.set_priority(ticket, form.cleaned_data["priority"], by=request.user)
        return htmx.redirect(request, ticket.get_absolute_url(), _("The promise has moved with it."))
    return render(request, "tickets/ticket.html", _context(request, ticket), status=422)


@require_POST
def move(request, pk):
    ticket = fetch(Ticket.objects.for_card(), request.user, pk, edit=True)
    form = StatusForm(request.POST)
    if form.is_valid():
        ticket = desk.set_status(ticket, form.cleaned_data["status"], by=request.user)
        return htmx.redirect(request, ticket.get_absolute_url(), ticket.get_status_display())
    return render(request, "tickets/ticket.html", _context(request, ticket), status=422)


@require_POST
def tag(request, pk):
    """The ticket's tags: those ticked stay, those written down come."""
    ticket = fetch(Ticket.objects.for_card(), request.user, pk, edit=True)
    form = TagsForm(request.POST, known=[*ticket.tags, *known_tags(request.user)])
    if form.is_valid():
        set_tags(ticket, form.tags(), by=request.user)
        return htmx.redirect(request, ticket.get_absolute_url(), _("The tags are kept."))
    return render(request, "tickets/ticket.html", _context(request, ticket), status=422)


@require_POST
def pictures(request, pk, message_pk):
    """Fetch the pictures of one letter. Its sender may learn that somebody looked, so only when asked to."""
    ticket = fetch(Ticket.objects.all(), request.user, pk)
    found = fetch(TicketMessage.objects.filter(ticket=ticket), request.user, message_pk)
    count = letter_pictures.fetch_pictures(found)
    text = ngettext("%(count)s picture is shown.", "%(count)s pictures are shown.", count) % {"count": count}
    return htmx.redirect(request, f"{ticket.get_absolute_url()}#message-{found.pk}", text)


def presence(request, pk):
    """Who else has this ticket open; asks itself again while the page is open."""
    ticket = fetch(Ticket.objects.all(), request.user, pk)
    return render(request, "tickets/_presence.html", {"ticket": ticket, "others": _others(ticket, request.user)})


def message(request, pk, message_pk):
    """The HTML of a client's letter, alone in a frame that may do nothing."""
    ticket = fetch(Ticket.objects.all(), request.user, pk)
    found = fetch(TicketMessage.objects.filter(ticket=ticket), request.user, message_pk)
    return framed(request, found)


def _context(request, ticket):
    messages = _thread(ticket)
    may_see = Ticket.objects.visible_to(request.user)
    return {
        "ticket": ticket,
        "thread": messages,
        "newest": next((m.pk for m in reversed(messages) if m.direction != "note"), ""),
        "queue": may_see.for_card().open().order_by("resolution_due_at", "pk")[:QUEUE],
        "people": User.objects.filter(is_active=True),
        "statuses": Ticket.Status.choices,
        "priorities": Priority.choices,
        "macros": [(m, _filled(m, ticket, request.user)) for m in Macro.objects.all()],
        "suggested": articles.suggest(ticket.subject, limit=3),
        "others": _others(ticket, request.user),
        "files": files.files_of(ticket),
        "tags": [tag for tag in known_tags(request.user) if tag not in ticket.tags] if ticket.can_edit else [],
        "follows": may_see.filter(pk=ticket.follows_id).first() if ticket.follows_id else None,
        "is_dead": _is_dead(ticket),
        "ratings": ticket.ratings.select_related("agent"),
        "panels": registry.panels_for(request.user, "ticket", "right"),
        "draft": (draft := notes.draft_of(ticket, request.user) if ticket.can_edit else None),
        "uploads": notes.uploads_of(draft),
    }


def _thread(ticket):
    """The conversation with each message's files, blocked pictures and whether its original is kept."""
    messages = list(ticket.messages.select_related("author"))
    keys = [message.pk for message in messages]
    kept = set(InboundMail.objects.filter(entry__in=keys, raw__isnull=False).values_list("entry_id", flat=True))
    by_message = files.files_by_target(TicketMessage, keys)
    for message in messages:
        shown = {image["file"] for image in message.images if "cid" in image}
        message.files = [f for f in by_message.get(message.pk, []) if f.kind != "inline" or str(f.uuid) in shown]
        message.blocked = sum(1 for image in message.images if image.get("url") and not image["file"])
        message.has_raw = message.pk in kept
        message.said, message.quoted = fold(message.text) if message.direction == "in" else (message.text, "")
    return messages


def _is_dead(ticket):
    """Whether letters to the client's address come back."""
    client = ticket.requester
    points = ContactPoint.objects.filter(contact=client, kind="email", bounced_at__isnull=False)
    return bool(client and client.email) and points.filter(norm=norm_email(client.email)).exists()


def _others(ticket, user):
    """Names of colleagues who looked within the last half minute; notes that this one looks."""
    key = f"ticket:{ticket.pk}:present"
    seen = cache.get(key, {})
    now = time()
    seen = {name: at for name, at in seen.items() if at > now - PRESENT} | {str(user): now}
    cache.set(key, seen, PRESENT)
    return sorted(name for name in seen if name != str(user))


def _filled(macro, ticket, user):
    """A prepared answer with the names in it."""
    client = ticket.requester.first_name if ticket.requester else ""
    return macro.text.replace("{name}", client).replace("{number}", ticket.label).replace("{agent}", user.name)


def _create(data, user):
    point = ContactPoint.objects.filter(kind="email", norm=data["email"], contact__isnull=False).first()
    first, _blank, last = data["name"].partition(" ")
    contact = (
        point.contact
        if point
        else people.create_contact(
            by=user, first_name=first, last_name=last, email=data["email"], source="desk", stage=Contact.Stage.LEAD
        )
    )
    ticket = desk.open_ticket(
        subject=data["subject"], requester=contact, owner=user, by=user, channel="phone", priority=data["priority"]
    )
    desk.receive(ticket, text=data["text"], sender=str(contact))
    return ticket
