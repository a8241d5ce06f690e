"""Tasks: page, form, done, snooze, delegate."""

from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.forms import DelegateForm, TaskForm
from contacts.models import Contact, Task
from contacts.services import tasks
from crm import htmx
from crm.access import fetch, require


def show(request, pk):
    """The task with its reasons, its person and what can be done with it."""
    task = fetch(Task.objects.for_card(), request.user, pk)
    form = TaskForm(request.POST or None, instance=task)
    if request.method == "POST":
        task = fetch(Task.objects.for_card(), request.user, pk, edit=True)
        form = TaskForm(request.POST, instance=task)
        if form.is_valid():
            tasks.change_task(task, form.cleaned_values(), by=request.user)
            return htmx.redirect(request, task.get_absolute_url(), _("Saved."))
    context = {"task": task, "form": form, "delegate": DelegateForm()}
    return render(request, "contacts/task.html", context, status=422 if form.errors else 200)


def new(request):
    """A new task, of a person when `contact` is given."""
    require(request.user, "task", "edit")
    contact = _contact(request)
    form = TaskForm(request.POST or None, initial={"owner": request.user})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        task = tasks.create_task(
            owner=data["owner"],
            title=data["title"],
            kind=data["kind"],
            note=data["note"],
            due_at=form.due_at(),
            by=request.user,
            contact=contact,
        )
        return htmx.redirect(request, (contact or task).get_absolute_url(), _("The task is noted."))
    context = {"form": form, "contact": contact}
    return render(request, "contacts/task_form.html", context, status=422 if form.errors else 200)


@require_POST
def finish(request, pk):
    task = fetch(Task.objects.for_card(), request.user, pk, edit=True)
    tasks.finish_task(task, by=request.user, outcome=request.POST.get("outcome", ""))
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
    undo = _way_back(request, "contacts:task_unsnooze", task, due=task.due_at.isoformat() if task.due_at else "")
    tasks.snooze_task(task, by=request.user)
    return htmx.redirect(request, _back(request, task), _("Moved to tomorrow."), undo_url=undo)


@require_POST
def unsnooze(request, pk):
    """Give the task the due time it had before."""
    task = fetch(Task.objects.for_card(), request.user, pk, edit=True)
    wish = request.GET.get("due", "")
    try:
        due = parse_datetime(wish)
    except ValueError:
        raise BadRequest
    if wish and (due is None or due.tzinfo is None):
        raise BadRequest
    tasks.set_due(task, due, by=request.user)
    return htmx.redirect(request, _back(request, task), _("Back where it was."))


@require_POST
def delegate(request, pk):
    task = fetch(Task.objects.for_card(), request.user, pk, edit=True)
    form = DelegateForm(request.POST)
    if not form.is_valid():
        context = {"task": task, "form": TaskForm(instance=task), "delegate": form}
        return render(request, "contacts/task.html", context, status=422)
    tasks.delegate_task(task, form.cleaned_data["owner"], by=request.user)
    return htmx.redirect(request, reverse("today"), _("%(name)s has it now.") % {"name": form.cleaned_data["owner"]})


def _contact(request):
    pk = request.POST.get("contact") or request.GET.get("contact")
    return fetch(Contact.objects.for_card(), request.user, pk) if pk and pk.isdecimal() else None


def _back(request, task):
    """Where the act was pressed, as far as it is a page of ours."""
    wish = request.POST.get("next") or request.GET.get("next", "")
    return wish if url_has_allowed_host_and_scheme(wish, None) else task.get_absolute_url()


def _way_back(request, url_name, task, **values):
    """Where to post to take an act back; it then leads to the page where the act was pressed."""
    return f"{reverse(url_name, args=[task.pk])}?{urlencode(values | {'next': _back(request, task)})}"
