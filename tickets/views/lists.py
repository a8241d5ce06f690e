"""The list of tickets, and the way to the next one."""

from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from crm import lists
from crm.access import require
from crm.lists import Column, ListPage, Preset
from tickets.models import Ticket
from tickets.services import desk as verbs

_OPEN = {"field": "status", "op": "any_of", "value": ["new", "open", "pending"]}


@lists.register
class TicketList(ListPage):
    name = "tickets"
    kind = subject = "ticket"
    model = Ticket
    url_name = "tickets:index"
    title = _("Tickets")
    default_sort = "-received"
    search_key = "subject_key"
    actions = "tickets/_list_actions.html"
    presets = [
        Preset("mine", _("My open tickets"), {"all": [{"field": "owner", "op": "is", "value": "me"}, _OPEN]}),
        Preset("nobody", _("Of nobody"), {"all": [{"field": "owner", "op": "empty"}, _OPEN]}),
        Preset("open", _("All open"), _OPEN),
    ]
    columns = [
        Column("subject", _("Subject"), cell="tickets/cells/subject.html", phone="p1", fixed=True, width=""),
        Column("requester", _("Client"), kind="record", related=["requester"], width="w-180", phone="p3"),
        Column("company", _("Company"), kind="record", related=["company"], width="w-180"),
        Column("owner", _("Assigned to"), kind="person", related=["owner"]),
        Column("status", _("Status"), kind="choice", phone="p4"),
        Column("priority", _("Priority"), kind="choice", width="w-110"),
        Column("due", _("Due"), path="due_at", cell="tickets/cells/clock.html", phone="p2"),
        Column("tags", _("Tags"), kind="tags", shown=False),
        Column("received", _("Received"), path="created_at", kind="moment", sort="created_at", down=True),
    ]
    first_use = {
        "title": _("No tickets yet"),
        "text": _("Letters to your mailbox become tickets by themselves. You can also take one down by hand."),
        "url_name": "tickets:new",
        "label": _("New ticket"),
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s ticket", "%(n)s tickets", n)

    def assign(self, row, owner, by):
        verbs.assign(row, owner, by=by, tell=False)

    def delete(self, row, by):
        verbs.delete(row, by=by)


def tickets(request):
    return lists.index(request, TicketList)


def desk(request):
    """The ticket that is due first among one's own, else among those that nobody has."""
    require(request.user, "ticket")
    rows = Ticket.objects.visible_to(request.user).open().exclude(status="pending").order_by("resolution_due_at", "pk")
    first = rows.filter(owner=request.user).first() or rows.filter(owner=None).first() or rows.first()
    return redirect(first) if first else redirect("tickets:index")
