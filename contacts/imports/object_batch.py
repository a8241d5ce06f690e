"""One batch of an import into an own kind: known records are looked up at once, new ones are written at once.

What a line says of a known record goes through the services of the kind, so every rule holds: locked fields, what no
two records may share, the rights of whoever imports.
"""

from collections import Counter

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.imports.object_known import Known
from contacts.imports.objects import Mode
from contacts.models import ImportedRow
from crm import bulk, custom
from crm.models import ObjectRecord
from crm.objects import naming, records, relations, ties

ROW = ["run_id", "line", "outcome", "record_id", "before", "at", "reason", "cells"]
# What follows from own fields, in the order of the columns.
WRITTEN = ["custom", "title", "name_key", "unique_value", "updated_at"]
Outcome = ImportedRow.Outcome


class Batch:
    """Rows of one run on their way into the tables."""

    def __init__(self, run, reader, rows):
        self.run, self.reader, self.rows = run, reader, rows
        self.kind, self.by = run.kind, run.by
        self.known = Known(run)
        self.outcomes, self.records, self.before = {}, {}, {}  # by line
        self.numbers, self._rest = [], []

    def draw(self):
        """Draw the numbers of the records that may be made, in a transaction of its own: the kind stays free."""
        self.known.look(self.rows)
        wanted = sum(not row.reasons and not self.known.of(row) for row in self.rows)
        if wanted and self.run.duplicates != Mode.ONLY:
            with transaction.atomic():
                self.numbers = records.draw_numbers(self.kind, wanted)

    def write(self):
        """Write everything; returns {outcome: number of rows}. Inside a transaction."""
        left = self.rows
        while left:
            # A line that speaks of the record of an earlier one waits until that is written.
            now, left = self.known.apart(left)
            self.known.look(now, lock=True)
            self._round(now)
        at = timezone.now()
        bulk.copy(ImportedRow, ROW, [self._noted(row, at) for row in self.rows])
        return dict.fromkeys(Outcome.values, 0) | Counter(self.outcomes.values())

    def close(self):
        """Give numbers back that nobody needed."""
        records.give_back(self.kind, self.numbers)

    def _round(self, rows):
        new, told = [], []
        for row in rows:
            found = self.known.of(row)
            if not row.said:
                self.outcomes[row.line] = Outcome.SKIPPED
            elif row.reasons:
                self.outcomes[row.line] = Outcome.FAILED
            elif len(found) > 1:
                self._refuse(row, _("Several records could be meant. Give the column another value."))
            elif found:
                told += self._change(row, found[0])
            elif self.run.duplicates == Mode.ONLY:
                self.outcomes[row.line] = Outcome.SKIPPED
            elif (record := self._drafted(row)) is not None:
                new.append((row, record))
        self._make(new)
        self._tell_all(told)

    def _refuse(self, row, text):
        row.reasons.append(text)
        self.outcomes[row.line] = Outcome.FAILED

    # New records

    def _drafted(self, row):
        """The record that a row makes, unsaved; None, with the reason on the row, when it makes none."""
        if missing := self.reader.missing(row):
            self._refuse(row, " ".join(missing))
            return None
        own = {key: value for key, value in row.own.items() if value is not None}
        try:
            values = custom.defaults(self.kind.subject, self.by) | own
            checked = custom.check(self.kind.subject, None, values, by=self.by, whole=True, alone=True)
        except custom.CustomRefused as refusal:
            self._refuse(row, str(refusal))
            return None
        record = ObjectRecord(kind_id=self.kind.pk, title=row.title, custom=checked)
        record.assign_to(row.owner or self.run.owner or self.by)
        return record

    def _make(self, new):
        new = self._without_twins(new)
        if not new:
            return
        for _row, record in new:
            record.number = self.numbers.pop(0) if self.numbers else records.draw_numbers(self.kind, 1)[0]
        try:
            with transaction.atomic():
                records.create_records([record for _row, record in new], by=self.by)
        except IntegrityError:
            # Somebody wrote one of the values this moment: one after the other, and that one is refused.
            new = [(row, record) for row, record in new if self._make_one(row, record)]
        for row, record in new:
            self.outcomes[row.line], self.records[row.line] = Outcome.CREATED, record
        pairs = {}
        for row, record in new:
            for relation, other in row.ties:
                pairs.setdefault(relation, []).append((record, other))
        for relation, found in pairs.items():
            ties.tie_new(relation, found, by=self.by)

    def _make_one(self, row, record):
        record.pk = None
        try:
            with transaction.atomic():
                records.create_records([record], by=self.by)
        except IntegrityError:
            self._refuse(row, self._twin_text(naming.unique_of(record)))
        return row.line not in self.outcomes

    def _without_twins(self, new):
        """Those that share with nobody what only one may have."""
        wanted = {}
        for row, record in new:
            if (value := naming.unique_value(self.kind, record.title, record.custom)) is not None:
                wanted.setdefault(value, []).append(row)
        taken = records.twins_of(self.kind, list(wanted))
        for value, rows in wanted.items():
            for row in rows if value in taken else rows[1:]:
                self._refuse(row, self._twin_text(value, taken.get(value)))
        return [(row, record) for row, record in new if row.line not in self.outcomes]

    def _twin_text(self, value, twin=None):
        twin = twin or records.twins_of(self.kind, [value]).get(value)
        label = records.unique_label(self.kind)
        if twin is None:
            return _("Another line has the same: %(field)s.") % {"field": label}
        return str(records.Taken(twin, label, self.by))

    # Known records

    def _change(self, row, record):
        """Let a record take over what a row says. Yields (record, own values) for what is written with the others."""
        if self.run.duplicates in {Mode.SKIP, Mode.CREATE}:
            self.outcomes[row.line] = Outcome.SKIPPED
            return
        self.records[row.line] = record
        news = self._news(row, record)
        if not any(news.values()):
            self.outcomes[row.line] = Outcome.SKIPPED
            return
        if not record.can_edit:
            self._refuse(row, _("You may not change “%(record)s”.") % {"record": record})
            return
        before, values = self._snapshot(record, news), None
        try:
            if self._is_plain(news):
                values = custom.check(self.kind.subject, record, news["own"], by=self.by, alone=True)
            else:
                with transaction.atomic():
                    self._tell(record, news)
        except ValueError as refusal:  # of the services: a rule, a twin, a full relation
            self._refuse(row, str(refusal))
            return
        self.outcomes[row.line], self.before[row.line] = Outcome.UPDATED, before
        if values is not None:
            yield record, values

    def _is_plain(self, news):
        """Whether only own fields change, none of which no two records may share: many such are written at once."""
        return not (news["title"] or news["owner"] or news["ties"] or self.kind.unique_by in news["own"])

    def _tell_all(self, told):
        """Write own values on records that are locked since they were looked up."""
        now = timezone.now()
        for record, values in told:
            record.custom, record.updated_at = values, now
            record.follow()
        bulk.update([record for record, _values in told], WRITTEN)

    def _news(self, row, record):
        """What a row says that the record does not."""
        own = {key: value for key, value in row.own.items() if record.custom.get(key) != value}
        has_title = row.title and not self.kind.pattern and row.title != record.title and self.known.key != "title"
        has_owner = row.owner is not None and row.owner.pk != record.owner_id
        tied = [(r, o) for r, o in row.ties if not relations.links_of(r).filter(record=record.pk, target=o.pk).exists()]
        return {
            "own": own,
            "title": row.title if has_title else "",
            "owner": row.owner if has_owner else None,
            "ties": tied,
        }

    def _snapshot(self, record, news):
        """What stands there before, for the undo."""
        before = {
            "updated_at": record.updated_at.isoformat(),
            "custom": {key: record.custom.get(key) for key in news["own"]},
        }
        if news["title"]:
            before["title"] = record.title
        if news["owner"]:
            before["owner"], before["team"] = record.owner_id, record.team_id
        tied = {
            r: list(relations.links_of(r).filter(record=record.pk).values_list("target", flat=True))
            for r, _o in news["ties"]
        }
        return before | {"ties": {str(relation.pk): targets for relation, targets in tied.items()}}

    def _tell(self, record, news):
        if news["own"]:
            # Written on the row as it is now: what others write into other fields meanwhile stays.
            custom.write(record, news["own"], by=self.by)
        if news["title"]:
            records.change_title(record, news["title"], by=self.by)
        if news["owner"]:
            records.assign(record, news["owner"], by=self.by)
        for relation, other in news["ties"]:
            ties.tie(relation, record, other, by=self.by)

    def _noted(self, row, at):
        outcome, record = self.outcomes[row.line], self.records.get(row.line)
        is_written = outcome in {Outcome.CREATED, Outcome.UPDATED}
        cells = [cell[:2000] for cell in row.cells] if row.reasons else []
        before = self.before.get(row.line, {})
        return (
            self.run.pk,
            row.line,
            outcome,
            record and record.pk,
            before,
            at if is_written else None,
            " ".join(row.reasons),
            cells,
        )
