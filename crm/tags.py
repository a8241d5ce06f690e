"""Managing tags: one vocabulary for all records that carry `tags`, renamed, merged and taken away everywhere at once.

An app declares what carries tags in extensions.py: `tags.carried_by("contact", Contact, "contacts")`. The
filters, segments and rules that name a tag follow it, and nobody leaves a segment in between.
"""

from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Case, Count, F, Func, Value, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import access, jobs
from crm.conditions import holders
from crm.conditions.widgets import dump
from crm.kept import kept
from crm.models.tag import COLOURS, Tag
from crm.text import sort_key

# So many records are changed while the person waits; more become a job.
AT_ONCE = 500
BATCH = 5000
LONGEST = 60
# No tag holds it: it counts as a blank.
_BETWEEN = "\x1f"
_WORDS = ArrayField(models.CharField(max_length=LONGEST))


@dataclass(frozen=True)
class Carrier:
    """A kind of record with tags, and the list that shows it."""

    kind: str
    model: type
    list_name: str

    @property
    def label(self):
        return access.kind_named(self.kind).label

    def url(self, name):
        """Address of the records with a tag."""
        from crm.lists import page_named

        tree = {"all": [{"field": "tags", "op": "has_any", "value": [name]}]}
        return f"{reverse(page_named(self.list_name).url_name)}?{urlencode({'f': dump(tree)})}"


_carriers: list[Carrier] = []


def carried_by(kind, model, list_name):
    """Declare that records of a kind carry tags."""
    _carriers.append(Carrier(kind, model, list_name))


def carriers():
    return list(_carriers)


def cleaned(name):
    """A name as tags are kept: in one line, without blanks around it; "" for none."""
    return " ".join(name.replace("\x00", "").split())[:LONGEST].strip()


def note(names):
    """Let new tags stand in the list of tags at once; how many carry them is counted by the next sweep."""
    rows = [Tag(name=name, name_key=sort_key(name), total=1) for name in dict.fromkeys(names) if name]
    Tag.objects.bulk_create(rows, ignore_conflicts=True)


def make(name, colour):
    """A tag that nobody need carry; one that is there gets the colour."""
    Tag.objects.get_or_create(name=name)[0].paint(colour)


def is_there(name):
    return Tag.objects.filter(name=name).exists()


def colours():
    """{name: colour} of the tags that have one, read once for a request."""
    return kept(COLOURS, lambda: dict(Tag.objects.exclude(colour="").values_list("name", "colour")))


@transaction.atomic
def count():
    """Count all records by their tags. Tags that nobody carries and that have no colour are forgotten."""
    found = {}
    for carrier in _carriers:
        rows = carrier.model._base_manager.order_by().annotate(_tag=Func(F("tags"), function="unnest"))
        for name, n in rows.values_list("_tag").annotate(n=Count("pk")):
            found.setdefault(name, {})[carrier.kind] = n
    now = timezone.now()
    rows = [
        Tag(name=name, name_key=sort_key(name), counts=counts, total=sum(counts.values()), counted_at=now)
        for name, counts in found.items()
    ]
    Tag.objects.bulk_create(
        rows,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["counts", "total", "counted_at"],
    )
    gone = Tag.objects.exclude(name__in=found)
    gone.filter(colour="").delete()
    gone.update(counts={}, total=0, counted_at=now)


def uses_of(name):
    """[(what it is, its name)] of the filters, segments and rules that name a tag."""
    return [(row._meta.verbose_name, str(row)) for row, _column in holders.rows_naming("tags", name)]


def carried(name):
    """How many records carry a tag now."""
    return sum(carrier.model._base_manager.filter(tags__contains=[name]).count() for carrier in _carriers)


