"""The import of a file into a kind of record: kept, looked at, and taken in batches by a job."""

import io
from itertools import islice

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from contacts.imports import objects, reading, upload
from crm import access, files, jobs
from crm.models import ObjectKind, StoredFile
from crm.sheets import write_csv

BATCH = 200
SAMPLES = 3
KEPT = 1000  # refused rows that come back as a file
SALT = "contacts.imports.objects"
GOOD_FOR = 24 * 3600  # seconds


def receive(file, user):
    """Keep an uploaded file. Returns a token that says which it is and how it is read. Raises FileRefused, FileUnreadable."""
    files.check(file, files.safe_name(file.name), settings.MAX_IMPORT_SIZE)
    kind = upload.format_of(file)
    with upload.table_of(file, kind) as (table, _sheets):
        encoding, separator = ("utf-8", ",") if table else reading.detect(file)
        source = table or file
        source.seek(0)
        rows = list(islice(reading.rows(source, encoding, separator), upload.HEADER_LINES))
        if not rows:
            raise reading.FileUnreadable(_("The file has no rows. Export it again with the columns you need."))
        # Of what nobody starts the sweep of uploads takes care.
        kept = files.store(table or file, file.name, by=user, kind="upload", limit=None)
    data = {"file": kept.pk, "encoding": encoding, "separator": separator, "header": rows[0][0]}
    return signing.dumps(data | {"user": user.pk}, salt=SALT)


def read_token(token, user):
    """What `receive` said, for its user; None when it is another's or too old."""
    try:
        data = signing.loads(token, salt=SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        return None
    return data if data["user"] == user.pk and StoredFile.objects.filter(pk=data["file"]).exists() else None


def columns(data):
    """[(header, some cells)] of a kept file."""
    with StoredFile.objects.get(pk=data["file"]).content.open("rb") as file:
        rows = list(
            islice(reading.rows(file, data["encoding"], data["separator"], skip=data["header"] - 1), SAMPLES + 1)
        )
    headers, samples = rows[0][1], [cells for _line, cells in rows[1:]]
    return [(header.strip(), [row[i] for row in samples if i < len(row)]) for i, header in enumerate(headers)]


def start(kind, data, chosen, *, key, mode, by):
    """Begin an import; the file is no stray upload from now on."""
    StoredFile.objects.filter(pk=data["file"]).update(kind="import")
    params = {"kind": kind.pk, "data": data, "mapping": chosen, "key": key, "mode": mode}
    return jobs.start("contacts.import_objects", by=by, params=params, subject=kind.plural)


@jobs.job("contacts.import_objects", gettext_lazy("Import"), icon="file-import")
def run_import(run):
    """Batches in one transaction each with the line reached: a run that is killed goes on behind the last one."""
    kind = ObjectKind.objects.filter(pk=run.params["kind"], retired_at=None).first()
    if kind is None or not (access.may(run.by, kind.subject, "edit") and access.may(run.by, "import", "edit")):
        raise jobs.JobFailed(_("You may no longer do this. Ask an administrator."))
    data = run.params["data"]
    importer = objects.Importer(kind, run.params["mapping"], key=run.params["key"], mode=run.params["mode"], by=run.by)
    state = run.checkpoint or {"line": data["header"], "refused": []}
    stored = StoredFile.objects.get(pk=data["file"])
    with stored.content.open("rb") as file:
        run.start(sum(1 for _row in reading.rows(file, data["encoding"], data["separator"], skip=data["header"])))
    with stored.content.open("rb") as file:
        rows = reading.rows(file, data["encoding"], data["separator"], skip=state["line"])
        while batch := list(islice(rows, BATCH)):
            with transaction.atomic():
                counts, refused = _take(importer, batch)
                state = {"line": batch[-1][0], "refused": [*state["refused"], *refused][:KEPT]}
                run.advance(len(batch), checkpoint=state, **counts)
    return _result(run, kind, state)


def _take(importer, batch):
    counts, refused = {}, []
    for line, cells in batch:
        try:
            outcome = importer.write(cells)
        except objects.Refused as refusal:
            outcome = "refused"
            refused.append([line, str(refusal), cells])
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts, refused


def _result(run, kind, state):
    counters = run.row.counters
    labels = {
        "created": _("Created"),
        "updated": _("Updated"),
        "skipped": _("Left as they were"),
        "refused": _("Refused"),
    }
    result = {"rows": [[str(label), counters.get(name, 0)] for name, label in labels.items()]}
    result |= {"url": kind.list_url, "url_label": _("Open the list")}
    if state["refused"]:
        headers = [header for header, _cells in columns(run.params["data"])]
        out = io.BytesIO()
        rows = ([line, reason, *cells] for line, reason, cells in state["refused"])
        write_csv(out, [pgettext("file", "Line"), _("Reason"), *headers], rows)
        result["file"] = files.store(out.getvalue(), _("refused rows.csv"), by=run.by, kind="import").pk
    return result
