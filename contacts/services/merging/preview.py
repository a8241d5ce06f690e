"""What a merge will do, before it is done."""

from collections import defaultdict
from dataclasses import dataclass

from django.db import connection

from contacts.services.merging.fields import merged_values
from contacts.services.merging.pointers import references


@dataclass(frozen=True)
class Moving:
    """So many rows of a model point at a record."""

    label: str
    name: str
    n: int


def preview(kept, gone, choices=None):
    """({attribute: value} of the one record, [Moving] of what goes over), by the same code that merges."""
    return merged_values(kept, gone, choices), pointing(type(kept), gone.pk)


def pointing(model, pk, above=None):
    """[Moving] of the rows that point at a record, most first; with `above` ({label: key}) only those beyond."""
    by_model = defaultdict(list)
    for reference in references(model):
        if above is None or reference.label in above:
            by_model[reference.model].append(reference)
    counted = []
    for other, pointers in by_model.items():
        n = _count(pointers, model, pk, above and above[other._meta.label_lower])
        if n:
            counted.append(Moving(other._meta.label_lower, str(other._meta.verbose_name_plural), n))
    return sorted(counted, key=lambda moving: -moving.n)


def _count(pointers, model, pk, mark):
    """Rows of one table: one that points twice counts once."""
    where = " OR ".join(f"({pointer.condition(model)})" for pointer in pointers)
    newer = f' AND "{pointers[0].key}" > {int(mark)}' if mark is not None else ""
    with connection.cursor() as cursor:
        table = pointers[0].model._meta.db_table
        cursor.execute(f'SELECT count(*) FROM "{table}" WHERE ({where}){newer}', [pk] * len(pointers))
        return cursor.fetchone()[0]
