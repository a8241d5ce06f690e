"""Tags of tickets."""

from collections import Counter

from django.db import transaction

from crm import tags as all_tags
from crm.events import record
from tickets.models import Ticket

MOST = 20


@transaction.atomic
def set_tags(ticket, tags, *, by):
    """Give the ticket these tags. Blanks are trimmed; one that differs only in size of letters is the same tag."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket.pk)
    wanted = {}
    for tag in tags:
        tag = " ".join(tag.replace("\x00", "").split())[:60].strip()
        if tag:
            wanted.setdefault(tag.casefold(), tag)
    before, ticket.tags = ticket.tags, list(wanted.values())[:MOST]
    if ticket.tags == before:
        return ticket
    ticket.save(update_fields=["tags", "updated_at"])
    all_tags.note(ticket.tags)
    came = [f"+{tag}" for tag in ticket.tags if tag not in before]
    went = [f"−{tag}" for tag in before if tag not in ticket.tags]
    words = ", ".join(came + went)[:300]
    record("ticket.tagged", contact=ticket.requester, company=ticket.company, target=ticket, actor=by, label=words)
    return ticket


def known_tags(user, limit=40):
    """The tags that the newest tickets carry which the user may see, the most used first."""
    # Of a thousand tickets, not of a thousand with tags: where few carry any, those would be looked for in all there are.
    newest = Ticket.objects.visible_to(user).order_by("-pk").values_list("tags", flat=True)[:1000]
    counts = Counter(tag for tags in newest for tag in tags)
    return [tag for tag, _n in counts.most_common(limit)]
