"""The companies that the lines of a batch name: found by the chosen keys, made when missing, told what the file says."""

from contacts.imports import known as registry
from contacts.imports.fields import fields_written, note_external_ids, say, snapshot_of
from contacts.imports.targets import COMPANY
from contacts.models import Company, ContactPoint, ImportedCompany, Requisite
from crm import bulk
from crm.events import EventRow, record_many
from crm.text import digits_reversed, sort_key

POINT = ["company_id", "kind", "value", "norm", "digits_reversed", "label", "is_primary", "created_at"]
_REQUISITES = {"company_inn", "company_kpp", "company_ogrn", "company_legal_name"}


class Companies:
    """`of(row)` are the companies of a row, the main one first, once `find` has seen the rows."""

    def __init__(self, run, now, kinds):
        self.run, self.now, self.kinds = run, now, kinds
        self.new, self.changed = [], {}
        self.made, self.told = set(), set()  # lines that made a company, that told one something new
        self._known, self._of, self._before, self._ids = {}, {}, {}, []
        self._rows = []  # (company, row that told it something)
        self._is_dry, self._editable = False, set()

    def find(self, rows, *, earlier=None):
        """Find or make the companies of the rows. Writes nothing. `earlier` gives what a dry run has seen before."""
        self._is_dry = earlier is not None
        keys = {key for row in rows for name in row.companies for key in row.company_keys(name, self.run.match)}
        found = registry.companies(keys, self.run)
        ids = bulk.among({pk for pks in found.values() for pk in pks}, "bigint")
        known = Company.objects.filter(pk__in=ids).order_by("pk")
        if not self._is_dry and any(row.company for row in rows):
            # Locked in one order, as people are, because the file may change them.
            known = known.select_for_update(of=["self"])
        here = {company.pk: company for company in known}
        self._editable = set(Company.objects.editable_by(self.run.by).filter(pk__in=ids).values_list("pk", flat=True))
        self._known = {key: [here[pk] for pk in pks if pk in here] for key, pks in found.items()}
        for key, placeholders in (earlier(keys) if earlier else {}).items():
            self._known.setdefault(key, []).extend(Company(pk=pk, name_key=name) for pk, name in placeholders)
        for row in rows:
            self._of[row.line] = [self._company(row, name) for name in dict.fromkeys(row.companies)]

    def of(self, row):
        return self._of.get(row.line, [])

    def keys_of(self, row):
        """(key, company) by which later lines would know the companies of the row."""
        for name, company in zip(dict.fromkeys(row.companies), self.of(row), strict=True):
            for key in row.company_keys(name, self.run.match):
                yield key, company

    def insert(self):
        """Write the new ones and those that the file changes, and note what became of them."""
        bulk.insert(self.new)
        for company in self.changed.values():
            company.updated_at = self.now
        bulk.update(self.changed.values(), [*fields_written(COMPANY), "updated_at"])
        self._write_points()
        self._write_requisites()
        self._note()

    def _company(self, row, name):
        keys = row.company_keys(name, self.run.match)
        is_main = name == row.companies[0]
        company = registry.match_company(keys, self._known, row.company.get("company_inn", "") if is_main else "")
        if company is None:
            company = self._make(name)
            self.made.add(row.line)
            if self._is_dry:
                company.pk = -(row.line * 1000 + row.companies.index(name))
        if is_main:
            self._tell(company, row)
        for key in keys:
            if company not in self._known.setdefault(key, []):
                self._known[key].append(company)
        return company

    def _make(self, name):
        company = Company(name=name, name_key=sort_key(name), source=self.run.file.name[:100])
        company.assign_to(self.run.owner or self.run.by)
        company.created_at = self.now
        self.new.append(company)
        return company

    def _tell(self, company, row):
        """Say to the company what the row says of it; to one that is known only when the import updates."""
        if number := next(iter(row.company.get("company_external_id", [])), ""):
            self._ids.append((company, number))
        if company._state.adding:
            say(company, row.company, self.kinds, overwrites=True)
            self._rows.append((company, row))
            return
        updates = self.run.duplicates in {registry.Mode.UPDATE, registry.Mode.ONLY}
        if not updates or company.pk not in self._editable:
            return
        before = snapshot_of(company, COMPANY)
        if say(company, row.company, self.kinds, overwrites=self.run.overwrites):
            self._rows.append((company, row))
            self._before.setdefault(company.pk, before)
            self.changed[company.pk] = company
            self.told.add(row.line)

    def _write_points(self):
        """The addresses of companies, as those of people: the first of its kind is the main one."""
        told = [(company, point) for company, row in self._rows for point in row.company_points]
        here = (
            ContactPoint.objects.filter(company__in=bulk.among({c.pk for c, _point in told}, "bigint")) if told else []
        )
        have = {(p.company_id, p.kind, p.norm) for p in here} | {(p.company_id, p.kind) for p in here if p.is_primary}
        points = []
        for company, (kind, value, norm) in told:
            if (company.pk, kind, norm) not in have:
                digits = digits_reversed(norm)[:40] if kind == "phone" else ""
                points.append(
                    (
                        company.pk,
                        kind,
                        value,
                        norm,
                        digits,
                        "",
                        (company.pk, kind) not in have,
                        max(self.now, company.updated_at),
                    )
                )
                have.update(((company.pk, kind), (company.pk, kind, norm)))
        bulk.copy(ContactPoint, POINT, points)

    def _write_requisites(self):
        """The legal entity of a company that had none: an INN has 10 or 12 digits, other numbers are VAT IDs."""
        told = {}
        for company, row in self._rows:
            if row.company.keys() & _REQUISITES:
                told.setdefault(company.pk, (company, {}))[1].update(row.company)
        said = list(told.values())
        have = set(Requisite.objects.filter(company__in=[c for c, _said in said]).values_list("company_id", flat=True))
        entities = {}
        for company, values in said:
            if company.pk not in have:
                number = values.get("company_inn", "")
                is_inn = number.isdigit() and len(number) in {10, 12}
                entities[company.pk] = Requisite(
                    company=company,
                    name=values.get("company_legal_name") or company.name,
                    inn=number if is_inn else "",
                    vat_id="" if is_inn else number,
                    kpp=values.get("company_kpp", ""),
                    ogrn=values.get("company_ogrn", ""),
                    is_primary=True,
                    created_at=max(self.now, company.updated_at),
                )
        bulk.insert(entities.values())

    def _note(self):
        made = {company.pk for company in self.new}
        rows = [
            ImportedCompany(
                run=self.run,
                company=company,
                is_new=company.pk in made,
                before=self._before.get(company.pk, {}),
                at=max(self.now, company.updated_at),
            )
            for company in (*self.new, *self.changed.values())
        ]
        # A company that an earlier batch noted keeps what stood there before the import; only the instant moves on.
        ImportedCompany.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["run", "company"], update_fields=["at"]
        )
        note_external_ids(self.run, "company", [(company.pk, number) for company, number in self._ids])
        data = {"file": self.run.file.name, "import": self.run.pk}
        record_many(
            [
                EventRow("company.imported", company_id=row.company_id, actor_id=self.run.by_id, at=self.now, data=data)
                for row in rows
            ]
        )
