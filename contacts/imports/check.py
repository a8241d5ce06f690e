"""A dry run: what an import would make of every line of its file, with nothing written."""

from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.imports import known, reading
from contacts.imports.batch import Batch
from contacts.imports.run import Ahead, cleaned, count_lines, counted, refused_file
from contacts.models import ImportedRow, ImportKey, ImportRun
from crm import bulk, jobs

KEY = ["run_id", "key", "record", "name_key"]
MOST_REFUSED = 20_000


@jobs.job("contacts.import_check", gettext_lazy("Dry run of an import"), icon="list-check")
def check_file(run):
    """Job: dry run. Result: counts, and a file of the rows that would be refused."""
    row = ImportRun.objects.for_card().get(pk=run.params["import"])
    counts, refused = dict.fromkeys([*ImportedRow.Outcome.values, "companies_created", "companies_updated"], 0), []
    # A dry run that was killed begins again: it left nothing but its keys.
    _forget(row)
    try:
        with reading.opened(row.source) as file:
            run.start(count_lines(file, row))
        with reading.opened(row.source) as file, Ahead(cleaned(file, row, skip=row.header_line)) as ahead:
            while rows := ahead.get():
                ahead.begin()
                for name, n in look(row, rows).items():
                    counts[name] += n
                failed = [(bad.line, " ".join(bad.reasons), bad.cells) for bad in rows if bad.reasons]
                refused += failed[: MOST_REFUSED - len(refused)]
                run.advance(len(rows), checkpoint={"line": rows[-1].line})
    except reading.FileUnreadable as error:
        raise jobs.JobFailed(str(error)) from error
    finally:
        _forget(row)
    ImportRun.objects.filter(pk=row.pk).update(check_counts=counts)
    result = {"rows": counted(counts), "url": row.get_absolute_url(), "url_label": _("Back to the import")}
    if refused:
        result["file"] = refused_file(row, refused).pk
    return result


@transaction.atomic
def look(row, rows):
    """Counts of what would become of some rows; notes by what later ones would know their people."""
    batch = Batch(row, rows)
    batch.prepare(earlier=partial(known.earlier, run=row))
    keys = []
    for clean in batch.good:
        person = batch.people.get(clean.line)
        if person and batch.outcomes[clean.line] != ImportedRow.Outcome.SKIPPED:
            record = person.contact.pk or -clean.line
            person.contact.pk = record
            keys += [(row.pk, key, record, person.name_key) for key in clean.keys(row.match)]
        keys += [(row.pk, key, company.pk, company.name_key) for key, company in batch.companies.keys_of(clean)]
    bulk.copy(ImportKey, KEY, dict.fromkeys(keys))
    made, changed = len(batch.companies.new), len(batch.companies.changed)
    return batch.counts() | {"companies_created": made, "companies_updated": changed}


def _forget(row):
    ImportKey.objects.filter(run=row).delete()
