"""Segments kept up to date: by one statement over everybody, and at once for whom something happened to."""

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Segment, SegmentMembership
from contacts.models import Contact
from crm import conditions


def matching(segment, contacts=None, *, few=False):
    """The contacts that fit the segment's condition now. Raises ConditionError or LookupError when it cannot be read."""
    tree = conditions.parse(segment.tree, "contact")
    rows = Contact.objects.all() if contacts is None else contacts
    return conditions.matching(rows, tree, "contact", few=few)


@transaction.atomic
def rebuild(segment):
    """Compare everybody with the condition: (keys that entered, number that left).

    A condition that can no longer be read freezes the segment with its reason; nobody leaves.
    """
    try:
        fitting = matching(segment).order_by().values("pk")
        sql, params = fitting.query.sql_with_params()
    except (conditions.ConditionError, LookupError) as error:
        segment.error = _("The condition cannot be read: %(why)s") % {"why": error}
        segment.save(update_fields=["error"])
        return [], 0
    now = timezone.now()
    with connection.cursor() as cursor:
        # One builder at a time: two would enter the same people.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('campaigns.segment'), %s)", [segment.pk])
        cursor.execute(f"CREATE TEMPORARY TABLE fitting (id) ON COMMIT DROP AS {sql}", params)
        cursor.execute("CREATE UNIQUE INDEX ON fitting (id)")
        cursor.execute(
            "UPDATE campaigns_segmentmembership m SET left_at = %s WHERE segment_id = %s AND left_at IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM fitting f WHERE f.id = m.contact_id)",
            [now, segment.pk],
        )
        left = cursor.rowcount
        cursor.execute(
            "INSERT INTO campaigns_segmentmembership (segment_id, contact_id, entered_at)"
            " SELECT %s, f.id, %s FROM fitting f"
            " ON CONFLICT (segment_id, contact_id) WHERE left_at IS NULL DO NOTHING RETURNING contact_id",
            [segment.pk, now],
        )
        entered = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT count(*) FROM fitting")
        segment.size = cursor.fetchone()[0]
        cursor.execute("DROP TABLE fitting")
    segment.built_at, segment.error = now, ""
    segment.save(update_fields=["size", "built_at", "error"])
    return entered, left


@transaction.atomic
def reconsider(contact_id):
    """Compare one person with every segment. Returns the segments that the person entered."""
    entered = []
    person = Contact.objects.filter(pk=contact_id)
    inside = set(
        SegmentMembership.objects.filter(contact=contact_id, left_at=None).values_list("segment_id", flat=True)
    )
    for segment in Segment.objects.filter(error=""):
        try:
            fits = matching(segment, person, few=True).exists()
        except (conditions.ConditionError, LookupError):
            continue
        if fits and segment.pk not in inside:
            _row, new = SegmentMembership.objects.get_or_create(segment=segment, contact_id=contact_id, left_at=None)
            if new:
                entered.append(segment)
        elif not fits and segment.pk in inside:
            SegmentMembership.objects.filter(segment=segment, contact_id=contact_id, left_at=None).update(
                left_at=timezone.now()
            )
    return entered


def circle(segment, tree):
    """Names of the segments through which a condition leads back to its own segment; [] when it does not."""
    named = {row.pk: (row.name, _named_in(row.tree)) for row in Segment.objects.exclude(pk=segment.pk)}
    ways = [(pk, [segment.name]) for pk in _named_in(tree)]
    seen = set()
    while ways:
        pk, way = ways.pop()
        if pk == segment.pk:
            return [*way, segment.name]
        if pk in named and pk not in seen:
            seen.add(pk)
            name, further = named[pk]
            ways += [(key, [*way, name]) for key in further]
    return []


def _named_in(tree):
    """Keys of the segments that a condition asks about, at any depth."""
    if isinstance(tree, list):
        return set().union(*(_named_in(part) for part in tree))
    if not isinstance(tree, dict):
        return set()
    if tree.get("field") == "segment":
        value = tree.get("value")
        return {int(key) for key in (value if isinstance(value, list) else [value]) if str(key).isdecimal()}
    return set().union(*(_named_in(part) for part in tree.values()))


def preview(tree, user):
    """(count, ten people) of those the user may see for a tree, exact: asks everybody, so never while a page is made."""
    rows = conditions.matching(Contact.objects.visible_to(user), tree, "contact", user=user)
    return rows.count(), rows.select_related("company").order_by("-score", "name_key", "pk")[:10]


def members(segment, user):
    """The ten people added last of those who are in the segment and whom the user may see."""
    inside = SegmentMembership.objects.filter(segment=segment, contact=OuterRef("pk"), left_at=None)
    return Contact.objects.visible_to(user).filter(Exists(inside)).select_related("company").order_by("-pk")[:10]
