"""The settings area's first page and the user's own profile."""

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_POST

from crm import htmx
from crm.forms import ProfileForm


def settings_index(request):
    """All settings pages the user may open."""
    return render(request, "crm/settings.html")


def edit(request):
    """Name, language, zone, theme, signature and what one is told."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        user = form.save()
        with override(user.language):
            return htmx.redirect(request, reverse("profile"), _("Saved."))
    return render(request, "crm/profile.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def theme(request):
    """Keep the theme with the user."""
    if request.POST.get("theme") in {"auto", "light", "dark"}:
        request.user.theme = request.POST["theme"]
        request.user.save(update_fields=["theme"])
    return redirect(_back(request))


def _back(request):
    """The page the form stood on, as far as it is one of ours."""
    referer = request.headers.get("Referer", "")
    return referer if url_has_allowed_host_and_scheme(referer, {request.get_host()}) else "/"
