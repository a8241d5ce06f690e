"""Managing tags: one vocabulary for all records that carry `tags`, renamed, merged and taken away everywhere at once.

An app declares what carries tags in extensions.py: `tags.carried_by("contact", Contact, "contacts")`. Everything is done in
one transaction, with the filters, segments and rules that name the tag: nobody leaves a segment in between.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Count, F, Func, Value
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


@transaction.atomic
def change(tag, name, *, by=None, tell=None):
    """Give a tag another name; one that is there already takes it in; "" takes it off every record.

    Filters, segments and rules that name it follow, except those of a tag that goes: they find nobody by it then.
    Returns (records, filters) changed; running it twice changes nothing more. `tell(n)` hears of each batch.
    """
    before, records = tag.name, 0
    if before == name:
        # A job that runs again after it is done: a tag put in its own place would fall off every record.
        return 0, 0
    for carrier in _carriers:
        records += _replace(carrier.model, before, name, tell)
    filters = holders.rewrite("tags", before, name) if name else 0
    twin = Tag.objects.filter(name=name).exclude(pk=tag.pk).first() if name else None
    if twin or not name:
        tag.delete()
    else:
        tag.name = name
        tag.save()
    if name:
        _count_again(twin or tag)
    return records, filters


def _replace(model, before, after, tell):
    n, rows = 0, model._base_manager.filter(tags__contains=[before])
    while keys := list(rows.order_by("pk").select_for_update().values_list("pk", flat=True)[:BATCH]):
        held = model._base_manager.filter(pk__in=keys)
        if after:
            # One that carries both keeps the place of the one that stays.
            both = held.filter(tags__contains=[after])
            both.update(tags=Func(F("tags"), Value(before), function="array_remove", output_field=_WORDS))
            words = Func(F("tags"), Value(before), Value(after), function="array_replace", output_field=_WORDS)
            held.filter(tags__contains=[before]).update(tags=words)
        else:
            held.update(tags=Func(F("tags"), Value(before), function="array_remove", output_field=_WORDS))
        n += len(keys)
        if tell:
            tell(len(keys))
    return n


def _count_again(tag):
    counts = {c.kind: c.model._base_manager.filter(tags__contains=[tag.name]).count() for c in _carriers}
    Tag.objects.filter(pk=tag.pk).update(counts=counts, total=sum(counts.values()), counted_at=timezone.now())


@jobs.job("tags.change", gettext_lazy("Change of a tag"), icon="tag")
def change_many(run):
    """The job: `change()` of a tag that many records carry."""
    tag = Tag.objects.filter(pk=run.params["tag"]).first()
    if tag is None:
        return {"rows": [], "url": reverse("tags"), "url_label": _("Tags")}
    run.start(carried(tag.name))
    records, filters = change(tag, run.params["name"], by=run.by, tell=run.advance)
    return {
        "rows": [[_("Records"), records], [_("Filters, segments and rules"), filters]],
        "url": reverse("tags"),
        "url_label": _("Tags"),
    }
