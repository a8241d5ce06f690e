"""What every list does besides showing rows: exact totals, saved views, bulk acts, export."""

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm import access, audit, htmx, jobs
from crm.lists import shapes
from crm.lists.bulk import AT_ONCE, act_named, apply_to
from crm.lists.forms import BulkForm, ExportForm, SavedViewForm
from crm.lists.page import Wish, page_named
from crm.lists.runs import count_of, named, read_undo, undo_now, undo_url
from crm.lists.steps import context_of, neighbour
from crm.lists.totals import foot as foot_cells
from crm.models.saved_view import SavedView

# What the address need not say when a view says it.
KEPT_BY_VIEW = dict.fromkeys(["f", "sort", "cols", "shape", "by"])


def _page(request, name, act="view"):
    page = page_named(name)
    if page is None:
        raise Http404
    page.require(request.user, act)
    return page


def foot(request, name):
    """The foot with exact figures; the page asks for it after it has been drawn."""
    page = _page(request, name)
    return render(request, "crm/lists/_foot.html", foot_cells(Wish(page, request.user, request.GET)))


@require_POST
def save_view(request, name):
    """Keep filter, sort and columns as a view of one's own."""
    page = _page(request, name)
    wish = Wish(page, request.user, request.GET)
    form = SavedViewForm(request.POST)
    if not form.is_valid():
        return htmx.redirect(request, wish.url(), _("A view needs a name of up to 60 characters."))
    if form.cleaned_data["scope"] == "everyone" and not access.may(request.user, "settings", "edit"):
        raise PermissionDenied
    view = SavedView(list_name=page.name, owner=request.user, team=request.user.team, **form.cleaned_data)
    _fill(view, wish)
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        text = _("You have a view “%(name)s” already. Choose another name.") % {"name": view.name}
        return htmx.redirect(request, wish.url(), text)
    return htmx.redirect(request, wish.url(view=view.pk, **KEPT_BY_VIEW, q=None), _("View saved."))


@require_POST
def change_view(request, name, pk):
    """Save the present filter into a view, rename or delete it, or open the list with it from now on."""
    page = _page(request, name)
    view = SavedView.objects.shown_to(request.user, page.name).filter(pk=pk).first()
    if view is None:
        raise Http404
    wish = Wish(page, request.user, request.GET)
    act = request.POST.get("act")
    if act == "default":
        return _toggle_default(request, wish, view)
    if not view.may_change(request.user):
        raise PermissionDenied
    if act == "delete":
        view.delete()
        return htmx.redirect(request, wish.url(view=None, **KEPT_BY_VIEW), _("View deleted."))
    if act == "save":
        _fill(view, wish)
    elif (form := SavedViewForm(request.POST)).is_valid():
        if form.cleaned_data["scope"] == "everyone" and not access.may(request.user, "settings", "edit"):
            raise PermissionDenied
        view.name, view.scope = form.cleaned_data["name"], form.cleaned_data["scope"]
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        text = _("You have a view “%(name)s” already. Choose another name.") % {"name": view.name}
        return htmx.redirect(request, wish.url(), text)
    return htmx.redirect(request, wish.url(view=view.pk, **KEPT_BY_VIEW), _("View saved."))


def _fill(view, wish):
    view.tree, view.sort = wish.tree, wish.sort_text
    view.columns = [c.name for c in wish.columns]
    shape = shapes.picked(wish)
    view.shape, view.by = (shape[0].name, shape[1].name) if shape else ("", "")


def _toggle_default(request, wish, view):
    was = view.is_default
    mine = SavedView.objects.filter(list_name=wish.page.name, default_for=request.user)
    for other in mine:
        other.default_for.remove(request.user)
    if not was:
        view.default_for.add(request.user)
    text = _("The list no longer opens with this view.") if was else _("The list now opens with this view.")
    return htmx.redirect(request, wish.url(view=view.pk), text)


