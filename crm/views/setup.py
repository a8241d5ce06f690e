"""First start: the first account, while there is none."""

from django.conf import settings
from django.contrib.auth import login
from django.db import connection, transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.debug import sensitive_post_parameters

from crm.access import public
from crm.forms import NewAccountForm
from crm.models import User, Workspace
from crm.roles import create_standard_roles


@public
@sensitive_post_parameters("password")
def show(request):
    """Company, name, email and password of the owner. Not found as soon as anybody has an account."""
    if User.objects.exists():
        raise Http404
    form = NewAccountForm(request.POST or None, first=True)
    if request.method == "POST" and form.is_valid():
        login(request, _create(form.cleaned_data), backend=settings.AUTHENTICATION_BACKENDS[0])
        return redirect("today")
    return render(request, "crm/setup.html", {"form": form}, status=422 if form.errors else 200)


@transaction.atomic
def _create(data):
    """The owner, who is also administrator. Two people at once: the second finds nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crm_setup'))")
    if User.objects.exists():
        raise Http404
    language = "ru" if (get_language() or "").startswith("ru") else "en"
    workspace = Workspace.get()
    workspace.name, workspace.language = data["company"], language
    workspace.save()
    owner = User.objects.create_superuser(data["email"], data["password"], name=data["name"], language=language)
    owner.roles.add(create_standard_roles()["owner"])
    return owner
