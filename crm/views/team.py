"""Company, users, teams and roles: for those who may change settings or users."""

from django.db.models import ProtectedError
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm import htmx
from crm.access import may, require
from crm.forms import RoleForm, TeamForm, UserForm, WorkspaceForm
from crm.models import Invitation, Role, Team, User, Workspace


def company(request):
    require(request.user, "settings", "edit")
    form = WorkspaceForm(request.POST or None, instance=Workspace.get())
    return _form_page(request, form, _("Company"), reverse("company_settings"))


def users(request):
    """People and open invitations."""
    require(request.user, "user")
    people = User.objects.select_related("team").prefetch_related("roles").order_by("-is_active", "name")
    waiting = [row for row in Invitation.objects.filter(accepted_at=None, revoked_at=None) if row.is_open]
    return render(
        request,
        "crm/user_list.html",
        {"people": people, "waiting": waiting, "can_edit": may(request.user, "user", "edit")},
    )


def user(request, pk):
    require(request.user, "user", "edit")
    person = get_object_or_404(User, pk=pk)
    form = UserForm(request.POST or None, instance=person, by=request.user)
    return _form_page(request, form, person.name, reverse("users"), parent=(_("Users"), reverse("users")))


def teams(request):
    """The tree, and a form for a new team."""
    require(request.user, "user")
    form = TeamForm(request.POST or None)
    if request.method == "POST":
        require(request.user, "user", "edit")
        if form.is_valid():
            form.save()
            return htmx.redirect(request, reverse("teams"), _("The team is there."))
    context = {
        "form": form,
        "rows": _tree(Team.objects.prefetch_related("members")),
        "can_edit": may(request.user, "user", "edit"),
    }
    return render(request, "crm/team_list.html", context, status=422 if form.errors else 200)


def team_edit(request, pk):
    require(request.user, "user", "edit")
    team = get_object_or_404(Team, pk=pk)
    if request.method == "POST" and "delete" in request.POST:
        try:
            team.delete()
        except ProtectedError:
            return htmx.redirect(
                request, reverse("teams"), _("This team has teams below it. Move or delete them first.")
            )
        return htmx.redirect(request, reverse("teams"), _("The team is gone; its people stay."))
    form = TeamForm(request.POST or None, instance=team)
    return _form_page(
        request, form, team.name, reverse("teams"), parent=(_("Teams"), reverse("teams")), can_delete=True
    )


def roles(request):
    require(request.user, "user")
    context = {"rows": Role.objects.prefetch_related("users"), "can_edit": may(request.user, "user", "edit")}
    return render(request, "crm/role_list.html", context)


def role_edit(request, pk):
    """The matrix of a role; 0 makes a new one."""
    require(request.user, "user", "edit")
    role = get_object_or_404(Role, pk=pk) if pk else Role(code=f"role-{Role.objects.count() + 1}")
    form = RoleForm(request.POST or None, instance=role, by=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(
            request, reverse("roles"), _("Saved. It counts from the next click of everybody who has the role.")
        )
    return render(request, "crm/role.html", {"form": form, "role": role}, status=422 if form.errors else 200)


def _form_page(request, form, title, done_url, *, parent=None, can_delete=False):
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, done_url, _("Saved."))
    context = {
        "form": form,
        "title": title,
        "parent": parent or (_("Settings"), reverse("settings")),
        "can_delete": can_delete,
    }
    return render(request, "crm/settings_form.html", context, status=422 if form.errors else 200)


def _tree(teams):
    """(depth, team) in the order of the tree."""
    below = {}
    for team in teams:
        below.setdefault(team.parent_id, []).append(team)

    def walk(parent, depth):
        for team in below.get(parent, []):
            yield depth, team
            yield from walk(team.pk, depth + 1)

    return list(walk(None, 0))
