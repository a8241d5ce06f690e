"""The list of outgoing letters, and the segment that a filter of people becomes."""

from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from crm import access, conditions, lists
from crm.conditions import Field, Subject
from crm.conditions.widgets import dump
from crm.lists import BulkAct, Column, ListPage, Preset, Use
from crm.models import Delivery

State = Delivery.State

conditions.subject(Subject("letter", Delivery, _("Letters")))
for field in (
    Field("state", _("State"), "choice", choices=State.choices),
    Field("kind", _("Kind"), "choice", choices=Delivery.Kind.choices),
    Field("to", _("To"), "text"),
    Field("made", _("When"), "datetime", path="created_at"),
):
    conditions.field("letter", field)


@lists.register
class LetterList(ListPage):
    """What leaves the house, with its fate. Nobody deletes a letter or takes the list away as a file."""

    name = "letters"
    kind = "sequence"
    subject = "letter"
    model = Delivery
    url_name = "campaigns:deliveries"
    title = _("Outgoing letters")
    default_sort = "-made"
    search_key = "to"
    exportable = deletable = False
    row_rights = True
    presets = [
        Preset(
            "doubtful", _("To look at"), {"field": "state", "op": "any_of", "value": ["unknown", "failed", "bounced"]}
        ),
        Preset("waiting", _("Waiting"), {"field": "state", "op": "any_of", "value": ["queued", "deferred"]}),
        Preset("held", _("Held back"), {"field": "state", "op": "is", "value": "suppressed"}),
    ]
    columns = [
        Column("to", _("To"), width="w-220", phone="p1", fixed=True),
        Column("subject", _("Subject"), width="", phone="p3"),
        Column("state", _("State"), kind="choice", cell="campaigns/cells/letter_state.html", width="w-180", phone="p2"),
        # Letters are numbered as they are made.
        Column("made", _("When"), path="created_at", kind="moment", sort="id", down=True, width="w-130", phone="p4"),
        Column("acts", _("What to do"), cell="campaigns/cells/letter_acts.html", width="w-180"),
    ]
    first_use = {
        "title": _("No letters here"),
        "text": _("What leaves the house is listed here with its fate: sent, held back and why, refused, unknown."),
        "glyph": "send",
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s letter", "%(n)s letters", n)

    def may(self, user, act="view"):
        """Whoever runs the company's settings has the letters as well."""
        return super().may(user, act) or access.may(user, "settings", act)

    def search(self, rows, text):
        return rows.filter(Q(to__icontains=text) | Q(subject__icontains=text))


def again(page, rows, data, by):
    """Send letters once more, on a person's word that they did not arrive. Returns how many cannot be."""
    keys = [row.pk for row in rows if row.may_retry]
    Delivery.objects.filter(pk__in=keys).update(
        state=State.QUEUED, due_at=timezone.now(), reason="", reply="", attempts=0, reported_at=None, settled_at=None
    )
    return len(rows) - len(keys)


def arrived(page, rows, data, by):
    """Note that letters of unknown fate did arrive. Returns how many were not unknown."""
    keys = [row.pk for row in rows if row.is_unknown]
    Delivery.objects.filter(pk__in=keys).update(state=State.SENT, settled_at=timezone.now(), reported_at=None)
    return len(rows) - len(keys)


def _segment_of(wish):
    """The page of a new segment, with the filter of the list as its condition."""
    return reverse("campaigns:segment_new") + "?" + urlencode({"f": dump(wish.tree), "name": wish.view_name})


lists.use("contacts", Use(_("Segment"), "chart-pie-2", _segment_of, "segment"))
lists.bulk("letters", BulkAct("again", _("Send again"), "send", again))
lists.bulk("letters", BulkAct("arrived", _("It arrived"), "circle-check", arrived))
