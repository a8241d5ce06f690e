"""One batch of an import, written with a handful of statements whatever its size."""

from collections import Counter, defaultdict

from django.utils import timezone

from contacts.models import Company, Contact, ContactPoint, Employment, ImportedRow, ImportRun
from contacts.services.quality import quality_of
from crm import bulk
from crm.events import EventRow, record_many
from crm.text import digits_reversed, sort_key

# Fields that an import writes straight onto the contact.
PLAIN = (
    "first_name", "last_name", "middle_name", "job_title", "city", "region", "country", "street", "postcode",
    "birthday_on", "language", "source",
)  # fmt: skip
# What is written of the rows that hang on a contact, in this order.
POINT = ["contact_id", "kind", "value", "norm", "digits_reversed", "label", "is_primary", "created_at"]
EMPLOYMENT = ["contact_id", "company_id", "role", "is_primary", "has_left"]
ROW = ["run_id", "line", "outcome", "contact_id", "before", "reason", "cells"]
DERIVED = ["tags", "company", "name_key", "email", "phone", "quality", "updated_at"]
Outcome = ImportedRow.Outcome


class Batch:
    """Clean rows of one run on their way into the tables."""

    def __init__(self, run, rows):
        self.run, self.rows = run, rows
        self.now = timezone.now()
        self.good = [row for row in rows if not row.reasons]
        self.new, self.changed, self.before = {}, {}, {}
        self.contacts = {}  # line -> contact
        self.outcomes = {row.line: Outcome.FAILED for row in rows if row.reasons}

    def prepare(self):
        """Look up who is known and decide what becomes of each row. Inside the transaction of `write`."""
        self._sort_out()
        self.taken = [row for row in self.good if self.outcomes[row.line] != Outcome.SKIPPED]
        self._fill(self._companies())

    def write(self):
        """Write everything; returns {outcome: number of rows}."""
        bulk.insert(self.new.values())
        bulk.update(self.changed.values(), [*PLAIN, *DERIVED])
        self._points()
        self._employments()
        self._events()
        bulk.copy(ImportedRow, ROW, map(self._row, self.rows))
        return dict.fromkeys(Outcome.values, 0) | Counter(self.outcomes.values())

    def _sort_out(self):
        """Decide for each good row whether its person is known, new, or stands earlier in this batch."""
        known = self._known()
        mode, owner = self.run.duplicates, self.run.owner or self.run.by
        for row in self.good:
            keys = [key for key in (row.email, row.phone) if key]
            contact = next((known[key] for key in keys if key in known), None)
            if contact is None or mode == ImportRun.Duplicates.CREATE:
                contact = Contact(
                    source=self.run.file.name[:100], created_at=self.now, owner_id=owner.pk, team_id=owner.team_id
                )
                self.new[row.line] = contact
                self.outcomes[row.line] = Outcome.CREATED
            elif mode == ImportRun.Duplicates.SKIP:
                self.outcomes[row.line] = Outcome.SKIPPED
            else:
                if contact.pk:
                    self.changed[contact.pk] = contact
                self.outcomes[row.line] = Outcome.UPDATED
            if self.outcomes[row.line] != Outcome.SKIPPED:
                # A later row may know the person by what only this one tells.
                known |= {key: contact for key in keys if key not in known or row.line in self.new}
            self.contacts[row.line] = contact

    def _known(self):
        """{norm: contact} of the people in this batch that the importer may change; the oldest wins."""
        norms = bulk.among({key for row in self.good for key in (row.email, row.phone) if key})
        points = ContactPoint.objects.filter(norm__in=norms, contact__in=Contact.objects.editable_by(self.run.by))
        found = {}
        for norm, pk in points.order_by("-contact_id").values_list("norm", "contact_id"):
            found[norm] = pk
        if not found:
            return {}
        # Locked in one order, so that two imports of the same people wait for each other instead of dying.
        people = Contact.objects.filter(pk__in=bulk.among(set(found.values()), "bigint")).order_by("pk")
        people = {contact.pk: contact for contact in people.select_for_update()}
        return {norm: people[pk] for norm, pk in found.items() if pk in people}

    def _companies(self):
        """{name: company}, those that are missing made."""
        named = {row.values["company"] for row in self.taken if row.values.get("company")}
        names = {sort_key(name): name for name in sorted(named)}
        visible = Company.objects.visible_to(self.run.by).filter(name_key__in=bulk.among(names))
        found = {company.name_key: company for company in visible.order_by("-pk")}
        missing = []
        for key, name in names.items():
            if key not in found:
                company = Company(name=name, name_key=key, source=self.run.file.name[:100])
                company.assign_to(self.run.owner or self.run.by)
                missing.append(company)
                found[key] = company
        bulk.insert(missing)
        return {name: found[sort_key(name)] for name in named}

    def _fill(self, companies):
        """Write the values of the rows onto their contacts, noting what stood there before."""
        known = Employment.objects.filter(contact__in=bulk.among(self.changed, "bigint")) if self.changed else []
        self.employments = defaultdict(list)
        for job in known:
            self.employments[job.contact_id].append(job)
        for row in self.taken:
            contact = self.contacts[row.line]
            if contact.pk and row.line not in self.new:
                self.before[row.line] = snapshot(contact, self.employments[contact.pk])
            for name in PLAIN:
                if row.values.get(name):
                    setattr(contact, name, row.values[name])
            contact.tags = list(dict.fromkeys([*contact.tags, *row.values.get("tags", [])]))
            if row.values.get("company"):
                contact.company_id = companies[row.values["company"]].pk
            contact.email = contact.email or row.email
            contact.phone = contact.phone or row.values.get("phone", "")
            contact.name_key = Contact.key_of(contact.first_name, contact.middle_name, contact.last_name, contact.email)
            contact.quality = quality_of(contact)[0]
            contact.updated_at = self.now

    def _points(self):
        """Add the addresses that are new; the first of its kind becomes the main one."""
        known = ContactPoint.objects.filter(contact__in=bulk.among(self.changed, "bigint")) if self.changed else []
        have = {(p.contact_id, p.kind, p.norm) for p in known} | {(p.contact_id, p.kind) for p in known if p.is_primary}
        points = []
        for row in self.taken:
            pk = self.contacts[row.line].pk
            for kind, value, norm in (("email", row.email, row.email), ("phone", row.values.get("phone"), row.phone)):
                if norm and (pk, kind, norm) not in have:
                    digits = digits_reversed(norm)[:40] if kind == "phone" else ""
                    points.append((pk, kind, value, norm, digits, "", (pk, kind) not in have, self.now))
                    have.update(((pk, kind), (pk, kind, norm)))
        bulk.copy(ContactPoint, POINT, points)

    def _employments(self):
        """Make the company that the file names the main one of each person, and keep the others."""
        known = [job for jobs in self.employments.values() for job in jobs]
        have = {(job.contact_id, job.company_id, job.role): job for job in known}
        main = {}
        for row in self.taken:
            if row.values.get("company"):
                contact = self.contacts[row.line]
                main[contact.pk] = (contact.pk, contact.company_id, contact.job_title)
        others = [job.pk for key, job in have.items() if job.is_primary and main.get(key[0], key) != key]
        Employment.objects.filter(pk__in=others).update(is_primary=False)
        again = [have[key].pk for key in main.values() if key in have]
        Employment.objects.filter(pk__in=again).update(is_primary=True, has_left=False)
        bulk.copy(Employment, EMPLOYMENT, [(*key, True, False) for key in main.values() if key not in have])

    def _events(self):
        events = []
        for row in self.taken:
            contact = self.contacts[row.line]
            common = {
                "contact_id": contact.pk,
                "company_id": contact.company_id,
                "actor_id": self.run.by_id,
                "at": self.now,
            }
            events.append(
                EventRow("contact.imported", data={"file": self.run.file.name, "import": self.run.pk}, **common)
            )
            if row.values.get("note"):
                events.append(EventRow("note.added", data={"text": row.values["note"]}, **common))
        record_many(events)

    def _row(self, row):
        contact = self.contacts.get(row.line)
        cells = [cell[:2000] for cell in row.cells] if row.reasons else []
        before = self.before.get(row.line, {})
        return (
            self.run.pk, row.line, self.outcomes[row.line], contact and contact.pk, before, " ".join(row.reasons), cells
        )  # fmt: skip


def snapshot(contact, employments):
    """The values an update may write over, as JSON."""
    values = {name: getattr(contact, name) for name in PLAIN}
    values["birthday_on"] = contact.birthday_on.isoformat() if contact.birthday_on else None
    return values | {
        "tags": contact.tags, "company_id": contact.company_id, "email": contact.email, "phone": contact.phone,
        "quality": contact.quality, "employments": [[job.pk, job.is_primary] for job in employments],
    }  # fmt: skip
