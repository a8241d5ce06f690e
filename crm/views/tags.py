"""Settings: the tags that records carry."""

from django.db import transaction
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import htmx, jobs, lists, tags
from crm.access import fetch, require
from crm.forms_tags import TagForm
from crm.lists_tags import TagList
from crm.models import Tag


def index(request):
    return lists.index(request, TagList)


def new(request):
    """A tag that nobody carries yet: it is kept because it has a colour, else until the next count."""
    require(request.user, "settings", "edit")
    form = TagForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        tags.make(form.cleaned_data["name"], form.cleaned_data["colour"])
        return htmx.redirect(request, reverse("tags"), _("The tag is there."))
    return _page(request, form, None)


def show(request, pk):
    """Who carries the tag and what names it; a new name, a colour, or off with it."""
    tag = fetch(Tag.objects.all(), request.user, pk)
    form = TagForm(request.POST or None, instance=tag)
    if request.method != "POST":
        return _page(request, form, tag)
    tag = fetch(Tag.objects.all(), request.user, pk, edit=True)
    if "delete" in request.POST:
        return _changed(request, tag, "")
    if not form.is_valid():
        return _page(request, form, tag)
    name = form.cleaned_data["name"]
    if name != tag.name and tags.is_there(name) and "anyway" not in request.POST:
        return _page(request, form, tag, twin=name)
    tag.paint(form.cleaned_data["colour"])
    if name != tag.name:
        return _changed(request, tag, name)
    return htmx.redirect(request, reverse("tags"), _("Saved."))


def _changed(request, tag, name):
    """Rename, merge or take away: at once, or as a job where many records carry the tag."""
    if tags.carried(tag.name) > tags.AT_ONCE:
        job = jobs.start("tags.change", by=request.user, params={"tag": tag.pk, "name": name}, subject=tag.name)
        return htmx.redirect(request, job.get_absolute_url())
    with transaction.atomic():
        records, filters = tags.change(tag, name)
    text = ngettext("Changed on %(n)s record.", "Changed on %(n)s records.", records) % {"n": records}
    if filters:
        follow = ngettext("%(n)s filter follows.", "%(n)s filters follow.", filters) % {"n": filters}
        text = f"{text} {follow}"
    return htmx.redirect(request, reverse("tags"), text)


def _page(request, form, tag, *, twin=""):
    found = {"form": form, "tag": tag, "twin": twin}
    if tag:
        found["counts"] = [(c.label, tag.counts.get(c.kind, 0), c.url(tag.name)) for c in tags.carriers()]
        found["uses"] = tags.uses_of(tag.name)
        found["may_edit"] = tag.can_edit
    return render(request, "crm/tag.html", found, status=422 if form.errors or twin else 200)
