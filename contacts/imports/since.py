"""On which records of an import somebody has worked since: an undo leaves them."""

from django.db.models import Exists, F, Max, OuterRef, Q

from contacts.models import Company, Contact, ImportedRow
from crm.models import Event, ObjectRecord

# What an import and its undo leave in the stream of every record they write.
OWN_EVENTS = ["contact.imported", "company.imported", "contact.import_undone", "object.import_undone"]
# By what the events of a record are found.
_LINKS = {
    Contact: ("contact_id", {}),
    Company: ("company_id", {}),
    ObjectRecord: ("target_id", {"target_type": ObjectRecord._meta.label_lower}),
}


def worked_on(run, model, stamps, latest):
    """Keys of records of a model with which something happened after the instants in {key: instant}.

    A later line of the same file may have written a note, a stage, a tie: what the importer left up to the `latest`
    instant at which the import wrote a record, {key: instant}, is the import's own.
    """
    if not stamps:
        return set()
    link, kind = _LINKS[model]
    first = min(stamps.values())
    happened = _work(Event.objects.filter(**kind, **{f"{link}__in": list(stamps)}, occurred_at__gt=first))
    by_importer = Q(actor_id=run.by_id)
    last = happened.values(link).annotate(
        mine=Max("occurred_at", filter=by_importer), others=Max("occurred_at", filter=Q(actor_id=None) | ~by_importer)
    )
    touched = {
        found[link]
        for found in last
        if (found["others"] and found["others"] > stamps[found[link]])
        or (found["mine"] and found["mine"] > latest.get(found[link], stamps[found[link]]))
    }
    changed = model._base_manager.filter(pk__in=list(stamps), updated_at__gt=first)
    return touched | {pk for pk, at in changed.values_list("pk", "updated_at") if at > stamps[pk]}


def latest_of(run, name, keys):
    """{key: the last instant at which the import wrote it} of records; `name` is "contact" or "record"."""
    written = run.rows.filter(**{f"{name}__in": keys}, at__isnull=False).order_by()
    return dict(written.values_list(name).annotate(Max("at")))


def changed_since(run):
    """The records of an import on which somebody has worked since, as a queryset of people or of an own kind."""
    name, model = ("record", ObjectRecord) if run.kind_id else ("contact", Contact)
    link, kind = _LINKS[model]
    written = [ImportedRow.Outcome.CREATED, ImportedRow.Outcome.UPDATED]
    rows = run.rows.filter(outcome__in=written, **{f"{name}__isnull": False})
    later = ImportedRow.objects.filter(run=run, line__gt=OuterRef("line"), at__isnull=False, **{name: OuterRef(name)})
    happened = _work(Event.objects.filter(**kind, **{link: OuterRef(f"{name}_id")}, occurred_at__gt=OuterRef("at")))
    by_others = happened.filter(Q(actor_id=None) | ~Q(actor_id=run.by_id))
    is_changed = Q(**{f"{name}__updated_at__gt": F("at")})
    found = rows.filter(Exists(by_others) | (~Exists(later) & (is_changed | Exists(happened))))
    return model.objects.filter(pk__in=found.values(name)).order_by("pk")


def _work(events):
    return events.exclude(kind__in=OWN_EVENTS)
