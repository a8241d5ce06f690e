"""Joining: somebody invites, the letter's link opens a form for name and password."""

from django.conf import settings
from django.contrib.auth import login
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from crm import htmx
from crm.access import public, require
from crm.forms import InvitationForm, NewAccountForm
from crm.mail import queue_mail
from crm.models import Invitation, User, Workspace


def create(request):
    require(request.user, "user", "edit")
    form = InvitationForm(request.POST or None, by=request.user, initial={"language": Workspace.get().language})
    if request.method == "POST" and form.is_valid():
        _send(form, request.user)
        return htmx.redirect(request, reverse("users"), _("The invitation is on its way."))
    context = {
        "form": form,
        "title": _("Invite somebody"),
        "parent": (_("Users"), reverse("users")),
        "act": _("Send the invitation"),
    }
    return render(request, "crm/settings_form.html", context, status=422 if form.errors else 200)


@require_POST
def revoke(request, pk):
    require(request.user, "user", "edit")
    row = get_object_or_404(Invitation, pk=pk)
    Invitation.objects.filter(pk=row.pk, accepted_at=None).update(revoked_at=timezone.now())
    return htmx.redirect(request, reverse("users"), _("The invitation no longer works."))


@public
@sensitive_post_parameters("password")
def accept(request, token):
    """Make the account and sign in. A link that was used, revoked or is too old is not found."""
    row = Invitation.open_for(token)
    if row is None:
        raise Http404
    with override(row.language):
        form = NewAccountForm(request.POST or None, initial={"name": row.name})
        if request.method == "POST" and form.is_valid():
            user = _join(row, form.cleaned_data)
            login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
            return redirect("today")
        return render(request, "crm/join.html", {"form": form, "invitation": row}, status=422 if form.errors else 200)


@transaction.atomic
def _send(form, by):
    token, form.instance.token_hash = Invitation.new_token()
    form.instance.by = by
    row = form.save()
    with override(row.language):
        company = Workspace.get().name
        queue_mail(
            to=row.email,
            to_name=row.name,
            subject=_("%(by)s invites you to %(company)s") % {"by": by.name, "company": company},
            text=_(
                "%(by)s invites you to work in the CRM of %(company)s.\n\n"
                "Open this link within seven days and choose a password:\n%(url)s"
            )
            % {
                "by": by.name,
                "company": company,
                "url": settings.BASE_URL + reverse("invitation_accept", args=[token]),
            },
            by=by,
            key=f"invitation:{row.pk}",
        )


@transaction.atomic
def _join(row, data):
    """The account of an invitation; two clicks at once make one."""
    if not Invitation.objects.filter(pk=row.pk, accepted_at=None, revoked_at=None).update(accepted_at=timezone.now()):
        raise Http404
    user = User.objects.create_user(
        row.email,
        data["password"],
        name=data["name"],
        team=row.team,
        language=row.language,
        time_zone=Workspace.get().time_zone,
    )
    user.roles.set(row.roles.all())
    return user
