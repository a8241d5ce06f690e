"""The engine behind every list page.

An app declares its page, and shows it with one line:

    from crm import lists
    from crm.lists import Column, ListPage, Preset

    @lists.register
    class ContactList(ListPage):
        name = "contacts"                 # in addresses and saved views
        kind = "contact"                  # of crm.access
        subject = "contact"               # of crm.conditions
        model = Contact
        url_name = "contacts:index"
        title = _("Contacts")
        people = True                     # names in the first column carry an avatar
        default_sort = "name"             # "-created" is downwards
        search_key = "name_key"           # normalised column that the search box looks in; its `exact` see below
        actions = "contacts/_list_actions.html"   # buttons at the right of the head
        presets = [Preset("mine", _("My contacts"), {"field": "owner", "op": "is", "value": "me"})]
        columns = [
            Column("name", _("Name"), cell="contacts/cells/name.html", sort="name_key", phone="p1", fixed=True),
            Column("company", _("Company"), kind="record", width="w-180", related=["company"], phone="p3"),
            Column("owner", _("Owner"), kind="person", width="w-130", related=["owner"]),
            Column("touch", _("Last touch"), path="last_touch_at", kind="ago", sort="last_touch_at", down=True),
            Column("score", _("Score"), kind="number", sort="score", down=True, total=Avg("score")),
        ]
        @staticmethod
        def count_text(n):                # "1,284 people"; n is already formatted for %(n)s
            return ngettext("%(n)s person", "%(n)s people", n)
        first_use = {"title": …, "text": …, "url_name": …, "label": …}

    def index(request):                   # contacts/views/lists.py; import it in extensions.py so that it registers
        return lists.index(request, ContactList)

An app above adds a column, computed only while it is shown:

    lists.column("contacts", Column("bought", _("Bought"), kind="money", annotate=lambda: {"bought": Subquery(…)}))

and an act on selected rows (`apply(page, rows, data, by)` gets locked rows the user may change, in batches):

    lists.bulk("contacts", BulkAct("sequence", _("Add to sequence"), "route", apply, form=SequenceForm))

and another use of a filter (`url(wish)` leads to where it is made):

    lists.use("contacts", Use(_("Segment"), "chart-pie-2", lambda wish: …, "segment"))

Everything shown, counted, added up, exported or changed starts at `visible_to(user)`; acts ask `editable_by` or
`deletable_by` again in the job.
"""

from crm.lists import runs as _runs  # noqa: F401  registers its jobs
from crm.lists.bulk import BulkAct, bulk
from crm.lists.columns import Column, column
from crm.lists.page import ListPage, Preset, page_named, register
from crm.lists.render import index
from crm.lists.uses import Use, use

__all__ = ["BulkAct", "Column", "ListPage", "Preset", "Use", "bulk", "column", "index", "page_named", "register", "use"]