@require_POST
def bulk(request, name, act):
    """Ask what an act needs, then do it: a few rows at once, more as a job."""
    page = _page(request, name)
    found = act_named(page, request.user, act)
    if found is None:
        raise PermissionDenied
    wish = Wish(page, request.user, request.GET)
    keys = None if request.POST.get("whole") == "1" else _keys(request)
    if keys == []:
        return htmx.redirect(request, wish.url(), _("Select at least one row."))
    total = len(keys) if keys is not None else wish.base().count()
    form = BulkForm(request.POST, act=found, total=total, page=page, by=request.user)
    if not form.is_valid():
        context = {"page": page, "wish": wish, "act": found, "form": form, "keys": keys, "total": total}
        context["can_be_taken_back"] = found.can_be_taken_back(page, request.POST)
        return render(request, "crm/lists/bulk.html", context, status=422 if form.errors else 200)
    if keys is not None and len(keys) <= AT_ONCE:
        changed, refused = apply_to(page, found, keys, form.data_json, request.user)
        can_be_taken_back = changed and found.can_be_taken_back(page, form.data_json)
        back = undo_url(page, found, [audit.context_id()], request.user) if can_be_taken_back else ""
        return htmx.redirect(request, wish.url(), _done(changed, refused), undo_url=back)
    job = jobs.start(
        "lists.bulk",
        by=request.user,
        params={
            "wish": wish.frozen(),
            "act": found.name,
            "keys": keys,
            "data": form.data_json,
            "until": wish.last_key() if keys is None else None,
        },
        subject=f"{page.title}: {found.label}",
    )
    return htmx.redirect(request, job.get_absolute_url())


@require_POST
def undo(request, name, token):
    """Take a bulk act back: what nobody has changed since gets its earlier values."""
    page = _page(request, name)
    asked = read_undo(token, request.user)
    act = act_named(page, request.user, asked["act"]) if asked else None
    if act is None or act.restore is None:
        raise Http404
    if count_of(page, asked["contexts"]) <= AT_ONCE:
        back, kept = undo_now(page, act, asked["contexts"], request.user)
        text = _undone(back, [str(row) for row in named(page, kept, request.user)])
        return htmx.redirect(request, _opened(request, page), text)
    params = {"wish": {"list": page.name}, "act": act.name, "contexts": asked["contexts"]}
    job = jobs.start("lists.undo", by=request.user, params=params, subject=f"{page.title}: {act.label}")
    return htmx.redirect(request, job.get_absolute_url())


def _opened(request, page):
    """The list as it is open in the browser, with its filter and place."""
    here = request.htmx.current_url_abs_path or ""
    return here if here.partition("?")[0] == page.url else page.url


def _keys(request):
    """Keys of the picked rows: one by one from the list, or in one field from the page that asks."""
    given = [*request.POST.getlist("pick"), *request.POST.get("picks", "").split(",")]
    return sorted({int(v) for v in given if v.isdecimal() and len(v) < 19})


def _undone(back, kept):
    text = ngettext("%(n)s record is as it was.", "%(n)s records are as they were.", back) % {"n": back}
    if kept:
        n = len(kept)
        left = ngettext("%(n)s has been changed since and stays:", "%(n)s have been changed since and stay:", n)
        text = f"{text} {left % {'n': n}} {', '.join(kept[:5])}{' …' if n > 5 else ''}"
    return text


def _done(changed, refused):
    text = ngettext("%(n)s record changed.", "%(n)s records changed.", changed) % {"n": changed}
    if refused:
        left = ngettext(
            "%(n)s was left alone: you may not change it.", "%(n)s were left alone: you may not change them.", refused
        )
        text = f"{text} {left % {'n': refused}}"
    return text


def previous(request, name, pk):
    """To the record before this one in the list, or back to the list."""
    return _step(request, name, pk, forward=False)


def next(request, name, pk):
    """To the record behind this one in the list, or back to the list."""
    return _step(request, name, pk, forward=True)


def _step(request, name, pk, *, forward):
    page = _page(request, name)
    row = access.fetch(page.rows(), request.user, pk)
    found = neighbour(page, request.user, request.GET, row, forward=forward)
    wish = Wish(page, request.user, request.GET)
    if found is None:
        text = _("That was the last record of the list.") if forward else _("That was the first record of the list.")
        return htmx.redirect(request, wish.url(), text)
    return htmx.redirect(request, found.get_absolute_url() + context_of(wish))


def export(request, name):
    """Ask for the form of the file, then write it as a job."""
    page = _page(request, name, "export")
    if not page.exportable:
        raise PermissionDenied
    wish = Wish(page, request.user, request.GET)
    form = ExportForm(request.POST or None, initial={"separator": ";" if request.user.language == "ru" else ","})
    if request.method != "POST" or not form.is_valid():
        return render(request, "crm/lists/export.html", {"page": page, "wish": wish, "form": form})
    job = jobs.start(
        "lists.export",
        by=request.user,
        params={"wish": wish.frozen(), "separator": form.cleaned_data["separator"]},
        subject=str(page.title),
    )
    return htmx.redirect(request, job.get_absolute_url())
