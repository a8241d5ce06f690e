"""Who takes part in a meeting: invitations to people outside, answers of colleagues."""

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from contacts.models import Participant, Task
from contacts.services import invitations, series, series_guests
from contacts.services.letters import LetterRefused
from crm import htmx
from crm.access import fetch


@require_POST
def invite(request, pk):
    """Send the invitation, or the change of it, to everybody outside who does not know the task as it is."""
    task = fetch(Task.objects.for_page(), request.user, pk, edit=True)
    if not task.due_at:
        messages.error(request, _("Give it a day and a time first."))
        return htmx.redirect(request, task.get_absolute_url())
    try:
        is_all = task.recurrence_id and request.POST.get("scope") == series.ALL
        n = series_guests.send(task, by=request.user) if is_all else invitations.send(task, by=request.user)
    except LetterRefused as refusal:
        messages.error(request, str(refusal))
        return htmx.redirect(request, task.get_absolute_url())
    text = ngettext("%(n)d invitation is on its way.", "%(n)d invitations are on their way.", n) % {"n": n}
    return htmx.redirect(request, task.get_absolute_url(), text)


@require_POST
def answer(request, pk):
    """A colleague says whether he comes."""
    task = fetch(Task.objects.for_page(), request.user, pk)
    mine = task.participants.filter(user=request.user).first()
    if mine is None:
        raise PermissionDenied
    value = request.POST.get("answer", "")
    if value not in {Participant.Answer.ACCEPTED, Participant.Answer.TENTATIVE, Participant.Answer.DECLINED}:
        raise BadRequest
    invitations.answer(task, mine, value, by=request.user)
    return htmx.redirect(request, task.get_absolute_url(), _("Your answer is noted."))
