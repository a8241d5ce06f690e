"""Custom fields of a record: changed in place, and drawn anew in a form while it is filled in."""

from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm import access, custom, files, htmx
from crm.custom import section as sections
from crm.custom.forms import CustomForm
from crm.models import CustomField
from crm.objects.relations import target_named
from crm.picking import suggestions as find
from crm.templatetags.custom import boxes as boxes_context


def _record(request, subject, pk, *, edit=False):
    target = custom.target_of(subject)
    if target is None:
        raise Http404
    return access.fetch(target.model.objects.all(), request.user, pk, edit=edit)


@require_GET
def section(request, subject, pk):
    """All custom fields of a record as they stand."""
    record = _record(request, subject, pk)
    return render(request, "crm/custom/_section.html", sections.context(record, request.user))


def field(request, subject, pk, key):
    """One field: GET gives the small form, POST writes it and answers with the whole section, which rules may change.

    What was typed stays when it is refused, or when somebody else has written there meanwhile.
    """
    record = _record(request, subject, pk, edit=True)
    item = custom.field_named(subject, key, request.user)
    if item is None or not item.editable_by(request.user):
        raise Http404
    form = CustomForm(subject, record, request.POST or None, request.FILES or None, by=request.user, only=item.name)
    was = form.typed()
    if request.method != "POST":
        return _asked(request, record, item, form, was)
    if item.kind == CustomField.Kind.FILE:
        return _take_file(request, record, item, form)
    if request.POST.get("was", "") != was:
        return _asked(request, record, item, form, was, conflict=True)
    if not form.check():
        return _asked(request, record, item, form, request.POST.get("was", ""))
    try:
        custom.write(record, {key: form.changes.get(key, record.custom.get(key))}, by=request.user)
    except custom.CustomRefused as refusal:
        form.add_error(item.name, str(refusal))
        return _asked(request, record, item, form, was)
    return _saved(request, subject, record)


def _take_file(request, record, item, form):
    """A file is kept with the record first; an empty form takes the present one off."""
    upload, value = request.FILES.get(item.name), None
    try:
        if upload:
            stored = files.store(upload, upload.name, by=request.user, target=record)
            value = {"file": str(stored.uuid)}
        custom.write(record, {item.key: value}, by=request.user)
    except ValueError as refusal:  # FileRefused and CustomRefused are such
        form.add_error(item.name, str(refusal))
        return _asked(request, record, item, form, "")
    return _saved(request, custom.target_for(record).subject, record)


def _asked(request, record, item, form, was, *, conflict=False):
    context = {
        "record": record,
        "field": item,
        "form": form,
        "was": was,
        "conflict": conflict,
        "section_url": sections.context(record, request.user)["section_url"],
        "subject": custom.target_for(record).subject,
    }
    name = "crm/custom/_field_form.html" if request.htmx else "crm/custom/field.html"
    response = render(request, name, context, status=422 if request.method == "POST" else 200)
    if request.method == "POST":
        # Success draws the whole section, a refusal only this field.
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = f"#{item.name}", "innerHTML"
    return response


def _saved(request, subject, record):
    if not request.htmx:
        return htmx.redirect(request, record.get_absolute_url(), _("Saved."))
    fresh = _record(request, subject, record.pk)
    response = render(request, "crm/custom/_section.html", sections.context(fresh, request.user))
    return htmx.refresh(response, f"{subject}:custom")


@require_POST
def boxes(request, subject, pk):
    """The boxes of a form as rules have them for what is typed now; nothing is written."""
    record = _record(request, subject, pk, edit=True) if pk else None
    target = custom.target_of(subject)
    if target is None:
        raise Http404
    access.require(request.user, subject, "edit")
    whole = target.form(request.POST, record, request.user) if target.form is not None else None
    takes_files = getattr(whole, "takes_files", False)
    form = CustomForm(subject, record, request.POST, by=request.user, takes_files=takes_files)
    if whole is not None:
        form.overrides = whole.cleaned_data if whole.errors is not None else {}
    context = boxes_context(form)
    form._errors = {}  # Nobody has pressed the button yet.
    return render(request, "crm/custom/_boxes.html", context)


@require_GET
def suggestions(request, kind):
    """Names for a text box that names a record: options of a datalist."""
    target = target_named(kind)
    if target is None:
        raise Http404
    typed = next((value for name, value in request.GET.items() if name.startswith(("q", "cf_", "rel_"))), "")
    rows = find(target.rows().visible_to(request.user), typed)
    return render(request, "crm/custom/_suggestions.html", {"rows": rows})
