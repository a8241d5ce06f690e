"""The list of tags: in settings, with how many records of each kind carry them."""

from functools import partial

from django.db.models import IntegerField, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from crm import conditions, jobs, lists, tags
from crm.conditions import Field, Subject
from crm.forms_tags import MergeForm
from crm.lists import BulkAct, Column, ListPage, Preset
from crm.lists.columns import provider
from crm.models import Tag

conditions.subject(Subject("tag", Tag, _("Tags")))
for field in (
    Field("name", pgettext_lazy("of a thing", "Name"), "text", path="name_key", key="name_key"),
    Field("colour", _("Colour"), "choice", choices=Tag.Colour.choices[1:]),
    Field("total", _("Records"), "number"),
    Field("created", _("Added"), "datetime", path="created_at"),
):
    conditions.field("tag", field)


@lists.register
class TagList(ListPage):
    name = "tags"
    kind = "settings"
    subject = "tag"
    model = Tag
    url_name = "tags"
    title = _("Tags")
    default_sort = "name"
    search_key = "name_key"
    actions = "crm/_tag_actions.html"
    # Deleting one takes it off its records: that is asked on its own page.
    deletable = False
    presets = [
        Preset("used", _("Most used"), {"field": "total", "op": "gt", "value": 0}, sort="-total"),
        Preset("unused", _("Nobody has them"), {"field": "total", "op": "is", "value": 0}),
    ]
    columns = [
        Column(
            "name",
            pgettext_lazy("of a thing", "Name"),
            cell="crm/cells/tag.html",
            sort="name_key",
            phone="p1",
            fixed=True,
            width="",
        ),
        Column(
            "total", _("Records"), kind="number", sort="total", down=True, width="w-110", phone="p2", total=Sum("total")
        ),
        Column("colour", _("Colour"), kind="choice", width="w-110", edit="colour", phone="p3"),
        Column("created", _("Added"), path="created_at", kind="day", shown=False),
    ]
    first_use = {
        "title": _("No tags yet"),
        "text": _("A tag is a word on people, companies or tickets. Those in use stand here with their numbers."),
        "url_name": "tag_new",
        "label": _("New tag"),
        "glyph": "tag",
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s tag", "%(n)s tags", n)


@provider("tags")
def carriers(user):
    """A column for each kind of record that carries tags."""
    return [
        Column(
            f"n_{carrier.kind}",
            carrier.label,
            kind="number",
            width="w-110",
            cell=partial(_linked, carrier),
            annotate=partial(_counted, carrier.kind),
        )
        for carrier in tags.carriers()
    ]


def _counted(kind):
    number = Cast(KeyTextTransform(kind, "counts"), IntegerField())
    return {f"n_{kind}": Coalesce(number, 0)}


def _linked(carrier, row):
    n = getattr(row, f"n_{carrier.kind}")
    if not n:
        return format_html('<span class="ink-3">{}</span>', "–")
    return format_html('<a class="link" href="{}">{}</a>', carrier.url(row.name), n)


def _merge(page, rows, data, by):
    """All rows become the tag of that name. What many records carry goes on as a job."""
    others = [row for row in rows if row.name != data["name"]]
    for row in others:
        if tags.carried(row.name) <= tags.AT_ONCE:
            tags.change(row, data["name"])
        else:
            jobs.start("tags.change", by=by, params={"tag": row.pk, "name": data["name"]}, subject=row.name)


lists.bulk("tags", BulkAct("merge", _("Merge"), "arrow-merge", _merge, MergeForm))
