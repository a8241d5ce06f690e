"""Feeds and alerts: made from a list's filter, kept in the settings of their owner."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import access, htmx
from crm.lists import alerts, feeds
from crm.lists.forms import WatchForm
from crm.lists.page import Wish, page_named
from crm.models import Alert, Feed


def index(request):
    """One's own feeds and alerts."""
    context = {
        "feeds": Feed.objects.filter(owner=request.user, revoked_at=None).order_by("-pk"),
        "alerts": Alert.objects.filter(owner=request.user).order_by("-pk"),
        "base": request.build_absolute_uri("/")[:-1],
    }
    return render(request, "crm/watch_list.html", context)


def new(request, name):
    """Make a feed or an alert of the filter in the address."""
    page = page_named(name)
    if page is None:
        raise Http404
    page.require(request.user)
    wish = Wish(page, request.user, request.GET)
    may_export = page.exportable and access.may(request.user, page.kind, "export")
    form = WatchForm(request.POST or None, may_export=may_export, initial={"name": wish.view_name, "what": "alert"})
    if request.method == "POST" and form.is_valid() and _make(wish, form):
        return htmx.redirect(request, reverse("watches"), _("Made. You find it here from now on."))
    context = {"page": page, "wish": wish, "form": form}
    return render(request, "crm/lists/watch.html", context, status=422 if form.errors else 200)


def _make(wish, form):
    name = form.cleaned_data["name"]
    if form.cleaned_data["what"] == "feed":
        return Feed.objects.create(owner=wish.user, name=name, wish=wish.frozen())
    try:
        return alerts.create(wish, name)
    except alerts.TooWide:
        form.add_error(None, _("This filter holds too many records to tell you of each. Add a condition."))
        return None


@require_POST
def revoke(request, pk):
    feed = get_object_or_404(Feed, pk=pk, owner=request.user, revoked_at=None)
    feed.revoked_at = timezone.now()
    feed.save(update_fields=["revoked_at"])
    return htmx.redirect(request, reverse("watches"), _("The address opens nothing any more."))


@require_POST
def destroy(request, pk):
    get_object_or_404(Alert, pk=pk, owner=request.user).delete()
    return htmx.redirect(request, reverse("watches"), _("The alert is gone."))


@access.public
def read(request, token, form):
    """The rows behind a feed's address, for whoever holds it: the maker's rights, language and zone."""
    feed = Feed.of_token(token) if form in feeds.FORMS else None
    if feed is None:
        raise Http404
    with translation.override(feed.owner.language), timezone.override(feed.owner.time_zone):
        return feeds.answer(feed, form, request)
