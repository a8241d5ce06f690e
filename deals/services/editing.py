"""Editing deals: facts in place, tasks taken over, steps and suggestions."""

from datetime import datetime, time

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_time
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contacts.models import Task
from contacts.services.tasks import finish_task
from crm import field_access, participants
from crm.events import record
from crm.money import format_money
from crm.picking import suggestions
from deals.amounts import note_amount
from deals.models import Deal


def facts(deal, names, user):
    """The facts of those names that the user sees, each told whether it is locked for him."""
    levels = {name: field_access.level_of_field(user, Deal, name) for name in names}
    shown = [(name, level) for name, level in levels.items() if level > field_access.HIDDEN]
    return [fact(deal, name) | {"is_locked": level < field_access.EDIT} for name, level in shown]


def fact(deal, name):
    """(name, label, shown value, link) of a fact at the left of the page."""
    label = str(Deal._meta.get_field(name).verbose_name)
    value, url = getattr(deal, name), ""
    if name == "amount":
        value = "" if value is None else format_money(value, deal.currency, get_language() or "en")
    elif name == "probability":
        value = (
            f"{deal.chance_percent} %" if value is not None else _("%(n)d %% of the stage") % {"n": deal.chance_percent}
        )
    elif name in {"contact", "company"} and value:
        url = value.get_absolute_url()
    return {"name": name, "label": label[:1].upper() + label[1:], "value": value, "url": url}


@transaction.atomic
def save_form(deal, form, *, by):
    """Write what the form changed; a new owner brings the team, a new amount stands in the stream."""
    changed = form.changed_data
    before = Deal.objects.values("amount", "owner").get(pk=deal.pk)
    if "owner" in changed:
        deal.assign_to(form.cleaned_data["owner"])
    form.save(commit=False)
    form.save_custom()
    # Only what was changed here: what somebody else writes meanwhile stays.
    deal.save(update_fields=[*changed, "team", "rate", "name_key", "amount_base", "currency", "updated_at"])
    common = {"contact": deal.contact, "company": deal.company, "target": deal, "actor": by}
    if "amount" in changed and before["amount"] != deal.amount:
        note_amount(deal, before["amount"], deal.amount, by=by)
    if "owner" in changed and before["owner"] != deal.owner_id:
        record("deal.assigned", to=str(deal.owner or "–"), **common)


@transaction.atomic
def assign(deal, owner, *, by):
    """Give the deal to somebody, or to nobody."""
    deal.assign_to(owner)
    deal.save(update_fields=["owner", "team"])
    record("deal.assigned", contact=deal.contact, company=deal.company, target=deal, actor=by, to=str(owner or "–"))


@transaction.atomic
def delete(deal, *, by):
    """Delete a deal. Raises ProtectedError for one that stands in the books."""
    held = [*deal.orders.all(), *deal.proposals.filter(versions__acceptance__isnull=False)]
    if held:
        raise ProtectedError(_("This deal has an order or an accepted proposal."), set(held))
    record("deal.deleted", contact=deal.contact, company=deal.company, actor=by, title=deal.name)
    participants.forget(deal)
    deal.delete()


@transaction.atomic
def take_over(deal, task, *, by):
    """The deal answers a hand-over: the task is done and its reasons stand on the deal."""
    finish_task(task, by=by, outcome=_("Deal opened: %(deal)s") % {"deal": deal})
    if task.reasons:
        record(
            "deal.handed_over",
            contact=deal.contact,
            company=deal.company,
            target=deal,
            actor=by,
            text="\n".join(map(str, task.reasons)),
        )


def step_of(data):
    """(title, due moment or None) of a posted step, in the person's own zone."""
    day = parse_date(data.get("day", "") or "") if len(data.get("day", "")) < 12 else None
    clock = parse_time(data.get("clock", "") or "") if len(data.get("clock", "")) < 9 else None
    due = timezone.make_aware(datetime.combine(day, clock or time(12))) if day else None
    return data.get("title", "").strip()[:200], due


def step_kind(data):
    kind = data.get("kind", "")
    return kind if kind in Task.Kind.values else Task.Kind.TASK


def suggest(model, user, data):
    """Up to ten visible records whose name begins with what was typed; htmx sends the box's own name."""
    typed = next((data[name] for name in ("contact", "company", "q") if data.get(name)), "")[:100]
    return suggestions(model.objects.visible_to(user), typed)
