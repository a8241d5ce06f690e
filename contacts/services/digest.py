"""The letter of the morning: what is overdue and what is due today, for when a reminder went unseen."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import Task
from crm.mail import queue_mail
from crm.models import Delivery, User, Workspace
from crm.notify import wants

KIND = "task.digest"
# On the reader's clock. A sweep that comes late still sends it, but no morning letter in the evening.
FIRST, LAST = time(7), time(17)
MOST = 30


def send_due():
    """Send today's letter to everybody whose morning it is and who has something due. Returns how many went."""
    now = timezone.now()
    mornings = {}
    for user in User.objects.filter(is_active=True):
        local = now.astimezone(ZoneInfo(user.time_zone))
        if local.weekday() < 5 and FIRST <= local.time() < LAST and wants(user, KIND, "mail"):
            mornings[f"digest:{user.pk}:{local.date()}"] = (user, local)
    sent = set(Delivery.objects.filter(key__in=mornings).values_list("key", flat=True))
    return sum(_send(key, *mornings[key]) for key in mornings if key not in sent)


def _send(key, user, local):
    today = local.date()
    evening = datetime.combine(today + timedelta(days=1), time(0), local.tzinfo).astimezone(UTC)
    # A whole day is the same one everywhere, but the instant of its evening may lie a day further.
    rows = Task.objects.filter(owner=user, done_at=None, due_at__lt=evening + timedelta(days=1)).for_card()
    rows = rows.filter(Q(day_on=None, due_at__lt=evening) | Q(day_on__lte=today))
    tasks = list(rows.order_by(Coalesce("due_at", "created_at"), "pk")[: MOST + 1])
    if not tasks:
        return False
    with override(user.language), timezone.override(user.time_zone):
        context = {
            "user": user,
            "late": [task for task in tasks[:MOST] if timezone.localdate(task.due_now) < today],
            "today": [task for task in tasks[:MOST] if timezone.localdate(task.due_now) == today],
            "more": len(tasks) > MOST,
            "base": settings.BASE_URL,
            "company": Workspace.get().name,
        }
        queue_mail(
            to=user.email,
            to_name=user.name,
            subject=_("Your day: %(n)d to do") % {"n": len(tasks[:MOST])},
            text=render_to_string("emails/contacts/digest.txt", context),
            html=render_to_string("emails/contacts/digest.html", context),
            headers={"Auto-Submitted": "auto-generated"},
            purpose="crm.notification",
            key=key,
        )
    return True
