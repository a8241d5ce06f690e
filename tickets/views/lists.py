"""The lists of tickets and of articles, and the way to the next ticket."""

from django.db.models import Sum
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from crm import lists
from crm.access import require
from crm.lists import Column, ListPage, Preset
from tickets.forms import AssignForm, PriorityForm, StatusForm
from tickets.models import Article, Ticket
from tickets.services import articles as shelf
from tickets.services import desk as verbs

FOUND = 200  # as many articles as a search shows
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
        Column("requester", _("Client"), kind="record", related=["requester"], width="w-150", phone="p3"),
        Column("company", _("Company"), kind="record", related=["company"], width="w-150"),
        Column("owner", _("Assigned to"), kind="person", related=["owner"], edit="owner", edit_many=False),
        Column("status", _("Status"), kind="choice", phone="p4", edit="status"),
        Column("priority", _("Priority"), kind="choice", width="w-96", edit="priority"),
        Column("due", _("Due"), path="due_at", cell="tickets/cells/clock.html", phone="p2"),
        Column("step", _("Next step"), path="next_step", cell="contacts/cells/step.html", width="w-180", shown=False),
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

    def cell_form(self, name, row=None, data=None, *, by):
        form = {"owner": AssignForm, "status": StatusForm, "priority": PriorityForm}[name]
        return form(data, initial={name: self.typed_value(row, name)} if row else None)

    def write(self, row, form, name, by):
        value = form.cleaned_data[name]
        if name == "owner":
            verbs.assign(row, value, by=by)
        elif name == "status":
            verbs.set_status(row, value, by=by)
        else:
            verbs.set_priority(row, value, by=by)

    def takes_back(self, name):
        # A state runs clocks, asks clients what they think and counts reopenings.
        return name != "status"

    def put_back(self, row, before, by):
        super().put_back(row, before, by)
        verbs.note_put_back(row, before, by=by)

    def assign(self, row, owner, by):
        verbs.assign(row, owner, by=by, tell=False)

    def delete(self, row, by):
        verbs.delete(row, by=by)


@lists.register
class ArticleList(ListPage):
    name = "articles"
    kind = subject = "article"
    model = Article
    url_name = "tickets:articles"
    title = _("Knowledge base")
    default_sort = "title"
    search_key = "title_key"
    actions = "tickets/_article_list_actions.html"
    row_rights = True
    presets = [
        Preset(
            "published", pgettext_lazy("articles", "Published"), {"field": "state", "op": "is", "value": "published"}
        ),
        Preset("drafts", _("Drafts"), {"field": "state", "op": "is", "value": "draft"}),
        Preset("unhelpful", _("Not helpful"), {"field": "unhelpful", "op": "gte", "value": 1}, sort="-unhelpful"),
    ]
    columns = [
        Column(
            "title", _("Title"), cell="tickets/cells/article.html", sort="title_key", phone="p1", fixed=True, width=""
        ),
        Column("category", _("Category"), width="w-180", related=["category"], phone="p3", edit="category"),
        Column("language", _("Language"), kind="choice", width="w-110"),
        Column("state", _("State"), kind="choice", cell="tickets/cells/article_state.html", phone="p2", edit="state"),
        Column("helpful", _("Helpful"), kind="number", sort="helpful", down=True, width="w-80", total=Sum("helpful")),
        Column(
            "unhelpful",
            _("Not helpful"),
            kind="number",
            sort="unhelpful",
            down=True,
            width="w-110",
            total=Sum("unhelpful"),
        ),
        Column("author", _("Author"), kind="person", related=["author"], shown=False),
        Column("changed", _("Changed"), path="updated_at", kind="ago", sort="updated_at", down=True, phone="p4"),
    ]
    first_use = {
        "title": _("No articles yet"),
        "text": _("Answer a question once: published articles are found by clients and suggested to agents."),
        "url_name": "tickets:article_new",
        "label": _("New article"),
        "glyph": "book",
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s article", "%(n)s articles", n)

    def search(self, rows, text):
        """As in the help centre: by words in any form, codes, and with typing errors."""
        return rows.filter(pk__in=[row.pk for row in shelf.find(rows, text, limit=FOUND)])

    def write(self, row, form, name, by):
        shelf.keep(form.save(commit=False), by=by)


def articles(request):
    return lists.index(request, ArticleList)


def tickets(request):
    return lists.index(request, TicketList)


def desk(request):
    """The ticket that is due first among one's own, else among those that nobody has."""
    require(request.user, "ticket")
    rows = Ticket.objects.visible_to(request.user).open().exclude(status="pending").order_by("resolution_due_at", "pk")
    first = rows.filter(owner=request.user).first() or rows.filter(owner=None).first() or rows.first()
    return redirect(first) if first else redirect("tickets:index")
