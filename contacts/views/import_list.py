"""The list of imports."""

from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from contacts.models import ImportRun
from crm import conditions, lists
from crm.conditions import Field, Subject
from crm.lists import Column, ListPage, Preset

State = ImportRun.State

conditions.subject(Subject("import", ImportRun, _("Imports")))
for field in (
    Field("state", _("State"), "choice", choices=State.choices),
    Field("format", _("Format"), "choice", choices=ImportRun.Format.choices),
    Field("system", _("System"), "text"),
    Field("by", _("By"), "person", path="by_id"),
    Field("created", _("When"), "datetime", path="created_at"),
):
    conditions.field("import", field)


def _count(outcome):
    return lambda row: row.counts.get(outcome, "") if row.counts else ""


@lists.register
class ImportList(ListPage):
    """Files that were imported. Only one that was never started can be deleted: the others hold what undoes them."""

    name = "imports"
    kind = subject = "import"
    model = ImportRun
    url_name = "contacts:imports"
    title = _("Imports")
    default_sort = "-created"
    search_key = "file"
    actions = "contacts/_import_list_actions.html"
    exportable = False
    presets = [
        Preset("mine", _("My imports"), {"field": "by", "op": "is", "value": "me"}),
        Preset("waiting", _("Not started"), {"field": "state", "op": "any_of", "value": ["draft", "stopped"]}),
    ]
    columns = [
        Column(
            "file",
            _("File"),
            cell="contacts/cells/import.html",
            related=["file", "kind"],
            width="",
            phone="p1",
            fixed=True,
        ),
        Column("state", _("State"), cell="contacts/cells/import_state.html", kind="choice", width="w-130", phone="p3"),
        Column("added", _("Created"), cell=_count("created"), kind="number", width="w-80"),
        Column("updated", _("Updated"), cell=_count("updated"), kind="number", width="w-80"),
        Column("refused", _("Refused"), cell=_count("failed"), kind="number", width="w-80"),
        Column("system", _("System"), width="w-110", shown=False),
        Column("by", _("By"), kind="person", related=["by"], width="w-130"),
        Column("created", _("When"), path="created_at", kind="moment", sort="created_at", down=True, phone="p2"),
    ]
    first_use = {
        "title": _("Nothing imported yet"),
        "text": _(
            "Bring your people from a CSV or XLSX file or from vCards, as HubSpot, Bitrix24, amoCRM, Google or a"
            " spreadsheet write them. You see every row before it is taken, and can undo it."
        ),
        "url_name": "contacts:import_new",
        "label": _("Import a file"),
        "glyph": "file-import",
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s import", "%(n)s imports", n)

    def search(self, rows, text):
        return rows.filter(file__name__icontains=text)

    def delete(self, row, by):
        if row.state != State.DRAFT:
            raise ProtectedError("An import that was started keeps what undoes it.", {row})
        row.delete()
