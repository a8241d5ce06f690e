"""Settings: the words of consents in their versions, and the topics people choose among."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from contacts.forms_consents import TopicForm, WordsForm
from contacts.models import Consent, ConsentText, Topic
from contacts.services import wordings
from crm import htmx
from crm.access import require

LANGUAGES = {"en": "English", "ru": "Русский"}


def index(request):
    require(request.user, "settings", "edit")
    rows = [
        {"purpose": purpose, "law": law, "language": language, "row": row, "versions": n,
         "words": row.text if row else wordings.suggested(purpose, law, language)}
        for purpose, law, language, row, n in wordings.current_versions()
    ]  # fmt: skip
    return render(request, "contacts/wording_list.html", {"rows": rows, "topics": Topic.objects.all()})


def words(request, purpose, law, language):
    """Write the next version of the words. What people agreed to before keeps the words of then."""
    require(request.user, "settings", "edit")
    if purpose not in Consent.Purpose.values or law not in Consent.Law.values or language not in LANGUAGES:
        raise Http404
    current, version = wordings.words_of(purpose, law, language)
    form = WordsForm(request.POST or None, initial={"text": current, "seen": version.number if version else 0})
    form.newest = version.number if version else 0
    if request.method == "POST" and form.is_valid():
        row = wordings.new_version(purpose, law, language, form.cleaned_data["text"], by=request.user)
        return htmx.redirect(request, reverse("contacts:wordings"), _("Kept as version %(n)s.") % {"n": row.number})
    context = {
        "form": form,
        "title": Consent.Purpose(purpose).label,
        "sub": " · ".join([str(Consent.Law(law).label), LANGUAGES[language]]),
        "parent": (_("Consents and topics"), reverse("contacts:wordings")),
        "versions": ConsentText.objects.filter(purpose=purpose, law=law, language=language).select_related("by"),
    }
    return render(request, "contacts/words_form.html", context, status=422 if form.errors else 200)


def topic(request, pk=None):
    require(request.user, "settings", "edit")
    row = get_object_or_404(Topic, pk=pk) if pk else Topic(position=Topic.objects.count())
    form = TopicForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, reverse("contacts:wordings"), _("Saved."))
    context = {
        "form": form,
        "title": row.name_en and row.name or _("New topic"),
        "parent": (_("Consents and topics"), reverse("contacts:wordings")),
    }
    return render(request, "crm/settings_form.html", context, status=422 if form.errors else 200)
