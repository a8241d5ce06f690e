"""Collaborators and followers of a record: their block and the acts on it."""

from django import forms
from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from crm import access, htmx, participants
from crm.models import Collaborator, Follower, User


class CollaboratorForm(forms.Form):
    user = forms.ModelChoiceField(User.objects.filter(is_active=True), label=gettext_lazy("Who"))
    can_edit = forms.TypedChoiceField(
        label=gettext_lazy("May"), coerce=int, choices=[(1, gettext_lazy("change it")), (0, gettext_lazy("see it"))]
    )


def panel(request, record, form=None):
    """The block: owner, collaborators, followers."""
    context = {
        "record": record,
        "kind": record.access_kind,
        "collaborators": Collaborator.objects.about(record).select_related("user").order_by("user__name"),
        "followers": Follower.objects.about(record).select_related("user").order_by("user__name")[:50],
        "form": form or CollaboratorForm(),
        "is_following": Follower.objects.about(record).filter(user=request.user).exists(),
    }
    return render_to_string("crm/_participants.html", context, request)


@require_POST
def create(request, kind, pk):
    record = _fetch(request, kind, pk, edit=True)
    form = CollaboratorForm(request.POST)
    if not form.is_valid():
        return _answer(request, record, form=form, status=422)
    data = form.cleaned_data
    participants.add_collaborator(record, data["user"], can_edit=bool(data["can_edit"]), by=request.user)
    return _answer(request, record, said=_("%(name)s is in.") % {"name": data["user"]})


@require_POST
def destroy(request, kind, pk, user_pk):
    """Take somebody out again; who was let in may also leave."""
    record = _fetch(request, kind, pk, edit=user_pk != request.user.pk)
    participants.remove_collaborator(record, user_pk)
    if not type(record).objects.visible_to(User.objects.get(pk=request.user.pk)).filter(pk=pk).exists():
        return htmx.redirect(request, "/", _("You left."))
    return _answer(request, record, said=_("Taken out."))


@require_POST
def follow(request, kind, pk):
    """Follow, or with `stop` follow no more. Who may see a record may follow it: that changes nothing on it."""
    record = _fetch(request, kind, pk)
    if "stop" in request.POST:
        participants.unfollow(record, request.user)
        return _answer(request, record, said=_("You will hear no more of it."))
    participants.follow(record, request.user)
    return _answer(request, record, said=_("You will be told what happens here."))


def _fetch(request, kind, pk, **rights):
    rows = access.rows_of(kind)
    if not getattr(rows.model, "access_shared", False):
        raise Http404
    return access.fetch(rows, request.user, pk, **rights)


def _answer(request, record, *, form=None, status=200, said=""):
    if not request.htmx:
        return htmx.redirect(request, record.get_absolute_url(), said)
    page = HttpResponse(panel(request, record, form=form), status=status)
    return htmx.toast(page, said) if said else page
