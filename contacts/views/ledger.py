"""The ledger of a personal mailbox: every letter seen, what became of it and why."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from contacts.models import MailFolder, SeenLetter
from contacts.services.mailbox import retaking
from crm import conditions, lists
from crm.conditions import Field, Subject
from crm.lists import BulkAct, Column, ListPage, Preset

State, Reason = SeenLetter.State, SeenLetter.Reason

conditions.subject(Subject("seen_letter", SeenLetter, _("Letters seen")))
for _field in (
    Field("state", _("State"), "choice", choices=State.choices),
    Field("reason", _("Reason"), "choice", choices=[choice for choice in Reason.choices if choice[0]]),
    Field("folder", _("Folder"), "choice", path="folder__role", choices=MailFolder.Role.choices),
    Field("sender", _("From"), "text"),
    Field("recipients", _("To"), "text"),
    Field("subject", _("Subject"), "text"),
    Field("sent", _("Date"), "datetime", path="sent_at"),
    Field("size", _("Size"), "number"),
):
    conditions.field("seen_letter", _field)


@lists.register
class LedgerList(ListPage):
    name = "mail_ledger"
    kind = "contact"
    subject = "seen_letter"
    model = SeenLetter
    url_name = "contacts:ledger"
    title = _("Letters seen")
    default_sort = "-sent"
    search_key = "subject"
    exportable = deletable = False
    actions = "contacts/_ledger_actions.html"
    presets = [
        Preset("stored", _("Stored"), {"field": "state", "op": "is", "value": "stored"}),
        Preset("skipped", _("Skipped"), {"field": "state", "op": "is", "value": "skipped"}),
        Preset("unknown", _("Nobody known"), {"field": "reason", "op": "is", "value": "unknown"}),
        Preset("failed", _("Failed"), {"field": "state", "op": "is", "value": "failed"}),
    ]
    columns = [
        Column(
            "who", _("With"), cell="contacts/cells/seen_who.html", width="w-180", phone="p1", fixed=True,
            path="correspondent",
        ),
        Column("subject", _("Subject"), cell="contacts/cells/seen_subject.html", width="", phone="p3", related=["letter"]),
        Column("state", _("State"), cell="contacts/cells/seen_state.html", width="w-280", phone="p4"),
        Column("folder", _("Folder"), path="folder__name", related=["folder"], width="w-110"),
        Column("size", _("Size"), cell="contacts/cells/seen_size.html", kind="number", width="w-80", shown=False),
        Column("sent", _("Date"), path="sent_at", kind="moment", sort="sent_at", down=True, phone="p2", width="w-130"),
    ]  # fmt: skip
    first_use = {
        "title": _("Nothing seen yet"),
        "text": _("Each letter of your mailbox stands here with what became of it. Nobody but you sees this."),
        "url_name": "contacts:mailbox",
        "label": _("My mailbox"),
        "glyph": "mailbox",
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s letter", "%(n)s letters", n)

    def search(self, rows, text):
        return rows.filter(subject__icontains=text) | rows.filter(sender__icontains=text) | rows.filter(recipients__icontains=text)  # fmt: skip


def index(request):
    return lists.index(request, LedgerList)


def retake(page, rows, data, by):
    """Judge these letters anew: those that failed, and those skipped for what may have changed. Returns how many stay."""
    return retaking.retake(by, [row.pk for row in rows])


lists.bulk("mail_ledger", BulkAct("retake", _("Look again"), "refresh", retake))
