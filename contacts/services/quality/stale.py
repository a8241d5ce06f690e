"""Reminders of what is old: once a week everybody hears of the own records that nobody has looked through for long."""

from datetime import time
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from contacts.models import QualityRule
from contacts.services.quality.rules import MODELS
from crm.conditions.widgets import dump
from crm.models import Notification, User
from crm.notify import notify

KIND = "quality.stale"
# On the reader's clock: Monday morning. A sweep that comes late still tells, but not in the evening.
FIRST, LAST = time(8), time(17)
LISTS = {"contact": "contacts:index", "company": "contacts:companies"}


def remind(now=None):
    """Tell those whose Monday morning it is. Returns how many were told; nobody is told twice in a week."""
    now = now or timezone.now()
    mornings = {}
    for user in User.objects.filter(is_active=True):
        local = now.astimezone(ZoneInfo(user.time_zone))
        if local.weekday() == 0 and FIRST <= local.time() < LAST:
            mornings[user.pk] = (user, f"{local.date()}")
    told = Notification.objects.filter(
        kind=KIND, user__in=list(mornings), key__in={week for _user, week in mornings.values()}
    )
    for pk in told.values_list("user", flat=True):
        mornings.pop(pk, None)
    counts = {subject: _counts(subject, list(mornings)) for subject in MODELS}
    return sum(_tell(user, week, counts) for user, week in mornings.values())


def _counts(subject, owners):
    """{owner: records that have become old}."""
    old = list(
        QualityRule.objects.filter(subject=subject, test__in=("fresh", "touched"), is_on=True).values_list(
            "pk", flat=True
        )
    )
    if not old or not owners:
        return {}
    rows = MODELS[subject][0].objects.filter(owner__in=owners, measured__gaps__overlap=old)
    return {row["owner"]: (row["n"], old) for row in rows.order_by().values("owner").annotate(n=Count("pk"))}


def _tell(user, week, counts):
    found = [(subject, *counts[subject][user.pk]) for subject in MODELS if user.pk in counts[subject]]
    if not found:
        return False
    subject, _many, rules = found[0]
    with override(user.language):
        words = {
            "contact": lambda n: ngettext("%(n)d person", "%(n)d people", n) % {"n": n},
            "company": lambda n: ngettext("%(n)d company", "%(n)d companies", n) % {"n": n},
        }
        text = _("Look through what is old, and press “Still right”: %(what)s.") % {
            "what": ", ".join(words[subject](n) for subject, n, _rules in found)
        }
    tree = {
        "all": [
            {"field": "owner", "op": "is", "value": "me"},
            {"field": "gap", "op": "any_of", "value": [str(pk) for pk in rules]},
        ]
    }
    notify(user, KIND, text, f"{reverse(LISTS[subject])}?{urlencode({'f': dump(tree)})}", key=week)
    return True
