"""Import of a file into a kind of record that people have defined: the upload, and what its lines would become."""

from django.conf import settings
from django.db import transaction
from django.shortcuts import render

from contacts.imports import objects, reading, upload
from contacts.imports.forms import ObjectMappingForm, UploadForm
from contacts.imports.object_batch import Batch
from contacts.models import ImportedRow
from crm import files, htmx
from crm.access import require
from crm.objects.listing import ObjectList
from crm.sight import as_it_is
from crm.views.objects import kind_or_404


def new(request, code):
    """Upload a file; how it is written and its columns are found out."""
    kind = kind_or_404(code)
    for needed in ("import", kind.subject):
        require(request.user, needed, "edit")
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            run = upload.receive(form.cleaned_data["file"], request.user, kind)
        except (files.FileRefused, reading.FileUnreadable) as refusal:
            form.add_error("file", str(refusal))
        else:
            return htmx.redirect(request, run.get_absolute_url())
    context = {"kind": kind, "list_page": ObjectList(kind), "form": form}
    context["limit"] = settings.MAX_IMPORT_SIZE // 1024 // 1024
    return render(request, "contacts/object_import.html", context, status=422 if form.errors else 200)


def form_of(run, user, data=None):
    """The form of what a person chooses before the import starts."""
    return ObjectMappingForm(data, instance=run, user=user)


def context_of(run, lines, user):
    """What the page on the columns shows of a run, given its first lines: columns, targets, what would become of them."""
    example = lines[0][1] if lines else []
    columns = [
        (i, header, run.mapping.get(str(i), ""), example[i] if i < len(example) else "", "")
        for i, header in enumerate(run.headers)
    ]
    groups = [(run.kind.plural, [(target.name, target.label) for target in objects.targets(run.kind, user)])]
    preview = _preview(run, lines) if run.mapping else []
    return {
        "columns": columns,
        "groups": groups,
        "object_preview": preview,
        "bad": sum(1 for row, _outcome, _record in preview if row.reasons),
    }


def _preview(run, lines):
    """[(row, what would become of it, the record it would change or None)]: written and taken back at once."""
    reader = objects.Reader(run)
    with transaction.atomic(), as_it_is():
        batch = Batch(run, reader, [reader.read(line, cells) for line, cells in lines])
        batch.write()
        transaction.set_rollback(True)
    outcome = ImportedRow.Outcome
    return [
        (row, outcome(found), batch.records.get(row.line) if found == outcome.UPDATED else None)
        for row in batch.rows
        for found in [batch.outcomes[row.line]]
    ]
