"""What deals put into the Today queue."""

from datetime import timedelta

from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import access
from crm.field_access import may_see
from crm.registry import QueueItem, today_queue
from deals.models import Deal, ProposalVersion

LIMIT = 30
LED = 12
# A deal with no next step and no event for so many days is silent.
SILENT_DAYS = 14


@today_queue("deal", order=20)
def deals_to_look_at(user, now):
    """Close dates that have passed, offers the client has just looked at, deals where nothing happens.

    Who answers for a team gets the largest of the team's deals that stand still, with the name of their owner.
    """
    leads = user.level("deal", "edit") > access.OWN
    mine = (Deal.objects.editable_by(user) if leads else Deal.objects.filter(owner=user)).filter(closed_at=None)
    viewed = list(_viewed(user, now))
    seen = {version.proposal.deal_id for version in viewed}
    today = timezone.localdate(now)
    silent = now - timedelta(days=SILENT_DAYS)
    trouble = mine.filter(Q(close_on__lt=today) | Q(next_step_at=None, last_touch_at__lt=silent)).for_card()
    items = [_viewed_item(version) for version in viewed]
    largest = F("amount_base").desc(nulls_last=True)
    # The order of hidden amounts would tell of them.
    order = largest if may_see(user, "deal", "amount") else "last_touch_at"
    rows = trouble.exclude(pk__in=seen).order_by(order)
    for deal in rows[: LED if leads else LIMIT]:
        item = _late_item(deal) if deal.close_on and deal.close_on < today else _silent_item(deal, now)
        if deal.owner_id != user.pk:
            item.why = f"{item.why} · {deal.owner or '–'}"
        items.append(item)
    return items


def _viewed(user, now):
    """The user's unanswered offers that the client opened in the last three days."""
    rows = ProposalVersion.objects.visible_to(user).filter(
        status="sent", last_viewed_at__gt=now - timedelta(days=3), proposal__deal__owner=user
    )
    return rows.select_related("proposal__deal__contact", "proposal__deal__company").order_by("-last_viewed_at")[:LIMIT]


def _viewed_item(version):
    times = ngettext("looked at it %(n)d time", "looked at it %(n)d times", version.views) % {"n": version.views}
    title = _("Call about proposal %(number)s") % {"number": version.proposal.number}
    return _item(version.proposal.deal, "eye", title, times, tone="hot", weight=90)


def _late_item(deal):
    why = _("was to close on %(day)s") % {"day": date_format(deal.close_on, "j E")}
    return _item(deal, "calendar-due", deal.name, why, tone="red", weight=60)


def _silent_item(deal, now):
    days = (now - deal.last_touch_at).days
    why = ngettext("%(n)d day without a word and no next step", "%(n)d days without a word and no next step", days)
    return _item(deal, "hourglass", deal.name, why % {"n": days}, weight=40)


def _item(deal, icon, title, why, *, tone="", weight=0):
    return QueueItem(
        key=f"deal:{deal.pk}:{icon}",
        icon=icon,
        title=title,
        why=why,
        url=reverse("deals:deal_show", args=[deal.pk]),
        amount=deal.amount,
        currency=deal.currency,
        customer=str(deal.customer or ""),
        tone=tone,
        weight=weight,
    )