def change(tag, name, *, tell=lambda steps, **counters: None):
    """Give a tag another name; one that is there already takes it in; "" takes it off every record.

    Filters, segments and rules that name it follow, except those of a tag that goes: they find nobody by it then.
    Returns (records, filters) changed; running it twice changes nothing more.

    Records change in batches, each in a transaction of its own unless the caller holds one. Where filters name the tag,
    records first carry both names, then the filters change in one go, then the old name comes off: whoever looks at half
    finds the same people, and a run that died or was cancelled is made whole by the next. `tell(steps, **counters)` hears
    of each batch in its transaction.
    """
    before, records, filters = tag.name, 0, 0
    if before == name:
        # A job that runs again after it is done: a tag put in its own place would fall off every record.
        return 0, 0
    if name and holders.rows_naming("tags", before):
        for carrier in _carriers:
            _in_batches(carrier.model, [before], _beside(before, name), without=[name], tell=tell)
        with transaction.atomic():
            filters = holders.rewrite("tags", before, name)
            tell(0, filters=filters)
    for carrier in _carriers:
        records += _in_batches(carrier.model, [before], _instead(before, name), tell=tell, counted="records")
    _leave(tag, name)
    return records, filters


@transaction.atomic
def _leave(tag, name):
    """The list of tags follows: the row takes the name, or goes where the name has a row already or there is none."""
    twin = Tag.objects.filter(name=name).exclude(pk=tag.pk).first() if name else None
    if twin and tag.colour and not twin.colour:
        twin.paint(tag.colour)
    if twin or not name:
        tag.delete()
    else:
        tag.name = name
        tag.save()
    if name:
        _count_again(twin or tag)


def _beside(before, after):
    """The tags with a further one right behind one of them."""
    both = Func(F("tags"), Value(before), Value(f"{before}{_BETWEEN}{after}"), function="array_replace")
    text = Func(both, Value(_BETWEEN), function="array_to_string")
    return Func(text, Value(_BETWEEN), function="string_to_array", output_field=_WORDS)


def _instead(before, after):
    """The tags with one in the place of another; one that is there already keeps its place."""
    gone = Func(F("tags"), Value(before), function="array_remove", output_field=_WORDS)
    if not after:
        return gone
    words = Func(F("tags"), Value(before), Value(after), function="array_replace", output_field=_WORDS)
    return Case(When(tags__contains=[after], then=gone), default=words)


def _in_batches(model, carrying, words, *, without=(), tell, counted=""):
    """Write `words` to all records that carry some tags and not others. Returns how many."""
    rows = model._base_manager.filter(tags__contains=carrying)
    if without:
        rows = rows.exclude(tags__contains=without)
    n, last = 0, 0
    while True:
        with transaction.atomic():
            found = rows.filter(pk__gt=last).order_by("pk").select_for_update(of=("self",))
            keys = list(found.values_list("pk", flat=True)[:BATCH])
            if keys:
                model._base_manager.filter(pk__in=keys).update(tags=words)
                tell(len(keys), **({counted: len(keys)} if counted else {}))
        if not keys and not last:
            return n
        # Behind the last one the search begins anew: somebody may have given the tag to a record that was passed.
        n, last = n + len(keys), keys[-1] if keys else 0


def _count_again(tag):
    counts = {c.kind: c.model._base_manager.filter(tags__contains=[tag.name]).count() for c in _carriers}
    Tag.objects.filter(pk=tag.pk).update(counts=counts, total=sum(counts.values()), counted_at=timezone.now())


@jobs.job("tags.change", gettext_lazy("Change of a tag"), icon="tag")
def change_many(run):
    """The job: `change()` of a tag that many records carry."""
    tag = Tag.objects.filter(pk=run.params["tag"]).first()
    if tag is None:
        return {"rows": [], "url": reverse("tags"), "url_label": _("Tags")}
    name = run.params["name"]
    passes = 2 if name and holders.rows_naming("tags", tag.name) else 1
    run.start(run.row.done + passes * carried(tag.name))
    change(tag, name, tell=partial(run.advance, checkpoint={"begun": True}))
    counters = run.row.counters
    return {
        "rows": [
            [_("Records"), counters.get("records", 0)],
            [_("Filters, segments and rules"), counters.get("filters", 0)],
        ],
        "url": reverse("tags"),
        "url_label": _("Tags"),
    }
