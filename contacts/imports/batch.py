"""One batch of an import, written with a handful of statements whatever its size."""

import copy
from collections import Counter

from django.utils import timezone

from contacts.imports import erased, people, refusals
from contacts.imports import known as registry
from contacts.imports.companies import Companies
from contacts.imports.fields import fields_written, note_external_ids
from contacts.imports.own_fields import Demands
from contacts.imports.people import Person
from contacts.imports.targets import PERSON, targets
from contacts.models import Contact, ContactPoint, Employment, ImportedRow
from crm import bulk
from crm.events import EventRow, record_many
from crm.models import User
from crm.text import digits_reversed

# What is written of the rows that hang on a contact, in this order.
POINT = ["contact_id", "kind", "value", "norm", "digits_reversed", "label", "is_primary", "created_at"]
EMPLOYMENT = ["contact_id", "company_id", "role", "is_primary", "has_left"]
ROW = ["run_id", "line", "outcome", "contact_id", "before", "at", "reason", "cells"]
DERIVED = ["tags", "company", "name_key", "email", "phone", "birthday_has_year", "updated_at"]
Outcome = ImportedRow.Outcome
Mode = registry.Mode


class Batch:
    """Clean rows of one run on their way into the tables."""

    def __init__(self, run, rows):
        self.run, self.rows = run, rows
        self.now = timezone.now()
        erased.refuse(rows)
        self.blank = Contact(source=run.file.name[:100], created_at=self.now)
        self.good = [row for row in rows if not row.reasons]
        self.people = {}  # line -> Person
        self.before = {}  # line -> what stood there
        self.outcomes = {row.line: Outcome.FAILED for row in rows if row.reasons}
        self.events = []
        self.kinds = targets()
        self.companies = Companies(run, self.now, self.kinds)

    def prepare(self, *, earlier=None):
        """Look up who is known and decide what becomes of each row. Inside the transaction of `write`.

        A dry run gives `earlier(keys)`, what its earlier lines stand for; then nothing is written.
        """
        self._sort_out(earlier)
        self.good = [row for row in self.good if not row.reasons]
        taken = [row for row in self.good if self.outcomes.get(row.line) != Outcome.SKIPPED]
        self.companies.find(taken, earlier=earlier)
        if earlier is None:
            self.companies.insert()
        people.load(self._known_people(), notes=any("note" in row.person for row in taken))
        for row in taken:
            self._take(row)

    def write(self):
        """Write everything; returns {outcome: number of rows}."""
        everybody = {id(person): person for person in self.people.values() if person}.values()
        bulk.insert(person.contact for person in everybody if person.is_new)
        changed = [person for person in everybody if person.was_changed and not person.is_new]
        bulk.update([person.contact for person in changed], [*fields_written(PERSON), *DERIVED])
        with_news = [person for person in everybody if person.was_changed]
        self._write_points(with_news)
        self._write_jobs(with_news)
        self._write_ids()
        self.events += [("consent.withdrawn", *said) for said in refusals.write(self.run, with_news, self.now)]
        record_many([self._event(kind, person, data) for kind, person, data in self.events])
        bulk.copy(ImportedRow, ROW, map(self._row, self.rows))
        return self.counts()

    def counts(self):
        """{outcome: number of rows}."""
        return dict.fromkeys(Outcome.values, 0) | Counter(self.outcomes.values())

    def _sort_out(self, earlier):
        """Decide for each good row whether its person is known, new, or stands earlier in this batch."""
        keys = {row.line: row.keys(self.run.match) for row in self.good}
        known = people.known(self.run, {key for found in keys.values() for key in found}, earlier)
        for row in self.good:
            if not row.is_person:
                continue
            person = registry.match(row, keys[row.line], known)
            if person is None and self.run.duplicates == Mode.ONLY:
                self.outcomes[row.line] = Outcome.SKIPPED
            elif (person is None or self.run.duplicates == Mode.CREATE) and (missing := self._demands.missing(row)):
                row.reasons.append(missing)
                self.outcomes[row.line] = Outcome.FAILED
                person = None
            elif person is None or self.run.duplicates == Mode.CREATE:
                person = self._new_person(row)
                self.outcomes[row.line] = Outcome.CREATED
            elif self.run.duplicates == Mode.SKIP:
                self.outcomes[row.line] = Outcome.SKIPPED
            else:
                self.outcomes[row.line] = Outcome.UPDATED
            if person and self.outcomes[row.line] != Outcome.SKIPPED:
                # A later row may know the person by what only this one tells.
                for key in keys[row.line]:
                    known.setdefault(key, []).append(person)
            self.people[row.line] = person

    def _new_person(self, row):
        owner = self._users.get(row.person.get("owner", "").casefold()) or self.run.owner or self.run.by
        # A copy costs a fourth of a model made anew.
        contact = copy.copy(self.blank)
        contact.owner_id, contact.team_id, contact.name_key = owner.pk, owner.team_id, row.name_key
        contact.custom = dict(self._demands.defaults)
        return Person(contact, is_new=True)

    @property
    def _demands(self):
        """What new people need, asked once for a run."""
        if not hasattr(self.run, "_demands"):
            self.run._demands = Demands("contact", self.kinds)
        return self.run._demands

    @property
    def _users(self):
        """{name or address: user}, asked once for a run whose file names owners."""
        if not hasattr(self.run, "_users"):
            active = User.objects.filter(is_active=True)
            self.run._users = {key.casefold(): user for user in active for key in (user.email, str(user))}
        return self.run._users

    def _known_people(self):
        found = {person.contact.pk: person for person in self.people.values() if person and not person.is_new}
        return {pk: person for pk, person in found.items() if pk > 0}

    def _take(self, row):
        """Let the person of a row take over what it says; a row without news leaves everything as it is."""
        companies = self.companies.of(row)
        told = row.line in self.companies.told
        if not row.is_person:
            made = row.line in self.companies.made
            self.outcomes[row.line] = Outcome.CREATED if made else Outcome.UPDATED if told else Outcome.SKIPPED
            return
        person = self.people[row.line]
        stage = person.contact.stage
        is_first_word = not person.is_new and person.contact.pk > 0
        before = person.snapshot() if is_first_word else {}
        news = person.tell(row, companies, self.kinds, overwrites=self.run.overwrites, now=self.now)
        note = row.person.get("note", "")
        note_is_new = bool(note) and note not in person.notes
        if not (news or note_is_new or told) and self.outcomes[row.line] != Outcome.CREATED:
            self.outcomes[row.line] = Outcome.SKIPPED
            return
        self.before[row.line] = before
        self.events.append(("contact.imported", person, {"file": self.run.file.name, "import": self.run.pk}))
        if note_is_new:
            person.notes.add(note)
            self.events.append(("note.added", person, {"text": note}))
        if not person.is_new and person.contact.stage != stage:
            label = str(Contact.Stage(person.contact.stage).label)
            data = {"before": stage, "after": person.contact.stage, "label": label}
            self.events.append(("contact.stage_changed", person, data))

    def _write_points(self, changed):
        bulk.copy(
            ContactPoint,
            POINT,
            [
                (
                    person.contact.pk, kind, value, norm, digits_reversed(norm)[:40] if kind == "phone" else "", "", is_main,
                    self.now,
                )
                for person in changed
                for kind, value, norm, is_main in person.new_points
            ],
        )  # fmt: skip

    def _write_jobs(self, changed):
        """Demote first: a person has one main role at any moment."""
        again = list({job.pk: job for person in changed for job in person.changed_jobs if job.pk}.values())
        bulk.update([job for job in again if not job.is_primary], ["role", "is_primary"])
        bulk.update([job for job in again if job.is_primary], ["role", "is_primary", "has_left"])
        bulk.copy(
            Employment,
            EMPLOYMENT,
            [
                (person.contact.pk, job.company_id, job.role, job.is_primary, False)
                for person in changed
                for job in person.jobs
                if not job.pk
            ],
        )

    def _write_ids(self):
        found = {}
        for row in self.good:
            person = self.people.get(row.line)
            if person and person.contact.pk and row.person.get("external_id"):
                found.setdefault(row.person["external_id"], person.contact.pk)
        note_external_ids(self.run, "contact", [(pk, value) for value, pk in found.items()])

    def _event(self, kind, person, data):
        contact = person.contact
        return EventRow(
            kind, contact_id=contact.pk, company_id=contact.company_id, actor_id=self.run.by_id, at=self.now, data=data
        )

    def _row(self, row):
        person, outcome = self.people.get(row.line), self.outcomes[row.line]
        written = outcome in {Outcome.CREATED, Outcome.UPDATED}
        at = max(self.now, (person and person.contact.updated_at) or self.now) if written else None
        cells = [cell[:2000] for cell in row.cells] if row.reasons else []
        before, reasons = self.before.get(row.line, {}), " ".join(row.reasons or row.left)
        return self.run.pk, row.line, outcome, person and person.contact.pk, before, at, reasons, cells
