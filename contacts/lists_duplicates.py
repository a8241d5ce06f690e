"""The desk of duplicates: pairs of people and of companies that wait for a decision."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from contacts.models import CompanyPair, ContactPair
from contacts.services import merging
from crm import conditions, field_access, lists, sight
from crm.conditions import Field, Subject
from crm.lists import BulkAct, Column, ListPage, Preset
from crm.text import sort_key

# A selection larger than this is no person and a few doubles of theirs.
TOGETHER = 10

for _name, _model, _label in (
    ("contact_pair", ContactPair, _("Likely duplicates")),
    ("company_pair", CompanyPair, _("Likely duplicates")),
):
    conditions.subject(Subject(_name, _model, _label))
    for _field in (
        Field("state", _("State"), "choice", choices=_model.State.choices),
        Field("score", _("Score"), "number"),
        Field("found", _("Found"), "datetime", path="found_at"),
    ):
        conditions.field(_name, _field)


class PairList(ListPage):
    default_sort = "-score"
    exportable = deletable = False
    search_key = "name"
    actions = "contacts/_pair_list_actions.html"
    presets = [
        Preset(
            "open",
            _("To decide"),
            {"field": "state", "op": "is", "value": "open"},
            done={
                "title": _("All decided"),
                "text": _(
                    "Each night everybody is compared with everybody. What may be one record waits here with the reasons."
                ),
            },
        ),
        Preset("never", _("Never the same"), {"field": "state", "op": "is", "value": "never"}),
    ]
    columns = [
        Column(
            "pair",
            _("Records"),
            cell="contacts/cells/pair.html",
            width="",
            phone="p1",
            fixed=True,
            related=["first", "second"],
        ),
        Column("reasons", _("Why"), cell="contacts/cells/pair_reasons.html", width="w-280", phone="p3"),
        Column(
            "score",
            _("Score"),
            cell="contacts/cells/pair_score.html",
            sort="score",
            down=True,
            width="w-130",
            phone="p2",
        ),
        Column("found", _("Found"), path="found_at", kind="day", width="w-110", phone="p4"),
    ]
    first_use = {
        "title": _("No duplicates to decide"),
        "text": _(
            "Each night everybody is compared with everybody. What may be one record waits here with the reasons."
        ),
        "glyph": "arrows-join",
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s pair", "%(n)s pairs", n)

    def search(self, rows, text):
        """Pairs of which either name has each of the words."""
        of = rows.model._meta.get_field("first").related_model
        if findable := field_access.findable(sight.viewer(), of, "name_key"):
            named = of.objects.filter(findable).values("pk")
            rows = rows.filter(first__in=named, second__in=named)
        for word in sort_key(text).split():
            rows = rows.filter(first__name_key__contains=word) | rows.filter(second__name_key__contains=word)
        return rows


@lists.register
class ContactPairList(PairList):
    name = "contact_pairs"
    kind = "contact"
    subject = "contact_pair"
    model = ContactPair
    url_name = "contacts:duplicates"
    title = _("Duplicates")


@lists.register
class CompanyPairList(PairList):
    name = "company_pairs"
    kind = "company"
    subject = "company_pair"
    model = CompanyPair
    url_name = "contacts:company_duplicates"
    title = _("Duplicates of companies")


def merge_pairs(page, rows, data, by):
    """Merge each pair, the older record kept. Returns how many could not be."""
    return sum(not _merged(page.model.record(), row.first_id, row.second_id, by, row.score) for row in rows)


def part_pairs(page, rows, data, by):
    """Note that none of these are the same."""
    for row in rows:
        row.decide(by=by)


def merge_selected(page, rows, data, by):
    """Merge the rows of a list into the oldest of them. Returns how many were left alone."""
    keys = sorted(row.pk for row in rows)
    if not 1 < len(keys) <= TOGETHER:
        return len(keys)
    return sum(not _merged(page.model, keys[0], key, by) for key in keys[1:])


def _merged(model, kept, gone, by, score=None):
    try:
        merging.merge_records(model, kept, gone, by=by, score=score)
    except (merging.MergeRefused, PermissionDenied):
        return False
    return True


for _list in ("contact_pairs", "company_pairs"):
    lists.bulk(_list, BulkAct("merge", _("Merge"), "arrows-join", merge_pairs))
    lists.bulk(_list, BulkAct("never", _("Never the same"), "arrows-split", part_pairs))
for _list in ("contacts", "companies"):
    lists.bulk(
        _list,
        BulkAct("merge", _("Merge into one (10 at most)"), "arrows-join", merge_selected, act="delete", danger=True),
    )
