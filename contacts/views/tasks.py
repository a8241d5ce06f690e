"""Tasks: page, form, done, snooze, delegate, move, delete."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.forms_results import DelegateForm, ResultForm
from contacts.forms_work import TaskForm
from contacts.models import Contact, Task
from contacts.services import deletions, planning, rule_words, series, series_guests, tasks
from contacts.views.work import place_of, planned_on
from crm import htmx
from crm.access import fetch, require


def show(request, pk):
    """The task with its reasons, its person and what can be done with it."""
    task = fetch(Task.objects.for_page(), request.user, pk)
    form = TaskForm(request.POST or None, instance=task, user=request.user)
    if request.method == "POST":
        task = fetch(Task.objects.for_page(), request.user, pk, edit=True)
        form = TaskForm(request.POST, instance=task, user=request.user)
        if form.is_valid():
            kept = planning.save(task, form, by=request.user)
            return htmx.redirect(request, kept.get_absolute_url(), _("Saved."))
    return _page(request, task, form=form, status=422 if form.errors else 200)


def new(request):
    """A new task, of a person when `contact` is given, of any record when `about` and `of` are."""
    require(request.user, "task", "edit")
    about = planned_on(request)
    form = TaskForm(request.POST or None, initial=_wishes(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        task = planning.create(form, about, by=request.user)
        return htmx.redirect(request, (about or task).get_absolute_url(), _("The task is noted."))
    context = {"form": form, "about": about}
    return render(request, "contacts/task_form.html", context, status=422 if form.errors else 200)


@require_POST
def finish(request, pk):
    """Done, with the result and the next step when they were written."""
    task = fetch(Task.objects.for_page(), request.user, pk, edit=True)
    form = ResultForm(request.POST)
    if not form.is_valid():
        return _page(request, task, result=form, status=422)
    planning.finish(task, form, by=request.user)
    undo = _way_back(request, "contacts:task_reopen", task)
    return htmx.redirect(request, _back(request, task), _("Done."), undo_url=undo)


@require_POST
def reopen(request, pk):
    task = fetch(Task.objects.for_card(), request.user, pk, edit=True)
    tasks.reopen_task(task, by=request.user)
    return htmx.redirect(request, _back(request, task), _("Open again."))


@require_POST
def snooze(request, pk):
    task = fetch(Task.objects.for_card(), request.user, pk, edit=True)
    undo = _way_back(request, "contacts:task_unsnooze", task, **_time_of(task))
    tasks.snooze_task(task, by=request.user)
    return htmx.redirect(request, _back(request, task), _("Moved to tomorrow."), undo_url=undo)


@require_POST
def unsnooze(request, pk):
    """Give the task the due time it had before, or the whole day, and with `minutes` the length."""
    task = fetch(Task.objects.for_card(), request.user, pk, edit=True)
    wish, minutes = request.GET.get("due", ""), request.GET.get("minutes", "")
    try:
        due, day = parse_datetime(wish), parse_date(request.GET.get("day", ""))
    except ValueError:
        raise BadRequest
    if wish and (due is None or due.tzinfo is None) or minutes and not minutes.isdecimal():
        raise BadRequest
    tasks.set_due(task, due, by=request.user, minutes=int(minutes) if minutes else None, day=day)
    return htmx.redirect(request, _back(request, task), _("Back where it was."))


@require_POST
def move(request, pk):
    """Put a task to another time of the calendar: `start` on the reader's clock, `minutes` long, or a whole `day`."""
    task = fetch(Task.objects.for_card(), request.user, pk, edit=True)
    return moved(request, task, *place_of(request.POST))


