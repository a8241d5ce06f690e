"""Answers of the desk that came back: a note in the ticket, a word to who wrote them."""

from django.utils.translation import gettext as _
from django.utils.translation import override

from crm.mail import on_report
from crm.models import Workspace
from crm.notify import notify
from tickets.models import Ticket
from tickets.services import desk


@on_report
def note_bounce(delivery, report):
    """The ticket shows what became of the answer; its writer is told when it did not arrive."""
    if delivery.target_type != "tickets.ticket" or report.kind not in {"failed", "delayed"}:
        return
    ticket = Ticket.objects.filter(pk=delivery.target_id).select_related("owner").first()
    if ticket is None:
        return
    with override(Workspace.get().language):
        desk.note(ticket, _sentence(delivery, report), by=None)
    person = delivery.by or ticket.owner
    if report.kind == "failed" and person:
        with override(person.language):
            text = _("Your letter in %(ticket)s did not arrive at %(address)s.") % {
                "ticket": ticket.label,
                "address": delivery.to,
            }
        notify(person, "ticket.bounced", text, ticket.get_absolute_url(), key=f"bounce:{delivery.pk}")


def _sentence(delivery, report):
    values = {"address": delivery.to, "words": f"{report.status} {report.words}".strip() or "–"}
    if report.kind == "delayed":
        return _("The letter to %(address)s has not arrived yet; the server keeps trying. It says: %(words)s") % values
    if report.is_hard:
        return _("The letter to %(address)s came back: the address does not exist. The server says: %(words)s") % values
    return _("The letter to %(address)s came back. The server says: %(words)s") % values
