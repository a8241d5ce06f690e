"""Which records of an own kind the lines of a batch speak of: one query, by an index."""

from collections import defaultdict

from django.db.models import Value
from django.db.models.functions import Upper

from crm import custom
from crm.custom import sql, values
from crm.models import ObjectRecord
from crm.text import sort_key


class Known:
    """`of(row)` are the records that a row may mean, once `look` has seen it. `key` is the target that tells, or ""."""

    def __init__(self, run):
        self.run, self.kind = run, run.kind
        self.key = run.match[0] if run.match else ""
        self.field = custom.field_named(self.kind.subject, self.key.removeprefix("cf_")) if self.key else None
        self._found = defaultdict(list)

    def of(self, row):
        return self._found.get(self._mark(row), []) if self.key else []

    def look(self, rows, *, lock=False):
        """Look up those that stand here now; with `lock` they stay so until the transaction ends."""
        self._found.clear()
        marks = {mark: row for row in rows if not row.reasons and (mark := self._mark(row)) is not None}
        if not marks:
            return
        found = ObjectRecord.objects.of(self.kind).visible_to(self.run.by).with_rights(self.run.by)
        found = self._among(found, marks).order_by("pk")
        for record in found.select_for_update(of=["self"]) if lock else found:
            self._found[self._mark_of(record)].append(record)

    def apart(self, rows):
        """(rows of which each speaks of another record, the others in their order)."""
        now, rest, seen = [], [], set()
        for row in rows:
            mark = self._mark(row)
            (rest if mark in seen else now).append(row)
            if mark is not None:
                seen.add(mark)
        return now, rest

    def _mark(self, row):
        if self.key == "title":
            return sort_key(row.title) or None
        stored = row.own.get(self.field.key) if self.field else None
        return None if stored is None else self._plain(stored)

    def _mark_of(self, record):
        return record.name_key if self.key == "title" else self._plain(record.custom[self.field.key])

    def _plain(self, stored):
        if self.field.key == self.kind.unique_by:
            return sort_key(str(stored))
        return str(stored).upper()

    def _among(self, rows, marks):
        if self.key == "title":
            return rows.filter(name_key__in=list(marks))
        if self.field.key == self.kind.unique_by:
            return rows.filter(unique_value__in=list(marks))
        # The very expression of the field's index: text is compared without regard to capitals.
        told = [row.own[self.field.key] for row in marks.values()]
        if (order := sql.order(self.field)) is not None and isinstance(order, Upper):
            return rows.annotate(_key=order).filter(_key__in=[Upper(Value(text)) for text in told])
        return rows.annotate(_key=sql.value(self.field)).filter(_key__in=[values.typed(self.field, v) for v in told])
