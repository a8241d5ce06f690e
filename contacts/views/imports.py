"""Import: upload, mapping with a preview, dry run, start, result, undo."""

from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import transaction
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.imports import mapping, reading, since, upload
from contacts.imports.batch import Batch
from contacts.imports.cleaning import Cleaner
from contacts.imports.forms import MappingForm, UploadForm, column_rows, target_groups
from contacts.models import Contact, ImportedRow, ImportRun
from contacts.views import object_imports
from contacts.views.import_list import ImportList
from crm import files, htmx, lists
from crm.access import fetch, require
from crm.models import ObjectRecord, Workspace

PREVIEW = 50
LISTED = 200


def index(request):
    return lists.index(request, ImportList)


def new(request):
    """Upload a file; how it is written and its columns are found out."""
    require(request.user, "import", "edit")
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            run = upload.receive(form.cleaned_data["file"], request.user)
        except (files.FileRefused, reading.FileUnreadable) as refusal:
            form.add_error("file", str(refusal))
        else:
            return htmx.redirect(request, run.get_absolute_url())
    context = {"form": form, "limit": settings.MAX_IMPORT_SIZE // 1024 // 1024}
    return render(request, "contacts/import_new.html", context, status=422 if form.errors else 200)


def show(request, pk):
    """The mapping with its preview before the start, the result after it."""
    run = fetch(ImportRun.objects.for_card(), request.user, pk)
    if run.kind:
        require(request.user, run.kind.subject)
    if run.state == ImportRun.State.DRAFT:
        return _mapping(request, run, _form_of(run, request.user))
    rows = run.rows.order_by("line")
    refused = rows.filter(outcome=ImportedRow.Outcome.FAILED)[:PREVIEW]
    name, model = _about(run)
    left = list(rows.filter(undone=ImportedRow.Undone.LEFT).select_related(name)[:LISTED])
    # Who was given away since, or by a line that changed another's record, is counted and not named.
    seen = _seen(model, [getattr(row, f"{name}_id") for row in left], request.user)
    shown = [row for row in left if row.about is None or row.about.pk in seen]
    context = {"run": run, "refused": refused, "left": shown, "unseen": len(left) - len(shown)}
    return render(request, "contacts/import.html", context)


@require_POST
def start(request, pk):
    """Keep what was chosen, then start the job, once; "look" shows the preview again, "dry" runs it dry. A stopped one goes on."""
    run = _changeable(request, pk)
    if run.state == ImportRun.State.STOPPED and run.begin(by=request.user):
        return htmx.redirect(request, run.job.get_absolute_url())
    if run.state != ImportRun.State.DRAFT:
        return htmx.redirect(request, run.get_absolute_url(), _("This import has already been started."))
    form = _form_of(run, request.user, request.POST)
    if not form.is_valid():
        return _mapping(request, run, form, status=422)
    if form.reads_otherwise:
        return _read_otherwise(request, run, form)
    run.mapping, run.check_counts = form.chosen(request.user), {}
    if not form.names_somebody(run.mapping):
        return _mapping(request, run, form, status=422, nothing=True)
    form.save()
    if "look" in request.POST:
        return htmx.redirect(request, run.get_absolute_url())
    if "dry" in request.POST:
        return htmx.redirect(request, run.begin_check(by=request.user).get_absolute_url())
    started = run.begin(by=request.user)
    return htmx.redirect(request, run.job.get_absolute_url() if started else run.get_absolute_url())


def undo(request, pk):
    """What the undo will leave, because somebody worked on it since; then the undo."""
    run = _changeable(request, pk)
    if run.state == ImportRun.State.UNDOING:
        return htmx.redirect(request, run.get_absolute_url(), _("This import is being undone already."))
    if not run.may_be_undone:
        raise BadRequest
    if request.method != "POST":
        changed = list(since.changed_since(run)[:LISTED])
        seen = _seen(_about(run)[1], [row.pk for row in changed], request.user)
        named = [row for row in changed if row.pk in seen]
        context = {"run": run, "changed": len(changed), "named": named, "unseen": len(changed) - len(named)}
        return render(request, "contacts/import_undo.html", context | {"most": LISTED})
    if not run.begin_undo(by=request.user):
        return htmx.redirect(
            request, run.get_absolute_url(), _("Somebody was faster: look at what became of the import.")
        )
    return htmx.redirect(request, run.undo_job.get_absolute_url())


def _changeable(request, pk):
    """The run, as far as the user may change it and the records it speaks of."""
    run = fetch(ImportRun.objects.for_card(), request.user, pk, edit=True)
    if run.kind:
        require(request.user, run.kind.subject, "edit")
    return run


def _about(run):
    """What the lines of a run speak of: the name of it on a row, and its model."""
    return ("record", ObjectRecord) if run.kind else ("contact", Contact)


def _seen(model, keys, user):
    """Those of the keys whose records the user may see."""
    return set(model.objects.visible_to(user).filter(pk__in=keys).values_list("pk", flat=True))


def _form_of(run, user, data=None):
    return object_imports.form_of(run, user, data) if run.kind else MappingForm(data, instance=run)


def _read_otherwise(request, run, form):
    """The columns as they are when the file is read the way that was asked for."""
    try:
        upload.read_again(run, sheet=form.other_sheet)
    except reading.FileUnreadable as refusal:
        form.add_error(None, str(refusal))
        return _mapping(request, run, form, status=422)
    form.save()
    return htmx.redirect(request, run.get_absolute_url(), _("The file was read again: look at the columns."))


def _mapping(request, run, form, *, status=200, nothing=False):
    """The page on which columns become fields, with the first rows as they would be taken."""
    context = {"run": run, "form": form, "nothing": nothing}
    context["remembered"] = mapping.last_like(run, request.user)
    try:
        lines = upload.first_rows(run, PREVIEW)
    except (reading.FileUnreadable, LookupError) as refusal:
        return render(request, "contacts/import.html", context | {"unreadable": str(refusal)}, status=status)
    if run.kind:
        context |= object_imports.context_of(run, lines, request.user)
        return render(request, "contacts/import.html", context, status=status)
    context["groups"] = target_groups(request.user)
    context["columns"] = column_rows(run, lines[0][1] if lines else [], request.user)
    context["preview"] = _preview(run, lines, request.user)
    context["bad"] = sum(1 for row, _outcome, _person in context["preview"] if row.reasons)
    return render(request, "contacts/import.html", context, status=status)


@transaction.atomic
def _preview(run, lines, user):
    """[(clean row, what would become of it, person it would change or None)]; nothing is written."""
    clean = Cleaner(run.mapping, Workspace.get().country, by=user).clean
    batch = Batch(run, [clean(line, cells) for line, cells in lines])
    batch.prepare(earlier=lambda keys: {})
    found = []
    for row in batch.rows:
        person = batch.people.get(row.line)
        known = person.contact if person and not person.is_new else None
        found.append((row, ImportedRow.Outcome(batch.outcomes[row.line]), known))
    return found
