"""Mailboxes, promises, working hours and prepared answers."""

from django.db import transaction
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import htmx
from crm.access import require
from crm.models import BusinessCalendar
from tickets.forms import CalendarForm, DeskSettingsForm, MacroForm, MailboxForm, SlaForm, SpecialDayForm
from tickets.models import DeskSettings, Macro, Mailbox, Priority, SlaTarget
from tickets.services.promises import calendar_changed, recompute_later


def mailboxes(request):
    """Each mailbox with what its last look found."""
    require(request.user, "settings", "edit")
    return render(request, "tickets/mailbox_list.html", {"rows": Mailbox.objects.all()})


def rules(request):
    """How long originals are kept, how many strangers are let in, when ratings are asked for."""
    require(request.user, "settings", "edit")
    parent = _("Mailboxes")
    return _form(request, DeskSettingsForm, DeskSettings.get(), _("Rules of the desk"), "tickets:mailboxes", parent)


def mailbox(request, pk=None):
    require(request.user, "settings", "edit")
    row = get_object_or_404(Mailbox, pk=pk) if pk else Mailbox()
    return _form(request, MailboxForm, row, row.name or _("New mailbox"), "tickets:mailboxes", _("Mailboxes"))


def promises(request):
    """Response and solution for each priority, and the working hours they count in."""
    require(request.user, "settings", "edit")
    targets = {target.priority: target for target in SlaTarget.objects.select_related("calendar")}
    context = {
        "rows": [(value, label, targets.get(value)) for value, label in Priority.choices],
        "calendars": BusinessCalendar.objects.prefetch_related("days"),
    }
    return render(request, "tickets/promise_list.html", context)


def promise(request, priority):
    require(request.user, "settings", "edit")
    if priority not in Priority.values:
        return render(request, "crm/error.html", {"title": _("Nothing is here"), "status": 404}, status=404)
    row = SlaTarget.objects.filter(priority=priority).first() or SlaTarget(priority=priority)
    return _form(request, SlaForm, row, Priority(priority).label, "tickets:promises", _("Promises"), _moved)


def calendar(request, pk=None):
    require(request.user, "settings", "edit")
    row = get_object_or_404(BusinessCalendar, pk=pk) if pk else BusinessCalendar()
    return _form(
        request,
        CalendarForm,
        row,
        row.name or _("New working hours"),
        "tickets:promises",
        _("Promises"),
        calendar_changed,
    )


def special_day(request, pk):
    """Add a holiday or a day with other hours to a calendar."""
    require(request.user, "settings", "edit")
    row = SpecialDayForm.Meta.model(calendar=get_object_or_404(BusinessCalendar, pk=pk))
    return _form(request, SpecialDayForm, row, _("Special day"), "tickets:promises", _("Promises"), _day_moved)


@require_POST
def special_day_delete(request, pk):
    require(request.user, "settings", "edit")
    day = get_object_or_404(SpecialDayForm.Meta.model.objects.select_related("calendar"), pk=pk)
    with transaction.atomic():
        day.delete()
        calendar_changed(day.calendar)
    return htmx.redirect(request, reverse("tickets:promises"), _("Removed."))


def _moved(target):
    recompute_later([target.priority])


def _day_moved(day):
    calendar_changed(day.calendar)


def macros(request):
    require(request.user, "ticket", "edit")
    return render(request, "tickets/macro_list.html", {"rows": Macro.objects.all()})


def macro(request, pk=None):
    require(request.user, "ticket", "edit")
    row = get_object_or_404(Macro, pk=pk) if pk else Macro(language=request.user.language)
    return _form(request, MacroForm, row, row.name or _("New prepared answer"), "tickets:macros", _("Prepared answers"))


def _form(request, form_class, row, title, list_url, list_name, then=None):
    form = form_class(request.POST or None, instance=row)
    if _saved(request, form, then):
        return htmx.redirect(request, reverse(list_url), _("Saved."))
    context = {"form": form, "title": title, "parent": (list_name, reverse(list_url))}
    return render(request, "crm/settings_form.html", context, status=422 if form.errors else 200)


@transaction.atomic
def _saved(request, form, then):
    if request.method != "POST" or not form.is_valid():
        return False
    row = form.save()
    if then:
        then(row)
    return True
