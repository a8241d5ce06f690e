"""Templates of personal letters: one's own, the team's, everybody's."""

from django.db import transaction
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from contacts.forms_mailbox import LetterTemplateForm
from contacts.models import LetterTemplate
from crm import htmx
from crm.access import fetch


def index(request):
    rows = LetterTemplate.objects.visible_to(request.user).with_rights(request.user).select_related("owner")
    return render(request, "contacts/letter_template_list.html", {"rows": rows})


def edit(request, pk=None):
    """A new template, or one's own: changed or, with `delete`, removed."""
    if pk:
        row = fetch(LetterTemplate.objects.all(), request.user, pk, edit=True)
    else:
        row = LetterTemplate(owner=request.user, language=request.user.language)
    if pk and request.method == "POST" and "delete" in request.POST:
        row.delete()
        return htmx.redirect(request, reverse("contacts:letter_templates"), _("Removed."))
    form = LetterTemplateForm(request.POST or None, instance=row)
    if _saved(request, form):
        return htmx.redirect(request, reverse("contacts:letter_templates"), _("Saved."))
    context = {
        "form": form,
        "title": row.name or _("New template"),
        "parent": (_("Letter templates"), reverse("contacts:letter_templates")),
        "can_delete": bool(pk),
    }
    return render(request, "crm/settings_form.html", context, status=422 if form.errors else 200)


@transaction.atomic
def _saved(request, form):
    if request.method != "POST" or not form.is_valid():
        return False
    form.save()
    return True
