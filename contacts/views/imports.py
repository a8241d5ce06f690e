"""Import: upload, mapping with a preview, start, result, undo."""

from itertools import islice

from django import forms
from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import transaction
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from contacts.imports import mapping, reading
from contacts.imports.cleaning import clean
from contacts.models import ImportedRow, ImportRun
from crm import files, htmx, jobs
from crm.access import fetch, require
from crm.models import User, Workspace

PREVIEW = 50


class UploadForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("CSV or XLSX file"))


class MappingForm(forms.ModelForm):
    class Meta:
        model = ImportRun
        fields = ["duplicates", "owner"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = User.objects.filter(is_active=True)
        self.fields["owner"].required = True

    def chosen(self):
        """{column: field} as the selects say; a field may be chosen once."""
        found = {}
        for index in range(len(self.instance.headers)):
            name = self.data.get(f"column-{index}", "")
            if name in mapping.FIELDS and name not in found.values():
                found[str(index)] = name
        return found


def index(request):
    require(request.user, "import")
    rows = ImportRun.objects.visible_to(request.user).for_card()[:50]
    return render(request, "contacts/import_list.html", {"rows": rows})


def new(request):
    """Upload a file; its encoding, separator and columns are found out."""
    require(request.user, "import", "edit")
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            run = _read(form.cleaned_data["file"], request.user)
        except (files.FileRefused, reading.FileUnreadable) as refusal:
            form.add_error("file", str(refusal))
        else:
            return htmx.redirect(request, run.get_absolute_url())
    context = {"form": form, "limit": settings.MAX_FILE_SIZE // 1024 // 1024}
    return render(request, "contacts/import_new.html", context, status=422 if form.errors else 200)


def show(request, pk):
    """The mapping with its preview before the start, the result after it."""
    run = fetch(ImportRun.objects.for_card(), request.user, pk)
    context = {"run": run, "form": MappingForm(instance=run)}
    if run.state == ImportRun.State.DRAFT:
        context |= _preview(run)
    else:
        context["refused"] = ImportedRow.objects.filter(run=run, outcome=ImportedRow.Outcome.FAILED).order_by("line")[
            :PREVIEW
        ]
    return render(request, "contacts/import.html", context)


@require_POST
def start(request, pk):
    """Keep the mapping; "check" shows the preview again, else the job starts, once. A stopped one goes on."""
    run = fetch(ImportRun.objects.for_card(), request.user, pk, edit=True)
    if run.state == ImportRun.State.STOPPED and run.begin(by=request.user):
        return htmx.redirect(request, run.job.get_absolute_url())
    if run.state != ImportRun.State.DRAFT:
        return htmx.redirect(request, run.get_absolute_url(), _("This import has already been started."))
    form = MappingForm(request.POST, instance=run)
    run.mapping = form.chosen()
    if not form.is_valid() or not run.mapping:
        context = {"run": run, "form": form, "nothing": not run.mapping} | _preview(run)
        return render(request, "contacts/import.html", context, status=422)
    form.save()
    if "check" in request.POST:
        return htmx.redirect(request, run.get_absolute_url())
    started = run.begin(by=request.user)
    return htmx.redirect(request, run.job.get_absolute_url() if started else run.get_absolute_url())


@require_POST
def undo(request, pk):
    run = fetch(ImportRun.objects.for_card(), request.user, pk, edit=True)
    if not run.may_be_undone:
        raise BadRequest
    job = jobs.start("contacts.import_undo", by=request.user, params={"import": run.pk}, subject=run.file.name)
    return htmx.redirect(request, job.get_absolute_url())


def _read(upload, user):
    """Keep the file and find out how it is written. Raises FileRefused or FileUnreadable."""
    data = upload.read()
    encoding, separator = reading.detect(data)
    upload.seek(0)
    first = next(reading.rows(upload, encoding, separator), None)
    if first is None:
        raise reading.FileUnreadable(_("The file has no rows. Export it again with the columns you need."))
    headers = [cell.strip()[:200] for cell in first[1]]
    run = ImportRun(by=user, owner=user, team=user.team, encoding=encoding, separator=separator, headers=headers)
    run.mapping = mapping.guess(headers)
    with transaction.atomic():
        run.file = files.store(upload, upload.name, by=user, kind="import")
        run.save()
    return run


def _preview(run):
    """The columns with their fields, and the first rows as they would be taken."""
    region = Workspace.get().country
    try:
        with run.file.content.open("rb") as file:
            lines = list(islice(reading.rows(file, run.encoding, run.separator, skip=1), PREVIEW))
    except reading.FileUnreadable as refusal:
        return {"unreadable": str(refusal)}
    chosen = mapping.columns(run.mapping)
    cleaned = [clean(line, cells, chosen, region) for line, cells in lines]
    example = lines[0][1] if lines else []
    columns = [
        (i, header, run.mapping.get(str(i), ""), example[i] if i < len(example) else "")
        for i, header in enumerate(run.headers)
    ]
    fields = [(name, label) for name, (label, _names) in mapping.FIELDS.items()]
    bad = sum(1 for row in cleaned if row.reasons)
    return {"columns": columns, "fields": fields, "preview": cleaned, "bad": bad}