def moved(request, task, start, minutes, day):
    """Move, and say so with a way back. What had hours takes one whole day, what took days gets an hour."""
    undo = _way_back(request, "contacts:task_unsnooze", task, minutes=task.minutes or 0, **_time_of(task))
    if bool(day) != bool(task.day_on):
        minutes = 0 if day else minutes or 60
    tasks.set_due(task, start, by=request.user, minutes=minutes, day=day)
    answer = htmx.refresh(HttpResponse(status=204), "calendar:changed")
    return htmx.toast(answer, _("Moved: %(title)s") % {"title": task.title}, undo_url=undo)


@require_POST
def delegate(request, pk):
    task = fetch(Task.objects.for_page(), request.user, pk, edit=True)
    form = DelegateForm(request.POST)
    if not form.is_valid():
        return _page(request, task, delegate=form, status=422)
    tasks.delegate_task(task, form.cleaned_data["owner"], by=request.user)
    return htmx.redirect(request, reverse("today"), _("%(name)s has it now.") % {"name": form.cleaned_data["owner"]})


@require_POST
def destroy(request, pk):
    """Delete a task; of what repeats this one, this and following, or all that are open."""
    task = fetch(Task.objects.for_page(), request.user, pk, delete=True)
    name = deletions.delete(task, request.POST.get("scope", series.ONE), by=request.user)
    undo = reverse("contacts:task_put_back", args=[name]) if name else ""
    text = _("%(name)s is deleted.") if name else _("Nothing of %(name)s is open: what is done stays.")
    return htmx.redirect(request, reverse("contacts:calendar"), text % {"name": task}, undo_url=undo)


@require_POST
def put_back(request, name):
    """Take a deletion back, within minutes and by who deleted."""
    require(request.user, "task", "edit")
    rows = deletions.put_back(name, by=request.user)
    if rows is None:
        raise Http404
    if not rows:
        messages.error(request, _("This can no longer be taken back: what it hung on was changed or deleted."))
        return htmx.redirect(request, reverse("contacts:calendar"))
    return htmx.redirect(request, rows[0].get_absolute_url(), _("It is there again."))


def _time_of(task):
    """When a task is, as an address says it."""
    return {
        "due": task.due_at.isoformat() if task.due_at else "",
        "day": task.day_on.isoformat() if task.day_on else "",
    }


def _page(request, task, *, form=None, result=None, delegate=None, status=200):
    about = Contact.objects.visible_to(request.user).filter(pk=task.contact_id).select_related("company").first()
    guests = list(task.participants.select_related("user", "contact"))
    context = {
        "task": task,
        "form": form or TaskForm(instance=task, user=request.user),
        "result": result or ResultForm(),
        "delegate": delegate or DelegateForm(),
        "contact": about,
        "target": planning.target_of(task, request.user),
        "guests": guests,
        "untold": [g for g in guests if not g.user_id and g.told < task.revision],
        "untold_series": series_guests.untold(task.recurrence) if task.recurrence_id else [],
        "mine": next((g for g in guests if g.user_id == request.user.pk), None),
        "rule": rule_words.sentence(task.recurrence.rule) if task.recurrence_id else "",
        "can_delete": Task.objects.deletable_by(request.user).filter(pk=task.pk).exists(),
    }
    return render(request, "contacts/task.html", context, status=status)


def _wishes(request):
    """What a link to the form may say beforehand: kind, day, time, length, title."""
    wishes = {"owner": request.user, "interval": 1, "priority": Task.Priority.NORMAL, "remind": [15]}
    for name in ("kind", "due_on", "due_time", "minutes", "title", "whole_day"):
        if request.GET.get(name):
            wishes[name] = request.GET[name][:200]
    return wishes


def _back(request, task):
    """Where the act was pressed, as far as it is a page of ours."""
    wish = request.POST.get("next") or request.GET.get("next", "")
    return wish if url_has_allowed_host_and_scheme(wish, None) else task.get_absolute_url()


def _way_back(request, url_name, task, **values):
    """Where to post to take an act back; it then leads to the page where the act was pressed."""
    return f"{reverse(url_name, args=[task.pk])}?{urlencode(values | {'next': _back(request, task)})}"
