"""One batch of an import, written with a handful of statements whatever its size."""

from django.utils import timezone

from contacts.models import Company, Contact, ContactPoint, Employment, ImportedRow, ImportRun
from contacts.services.quality import quality_of
from crm.events import EventRow, record_many
from crm.text import digits_reversed, sort_key

# Fields that an import writes straight onto the contact.
PLAIN = (
    "first_name", "last_name", "middle_name", "job_title", "city", "region", "country", "street", "postcode",
    "birthday_on", "language", "source",
)  # fmt: skip
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

    def write(self):
        """Write everything; returns {outcome: number of rows}."""
        self._sort_out()
        companies = self._companies()
        self._fill(companies)
        Contact.objects.bulk_create(self.new.values())
        derived = ["tags", "company", "name_key", "email", "phone", "quality", "updated_at"]
        Contact.objects.bulk_update(self.changed.values(), [*PLAIN, *derived])
        self._points()
        self._employments(companies)
        self._events()
        self._rows()
        counts = dict.fromkeys(Outcome.values, 0)
        for outcome in self.outcomes.values():
            counts[outcome] += 1
        return counts

    def _sort_out(self):
        """Decide for each good row whether its person is known, new, or stands earlier in this batch."""
        known = self._known()
        mode = self.run.duplicates
        for row in self.good:
            keys = [key for key in (row.email, row.phone) if key]
            contact = next((known[key] for key in keys if key in known), None)
            if contact is None or mode == ImportRun.Duplicates.CREATE:
                contact = Contact(source=self.run.file.name[:100], stage=Contact.Stage.LEAD, created_at=self.now)
                contact.assign_to(self.run.owner or self.run.by)
                self.new[row.line] = contact
                self.outcomes[row.line] = Outcome.CREATED
                known.update(dict.fromkeys(keys, contact))
            elif mode == ImportRun.Duplicates.SKIP:
                self.outcomes[row.line] = Outcome.SKIPPED
            else:
                if contact.pk:
                    self.changed[contact.pk] = contact
                self.outcomes[row.line] = Outcome.UPDATED
            self.contacts[row.line] = contact

    def _known(self):
        """{norm: contact} of the people in this batch that the importer may change; the oldest wins."""
        norms = {key for row in self.good for key in (row.email, row.phone) if key}
        points = ContactPoint.objects.filter(norm__in=norms, contact__in=Contact.objects.editable_by(self.run.by))
        found = {}
        for norm, pk in points.order_by("-contact_id").values_list("norm", "contact_id"):
            found[norm] = pk
        people = Contact.objects.select_for_update().in_bulk(set(found.values()))
        return {norm: people[pk] for norm, pk in found.items() if pk in people}

    def _companies(self):
        """{name key: company}, those that are missing made."""
        names = {
            sort_key(row.values["company"]): row.values["company"] for row in self.good if row.values.get("company")
        }
        visible = Company.objects.visible_to(self.run.by).filter(name_key__in=names)
        found = {company.name_key: company for company in visible.order_by("-pk")}
        missing = []
        for key, name in names.items():
            if key not in found:
                company = Company(name=name, name_key=key, source=self.run.file.name[:100])
                company.assign_to(self.run.owner or self.run.by)
                missing.append(company)
                found[key] = company
        Company.objects.bulk_create(missing)
        return found

    def _fill(self, companies):
        """Write the values of the rows onto their contacts, noting what stood there before."""
        for row in self.good:
            if self.outcomes[row.line] == Outcome.SKIPPED:
                continue
            contact = self.contacts[row.line]
            if contact.pk and row.line not in self.new:
                self.before[row.line] = snapshot(contact)
            for name in PLAIN:
                if row.values.get(name):
                    setattr(contact, name, row.values[name])
            contact.tags = list(dict.fromkeys([*contact.tags, *row.values.get("tags", [])]))
            if row.values.get("company"):
                contact.company = companies[sort_key(row.values["company"])]
            contact.email = contact.email or row.email
            contact.phone = contact.phone or row.values.get("phone", "")
            contact.name_key = Contact.key_of(contact.first_name, contact.middle_name, contact.last_name, contact.email)
            contact.quality = quality_of(contact)[0]
            contact.updated_at = self.now

    def _points(self):
        """Add the addresses that are new; the first of its kind becomes the main one."""
        taken = [row for row in self.good if self.outcomes[row.line] != Outcome.SKIPPED]
        have = set(
            ContactPoint.objects.filter(contact__in=list(self.changed), is_primary=True).values_list(
                "contact_id", "kind"
            )
        )
        points = []
        for row in taken:
            pk = self.contacts[row.line].pk
            for kind, value, norm in (("email", row.email, row.email), ("phone", row.values.get("phone"), row.phone)):
                if norm:
                    digits = digits_reversed(norm) if kind == "phone" else ""
                    points.append(
                        ContactPoint(
                            contact_id=pk, kind=kind, value=value, norm=norm, digits_reversed=digits,
                            is_primary=(pk, kind) not in have, created_at=self.now,
                        )
                    )  # fmt: skip
                    have.add((pk, kind))
        ContactPoint.objects.bulk_create(points, ignore_conflicts=True)

    def _employments(self, companies):
        rows = [row for row in self.good if row.values.get("company") and self.outcomes[row.line] != Outcome.SKIPPED]
        have = set(
            Employment.objects.filter(contact__in=list(self.changed), is_primary=True).values_list(
                "contact_id", flat=True
            )
        )
        jobs = []
        for row in rows:
            contact = self.contacts[row.line]
            jobs.append(
                Employment(
                    contact=contact, company=contact.company, role=contact.job_title, is_primary=contact.pk not in have
                )
            )
            have.add(contact.pk)
        Employment.objects.bulk_create(jobs, ignore_conflicts=True)

    def _events(self):
        events = []
        for row in self.good:
            if self.outcomes[row.line] == Outcome.SKIPPED:
                continue
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

    def _rows(self):
        ImportedRow.objects.bulk_create(
            ImportedRow(
                run=self.run,
                line=row.line,
                outcome=self.outcomes[row.line],
                contact=self.contacts.get(row.line),
                before=self.before.get(row.line, {}),
                reason=" ".join(row.reasons),
                cells=[cell[:2000] for cell in row.cells] if row.reasons else [],
            )
            for row in self.rows
        )


def snapshot(contact):
    """The values an update may write over, as JSON."""
    values = {name: getattr(contact, name) for name in PLAIN}
    values["birthday_on"] = contact.birthday_on.isoformat() if contact.birthday_on else None
    return values | {
        "tags": contact.tags, "company_id": contact.company_id, "email": contact.email, "phone": contact.phone,
        "quality": contact.quality,
    }  # fmt: skip
