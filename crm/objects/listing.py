"""The list of the records of a kind: columns for its fields and relations, by the one list engine."""

from dataclasses import replace
from functools import partial

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from crm import access
from crm.custom import columns as own_columns
from crm.lists import Column, ListPage, Preset
from crm.lists import page as pages
from crm.models import ObjectKind, ObjectRecord
from crm.objects import records
from crm.objects.forms import RecordForm
from crm.objects.relations import relations_of, tied_of_many

SHOWN_FIELDS, SHOWN_RELATIONS = 4, 2
PHONE = ("p3", "p2", "p4")
NAMED = 3


class ObjectList(ListPage):
    model = ObjectRecord
    default_sort = "title"
    search_key = "name_key"
    actions = "crm/objects/_list_actions.html"

    def __init__(self, kind):
        self.of = kind
        self.name = self.kind = self.subject = kind.subject
        self.title = kind.plural
        self.presets = [Preset("mine", _("My records"), {"field": "owner", "op": "is", "value": "me"})]
        self.first_use = {
            "title": _("Nothing here yet"),
            "text": _("Make the first record. It stands in lists, in the search and on the pages it is tied to."),
            "url": reverse("object_new", args=[kind.code]),
            "label": _("New record"),
            "glyph": kind.icon,
        }

    @property
    def url(self):
        return self.of.list_url

    def rows(self):
        return ObjectRecord.objects.of(self.of)

    def columns_for(self, user):
        kind = self.of
        title = Column(
            "title", kind.title_label, cell="crm/objects/cells/title.html", sort="name_key", phone="p1", fixed=True,
            width="", edit="" if kind.pattern else "title", edit_many=False, export=lambda row: row.title,
        )  # fmt: skip
        tied = [
            replace(_tied(relation, user), shown=i < SHOWN_RELATIONS)
            for i, relation in enumerate(_seen(relations_of(kind), user))
        ]
        own = [
            replace(column, shown=i < SHOWN_FIELDS)
            for i, column in enumerate(own_columns.columns_for(kind.subject, user))
        ]
        return [title, *_for_phones([*tied, *own]), *_plain_columns()]

    def cell_form(self, name, row=None, data=None, *, by):
        return RecordForm(data, instance=row, kind=self.of, by=by, only=name)

    def write(self, row, form, name, by):
        if name == "title":
            records.change_title(row, form.cleaned_data["title"], by=by)
        else:
            records.assign(row, form.cleaned_data["owner"], by=by)

    def assign(self, row, owner, by):
        records.assign(row, owner, by=by)

    def delete(self, row, by):
        records.delete_record(row, by=by)


def _seen(relations, user):
    return [r for r in relations if user is None or access.may(user, r.target)]


def _plain_columns():
    return [
        Column("owner", _("Owner"), kind="person", related=["owner"], edit="owner", edit_many=False),
        Column("step", _("Next step"), path="next_step_at", kind="day", sort="next_step_at", shown=False),
        Column("number", _("Number"), kind="number", sort="number", shown=False, width="w-80"),
        Column("created", _("Added"), path="created_at", kind="day", sort="created_at", down=True, shown=False),
        Column("changed", _("Changed"), path="updated_at", kind="ago", sort="updated_at", down=True, shown=False),
    ]


def _for_phones(columns):
    """The first columns that are shown take the places of a two-line row."""
    places, found = list(PHONE), []
    for column in columns:
        found.append(replace(column, phone=places.pop(0)) if column.shown and places else column)
    return found


def _tied(relation, user):
    return Column(
        relation.name,
        relation.label,
        width="w-180",
        cell=partial(_tied_cell, relation.name),
        export=partial(_tied_text, relation.name),
        prepare=partial(_look_up, relation, user),
        kind_needed=relation.target,
    )


def _look_up(relation, user, rows):
    """What a page of rows is tied to, in two queries."""
    found = tied_of_many(relation, rows, user)
    for row in rows:
        row.ties = getattr(row, "ties", {}) | {relation.name: found.get(row.pk, [])}


def _tied_cell(name, row):
    others = getattr(row, "ties", {}).get(name, [])
    if not others:
        return format_html('<span class="ink-3">{}</span>', "–")
    shown = ((other.get_absolute_url(), other) for other in others[:NAMED])
    text = format_html_join(", ", '<a class="link" href="{}">{}</a>', shown)
    more = len(others) - NAMED
    return format_html('{} <span class="ink-3">+{}</span>', text, more) if more > 0 else text


def _tied_text(name, row):
    return ", ".join(str(other) for other in getattr(row, "ties", {}).get(name, []))


@pages.provider
def page_named(name):
    kind = ObjectKind.named(name)
    return ObjectList(kind) if kind else None
