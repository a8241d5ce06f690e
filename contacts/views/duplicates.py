"""The desk of duplicates, its settings, and the warning while somebody types."""

from django import forms
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.lists_duplicates import CompanyPairList, ContactPairList
from contacts.models import DuplicateSettings
from contacts.services.duplicates import lookup, searches
from crm import htmx, lists
from crm.access import require


class SettingsForm(forms.ModelForm):
    class Meta:
        model = DuplicateSettings
        fields = ["is_automatic", "least_score"]

    def clean_least_score(self):
        score = self.cleaned_data["least_score"]
        if not 0.99 <= score <= 1:
            raise forms.ValidationError(_("Below 0.99 pairs need a person. Write a number from 0.99 to 1."))
        return score


def people(request):
    return _desk(request, ContactPairList)


def companies(request):
    return _desk(request, CompanyPairList)


def _desk(request, page):
    """What waits for a decision comes first."""
    if not request.GET and not request.htmx:
        return redirect(f"{reverse(page.url_name)}?view=open")
    return lists.index(request, page)


@require_POST
def search(request):
    """Compare everybody now instead of at night."""
    require(request.user, "contact", "edit")
    job = searches.start(by=request.user, whole=True)
    if job.by == request.user:
        return htmx.redirect(request, job.get_absolute_url())
    said = _("A search is under way already: what it finds will stand here.")
    return htmx.redirect(request, reverse("contacts:duplicates"), said)


def settings(request):
    require(request.user, "settings", "edit")
    form = SettingsForm(request.POST or None, instance=DuplicateSettings.get())
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, reverse("contacts:duplicate_settings"), _("Saved."))
    context = {"form": form, "title": _("Duplicates"), "parent": (_("Settings"), reverse("settings"))}
    return render(request, "crm/settings_form.html", context, status=422 if form.errors else 200)


def similar_people(request):
    """Who is here already, for a form that is being filled."""
    require(request.user, "contact", "edit")
    typed = {
        name: request.GET.get(name, "")[:200]
        for name in ("first_name", "last_name", "email", "phone", "company", "city")
    }
    matches = lookup.similar_people(request.user, _number(request), birthday_on=_day(request), **typed)
    return render(request, "contacts/_similar.html", {"matches": matches})


def similar_companies(request):
    require(request.user, "company", "edit")
    typed = {name: request.GET.get(name, "")[:200] for name in ("name", "inn", "domain")}
    return render(
        request,
        "contacts/_similar.html",
        {"matches": lookup.similar_companies(request.user, _number(request), **typed)},
    )


def _number(request):
    text = request.GET.get("exclude", "")
    return int(text) if text.isdecimal() and len(text) < 18 else None


def _day(request):
    try:
        return forms.DateField().clean(request.GET.get("birthday_on", ""))
    except forms.ValidationError:
        return None
