"""The people of a batch: the records with what hangs on them, and what the lines of the file add."""

from dataclasses import dataclass, field

from contacts.dates import NO_YEAR
from contacts.imports import known as registry
from contacts.imports.fields import say, snapshot_of
from contacts.imports.targets import PERSON
from contacts.models import Contact, ContactPoint, Employment
from crm import bulk
from crm.models import Event
from crm.text import norm_email


@dataclass(eq=False, slots=True)
class NewJob:
    """A role to be written, of the same names as `Employment`: a model with its twenty defaults costs ten times as much."""

    company_id: int
    role: str
    pk: None = None
    is_primary: bool = False
    has_left: bool = False


@dataclass(eq=False, slots=True)
class Person:
    """`points` are {(kind, norm): primary key or None}, `main` the kinds that have a main address, `notes` their texts."""

    contact: Contact
    is_new: bool = False
    points: dict = field(default_factory=dict)
    main: set = field(default_factory=set)
    jobs: list = field(default_factory=list)
    notes: set = field(default_factory=set)
    new_points: list = field(default_factory=list)
    changed_jobs: list = field(default_factory=list)
    opts_out: bool = False
    refused_in: object = None  # the row that says so first
    was_changed: bool = False

    @property
    def name_key(self):
        return self.contact.name_key

    def snapshot(self):
        """What an update may write over, as JSON."""
        return snapshot_of(self.contact, PERSON) | {
            "tags": self.contact.tags, "company_id": self.contact.company_id, "email": self.contact.email,
            "phone": self.contact.phone, "birthday_has_year": self.contact.birthday_has_year, "points": [pk for pk in self.points.values() if pk],
            "employments": [[job.pk, job.is_primary, job.has_left, job.role] for job in self.jobs if job.pk],
        }  # fmt: skip

    def tell(self, row, companies, kinds, *, overwrites, now):
        """Take over what a row says. Returns whether anything was new."""
        contact = self.contact
        news = say(contact, row.person, kinds, overwrites=overwrites, left=row.left)
        contact.birthday_has_year = not (contact.birthday_on and contact.birthday_on.year == NO_YEAR)
        tags = list(dict.fromkeys([*contact.tags, *row.person.get("tags", [])]))
        if tags != contact.tags:
            contact.tags, news = tags, True
        news = self._add_points(row) or news
        if companies:
            news = self._join(companies, row.person.get("job_title", ""), overwrites) or news
        if row.person.get("opted_out") and not self.opts_out:
            self.opts_out = news = True
            self.refused_in = row
        if news or self.is_new:
            self._derive(now)
        return news

    def _add_points(self, row):
        news = False
        for kind, value, norm in row.points:
            if (kind, norm) not in self.points:
                self.points[kind, norm] = None
                self.new_points.append((kind, value, norm, kind not in self.main))
                self.main.add(kind)
                news = True
        self.contact.email = self.contact.email or norm_email(row.first("email")[1])
        self.contact.phone = self.contact.phone or row.first("phone")[0][:40]
        return news

    def _join(self, companies, title, overwrites):
        """Give the person a role in each company; the first is the main one unless only gaps are filled."""
        contact, news = self.contact, False
        for company in companies:
            if self._job_in(company.pk, title if company is companies[0] else "") is None:
                role = title or (contact.job_title if self.is_new else "")
                self.jobs.append(NewJob(company.pk, role if company is companies[0] else ""))
                news = True
        main = self._job_in(companies[0].pk, title)
        if title and main.role != title and overwrites:
            main.role, news = title, True
            self.changed_jobs.append(main)
        if not main.is_primary and (overwrites or not any(job.is_primary for job in self.jobs)):
            self._make_main(main)
            news = True
        return news

    def _job_in(self, company_pk, title):
        """The role in that company: the one of that title, else the main or only one."""
        mine = [job for job in self.jobs if job.company_id == company_pk]
        ranked = sorted(mine, key=lambda job: (job.role != title, not job.is_primary))
        return ranked[0] if ranked else None

    def _make_main(self, main):
        for job in self.jobs:
            if job.is_primary != (job is main):
                job.is_primary = job is main
                self.changed_jobs.append(job)
        main.has_left = False
        self.contact.company_id = main.company_id

    def _derive(self, now):
        contact = self.contact
        contact.name_key = Contact.key_of(contact.first_name, contact.middle_name, contact.last_name, contact.email)
        contact.updated_at = now
        self.was_changed = True


def known(run, keys, earlier=None):
    """{key: [Person]} of the people that the importer may change, oldest first, locked for the transaction.

    `earlier(keys)` adds those for whom earlier lines of a dry run stand; nobody is locked then.
    """
    found = registry.people(keys, run)
    rows = Contact.objects.filter(pk__in=bulk.among({pk for pks in found.values() for pk in pks}, "bigint")).order_by(
        "pk"
    )
    # Locked in one order, so that two imports of the same people wait for each other instead of dying.
    here = {contact.pk: Person(contact) for contact in (rows if earlier else rows.select_for_update())}
    persons = {key: [here[pk] for pk in pks if pk in here] for key, pks in found.items()}
    if earlier:
        for key, placeholders in earlier(keys).items():
            for pk, name in placeholders:
                person = here.setdefault(pk, Person(Contact(pk=pk, name_key=name)))
                persons.setdefault(key, []).append(person)
    return persons


def load(persons, *, notes):
    """Load what hangs on known people, given as {key: Person}; their notes only when the file has some."""
    if not persons:
        return
    keys = bulk.among(persons, "bigint")
    for point in ContactPoint.objects.filter(contact__in=keys):
        person = persons[point.contact_id]
        person.points[point.kind, point.norm] = point.pk
        if point.is_primary:
            person.main.add(point.kind)
        if point.kind == "email" and point.opted_out_at:
            person.opts_out = True
    for job in Employment.objects.filter(contact__in=keys):
        persons[job.contact_id].jobs.append(job)
    written = Event.objects.filter(contact_id__in=list(persons), kind="note.added") if notes else Event.objects.none()
    for pk, text in written.values_list("contact_id", "data__text"):
        persons[pk].notes.add(text)
