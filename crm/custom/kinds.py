"""Another kind for a field that has values already, and other choices for values that have been chosen.

A kind changes only when no value loses anything: each must read afterwards exactly as before. All or nothing, in one
transaction, so a change that was interrupted has not happened.
"""

from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models.fields.json import KeyTransform
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import jobs
from crm.custom import definitions, indexes, values
from crm.models import CustomField

Kind = CustomField.Kind
BATCH = 1000
EXAMPLES = 5
# What may become what. All of these are stored as the same text, but for choices.
_WAYS = {
    Kind.TEXT: [Kind.LONG, Kind.NUMBER, Kind.DATE, Kind.LINK],
    Kind.LONG: [Kind.TEXT],
    Kind.NUMBER: [Kind.TEXT, Kind.MONEY],
    Kind.MONEY: [Kind.NUMBER],
    Kind.DATE: [Kind.TEXT],
    Kind.LINK: [Kind.TEXT],
    Kind.CHOICE: [Kind.CHOICES],
    Kind.CHOICES: [Kind.CHOICE],
}


@dataclass
class Preview:
    """What a change would do: how many different values there are, how many would not survive, some of these."""

    total: int = 0
    refused: int = 0
    examples: list = field(default_factory=list)


def options_of(item):
    """(kind, label) of the kinds that a field may change into."""
    return [(str(kind), kind.label) for kind in _WAYS.get(item.kind, [])]


def preview(item, kind):
    """Try every different value that there is."""
    draft, found = _as(item, kind), Preview()
    rows = definitions.target_of(item.subject).rows().filter(custom__has_key=item.key).order_by()
    for stored in rows.values_list(KeyTransform(item.key, "custom"), flat=True).distinct().iterator():
        found.total += 1
        if not _survives(item, draft, stored):
            found.refused += 1
            if len(found.examples) < EXAMPLES:
                found.examples.append(values.text(item, stored))
    return found


def _as(item, kind):
    draft = CustomField(kind=kind, key=item.key, choices=item.choices, currency=item.currency, places=6)
    if kind == Kind.MONEY:
        draft.places = 2
    return draft


def _survives(item, draft, stored):
    if draft.kind == Kind.CHOICES:
        return True
    if draft.kind == Kind.CHOICE:
        return len(stored) <= 1
    try:
        made = values.clean(draft, stored)
    except ValueError:
        return False
    if {item.kind, draft.kind} == {Kind.NUMBER, Kind.MONEY}:
        return values.typed(draft, made) == values.typed(item, stored)
    return made == stored


def start(item, kind, *, by):
    return jobs.start("custom.kind", by=by, params={"field": item.pk, "kind": kind}, subject=item.label)


@jobs.job("custom.kind", gettext_lazy("Another kind for a field"), icon="transform")
def run_kind(run):
    kind = run.params["kind"]
    with transaction.atomic():
        item = CustomField.objects.select_for_update().get(pk=run.params["field"])
        if item.kind != kind:
            if kind not in dict(options_of(item)) or preview(item, kind).refused:
                raise jobs.JobFailed(_("Values have come that would not survive. Nothing was changed."))
            _convert(item, kind)
            item.kind, item.version, item.default = kind, item.version + 1, None
            item.places = 6 if kind == Kind.NUMBER else item.places
            item.save()
    indexes.keep(item, by=run.by)
    return {}


def _convert(item, kind):
    """Only choices are stored in another form: one as its key, several as a list."""
    makes = {
        Kind.CHOICES: "jsonb_build_array(custom->%s)",
        Kind.CHOICE: "custom->%s->0",
    }.get(kind)
    if makes is None:
        return
    target = definitions.target_of(item.subject)
    table = connection.ops.quote_name(target.model._meta.db_table)
    only, params = "", ()
    if target.condition is not None:
        only, params = target.rows().values("pk").query.sql_with_params()
        only = f" AND id IN ({only})"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET custom = jsonb_set(custom, ARRAY[%s], {makes}) WHERE custom ? %s{only}",  # noqa: S608
            [item.key, item.key, item.key, *params],
        )


def start_moving_choices(item, moved, *, by):
    """Put other choices in the place of some: {old key: new key}."""
    return jobs.start("custom.choices", by=by, params={"field": item.pk, "moved": moved}, subject=item.label)


@jobs.job("custom.choices", gettext_lazy("Move values to other choices"), icon="arrows-exchange")
def run_choices(run):
    """Batches by key; what is moved already fits no longer, so a second run goes on."""
    item, moved = CustomField.objects.get(pk=run.params["field"]), run.params["moved"]
    model = definitions.target_of(item.subject).model
    rows = definitions.target_of(item.subject).rows().filter(custom__has_key=item.key)
    last = (run.checkpoint or {}).get("last", 0)
    if not last:
        run.start(rows.count())
    while batch := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            found = list(model._base_manager.select_for_update().filter(pk__in=batch))
            changed = [row for row in found if _move(row, item, moved)]
            model._base_manager.bulk_update(changed, ["custom"])
            last = batch[-1]
            run.advance(len(batch), checkpoint={"last": last}, changed=len(changed))
    return {"rows": [[str(_("Changed")), run.row.counters.get("changed", 0)]]}


def _move(row, item, moved):
    held = row.custom.get(item.key)
    made = moved.get(held, held) if item.kind == Kind.CHOICE else None
    if item.kind == Kind.CHOICES:
        wanted = {moved.get(key, key) for key in held or []}
        made = [choice["key"] for choice in item.choices if choice["key"] in wanted]
    if made == held:
        return False
    row.custom = row.custom | {item.key: made}
    return True
