"""Import of a file into a kind of record that people have defined."""

from django import forms
from django.conf import settings
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.imports import object_run, objects, reading
from contacts.imports.forms import UploadForm
from crm import files, htmx
from crm.access import require
from crm.objects.listing import ObjectList
from crm.views.objects import kind_or_404


class ColumnsForm(forms.Form):
    """What each column becomes, and how known records are recognised."""

    key = forms.ChoiceField(label=gettext_lazy("Known records are recognised by"), required=False)
    mode = forms.ChoiceField(
        label=gettext_lazy("What is done"),
        choices=[
            (objects.BOTH, gettext_lazy("make new ones and change known ones")),
            (objects.CREATE, gettext_lazy("only make new ones")),
            (objects.UPDATE, gettext_lazy("only change known ones")),
        ],
    )

    def __init__(self, data=None, *, kind, user, columns):
        super().__init__(data)
        self.fields["key"].choices = [("", gettext_lazy("nothing: every row is new")), *objects.keys(kind, user)]
        self.initial["key"] = kind.unique_by and (
            kind.unique_by if kind.unique_by == "title" else f"cf_{kind.unique_by}"
        )
        options = [("", "–"), *((target.name, target.label) for target in objects.targets(kind, user))]
        guessed = objects.guess([header for header, _cells in columns], kind, user)
        self.columns = []
        for index, (header, samples) in enumerate(columns):
            name = f"column_{index}"
            self.fields[name] = forms.ChoiceField(label=header or f"{index + 1}", choices=options, required=False)
            self.initial[name] = guessed.get(str(index), "")
            self.columns.append((name, samples))

    @property
    def rows(self):
        return [(self[name], samples) for name, samples in self.columns]

    @property
    def mapping(self):
        """{column index as text: target} as chosen."""
        chosen = {str(i): self.cleaned_data.get(name, "") for i, (name, _samples) in enumerate(self.columns)}
        return {index: name for index, name in chosen.items() if name}

    def clean(self):
        data = super().clean()
        chosen = list(self.mapping.values())
        if not chosen:
            raise forms.ValidationError(_("Say of at least one column what it becomes."))
        if twice := next((name for name in chosen if chosen.count(name) > 1), None):
            label = dict(self.fields["column_0"].choices)[twice]
            raise forms.ValidationError(_("Two columns would become “%(name)s”. Choose one.") % {"name": label})
        if data.get("key") and data["key"] not in chosen:
            self.add_error("key", _("No column becomes that."))
        if data.get("mode") == objects.UPDATE and not data.get("key"):
            self.add_error("key", _("Say by what known records are recognised."))
        return data


def new(request, code):
    """Upload a file, then say what its columns are; the job begins."""
    kind = kind_or_404(code)
    for needed in ("import", kind.subject):
        require(request.user, needed, "edit")
    token = request.POST.get("token", "")
    data = object_run.read_token(token, request.user) if token else None
    if data:
        return _columns(request, kind, token, data)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            token = object_run.receive(form.cleaned_data["file"], request.user)
        except (files.FileRefused, reading.FileUnreadable) as refusal:
            form.add_error("file", str(refusal))
        else:
            return _columns(request, kind, token, object_run.read_token(token, request.user), is_first=True)
    context = {
        "kind": kind,
        "list_page": ObjectList(kind),
        "form": form,
        "limit": settings.MAX_IMPORT_SIZE // 1024 // 1024,
    }
    return render(request, "contacts/object_import.html", context, status=422 if form.errors else 200)


def _columns(request, kind, token, data, *, is_first=False):
    columns = object_run.columns(data)
    form = ColumnsForm(None if is_first else request.POST, kind=kind, user=request.user, columns=columns)
    if not is_first and form.is_valid():
        chosen = form.cleaned_data
        job = object_run.start(kind, data, form.mapping, key=chosen["key"], mode=chosen["mode"], by=request.user)
        return htmx.redirect(request, job.get_absolute_url())
    context = {"kind": kind, "list_page": ObjectList(kind), "columns": form, "token": token}
    return render(request, "contacts/object_import.html", context, status=422 if form.errors else 200)
