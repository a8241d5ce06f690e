"""Records of the kinds that people define: list, page, forms, and what is written on a record."""

from django import forms
from django.db import transaction
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import files, htmx, lists, notes, registry
from crm.access import fetch, require
from crm.models import ObjectKind, ObjectRecord
from crm.objects import records, ties
from crm.objects.forms import RecordForm
from crm.objects.listing import ObjectList
from crm.objects.relations import relations_of, target_named
from crm.views.timeline import LONGEST, said_of
from crm.views.timeline import context as timeline_context


class NoteForm(forms.Form):
    text = forms.CharField(max_length=LONGEST)


def index(request, code):
    return lists.index(request, ObjectList(kind_or_404(code)))


def show(request, code, pk):
    kind, record = _record(request, code, pk)
    draft = notes.draft_of(record, request.user) if record.can_edit else None
    context = {
        "kind": kind,
        "record": record,
        "list_page": ObjectList(kind),
        "left_panels": registry.panels_for(request.user, kind.subject, "left"),
        "right_panels": registry.panels_for(request.user, kind.subject, "right"),
        "can_delete": ObjectRecord.objects.deletable_by(request.user).filter(pk=pk).exists(),
        "draft": draft,
        "uploads": notes.uploads_of(draft),
    }
    return render(request, "crm/objects/record.html", context | timeline_context(request, kind.subject, record))


def new(request, code):
    """The form of a new record. `rel_…=key` in the address ties it to a record that the user sees."""
    kind = kind_or_404(code)
    require(request.user, kind.subject, "edit")
    if request.method == "POST":
        return _create(request, kind)
    initial = {"owner": request.user.pk} | _asked_ties(request, kind)
    return _form(request, kind, RecordForm(kind=kind, by=request.user, initial=initial))


def _asked_ties(request, kind):
    found = {}
    for relation in relations_of(kind):
        key = request.GET.get(relation.name, "")
        if key.isdecimal() and len(key) < 19:
            other = target_named(relation.target).rows().visible_to(request.user).filter(pk=key).first()
            found |= {relation.name: f"{other} #{other.pk}"} if other else {}
    return found


def _create(request, kind):
    with transaction.atomic():
        form = RecordForm(request.POST, request.FILES, kind=kind, by=request.user)
        if not form.is_valid():
            return _form(request, kind, form)
        data = form.cleaned_data
        record = records.create_record(
            kind, data["title"], by=request.user, owner=data["owner"], custom=form.custom_values
        )
        for relation in form.relations:
            if data[relation.name] is not None:
                ties.tie(relation, record, data[relation.name], by=request.user)
        refused = form.save_files(record)
    said = " ".join([_("“%(name)s” is there.") % {"name": record}, *refused])
    return htmx.redirect(request, record.get_absolute_url(), said)


@transaction.atomic
def edit(request, code, pk):
    kind, record = _record(request, code, pk, edit=True, lock=request.method == "POST")
    form = RecordForm(request.POST or None, instance=record, kind=kind, by=request.user)
    if request.method == "POST" and form.is_valid() and _saved(record, form, request.user):
        still_seen = ObjectRecord.objects.visible_to(request.user).filter(pk=pk).exists()
        url = record.get_absolute_url() if still_seen else ObjectList(kind).url
        return htmx.redirect(request, url, _("Saved."))
    return _form(request, kind, form, record)


def _saved(record, form, user):
    """Write what was changed, all or nothing; what stands against it becomes an error of the form."""
    data = form.cleaned_data
    try:
        with transaction.atomic():
            if "title" in form.changed_data:
                records.change_title(record, data["title"], by=user)
            if "owner" in form.changed_data:
                records.assign(record, data["owner"], by=user)
            for relation in form.relations:
                if relation.name in form.changed_data:
                    ties.set_single(relation, record, data[relation.name], by=user)
            form.save_custom()
    except (records.Taken, ties.TieRefused) as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


def _form(request, kind, form, record=None):
    context = {"kind": kind, "form": form, "record": record, "list_page": ObjectList(kind)}
    return render(request, "crm/objects/record_form.html", context, status=422 if form.errors else 200)


@require_POST
def destroy(request, code, pk):
    kind, record = _record(request, code, pk, delete=True)
    records.delete_record(record, by=request.user)
    return htmx.redirect(request, ObjectList(kind).url, _("“%(name)s” is deleted.") % {"name": record})


@require_POST
def note(request, code, pk):
    """Write a note on a record."""
    kind, record = _record(request, code, pk, edit=True)
    form = NoteForm(request.POST)
    context = {"kind": kind, "record": record, "form": form}
    if not form.is_valid():
        return render(request, "crm/objects/_composer.html", context, status=422)
    uploads = request.POST.getlist("files")
    written = notes.write_note(record, "note.added", form.cleaned_data["text"], by=request.user, uploads=uploads)
    said = said_of(_("Written down."), written.untold)
    if not request.htmx:
        return htmx.redirect(request, record.get_absolute_url(), said)
    page = render(request, "crm/objects/_composer.html", {"kind": kind, "record": record})
    return htmx.toast(htmx.refresh(page, "timeline:changed"), said)


@require_POST
def file_create(request, code, pk):
    _of, record = _record(request, code, pk, edit=True)
    try:
        files.attach(request, record)
        said = _("The file is kept.")
    except files.FileRefused as refusal:
        said = str(refusal)
    return htmx.redirect(request, record.get_absolute_url(), said)


def kind_or_404(code):
    """The kind in use with that code, or Http404."""
    kind = next((kind for kind in ObjectKind.live() if kind.code == code), None)
    if kind is None:
        raise Http404
    return kind


def _record(request, code, pk, **rights):
    """(kind, record) as far as the user may see or change it."""
    kind = kind_or_404(code)
    return kind, fetch(ObjectRecord.objects.of(kind).select_related("owner", "team"), request.user, pk, **rights)
