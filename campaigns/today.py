"""Campaigns on the Today page: what a marketer should look at, what runs and what came back."""

from datetime import timedelta

from django.db.models import Count, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.models import Segment, Sequence, StepRun
from crm.access import may
from crm.models import Delivery
from crm.registry import QueueItem, panel, today_queue

SHOWN = 5


@today_queue("sequence", order=30)
def what_needs_a_marketer(user, now):
    """Letters of unknown fate, segments that cannot be counted, sequences that were written but never started."""
    if not may(user, "sequence", "edit"):
        return []
    items = []
    unknown = Delivery.objects.visible_to(user).filter(state=Delivery.State.UNKNOWN).count()
    if unknown:
        title = ngettext("%(n)d letter: did it arrive?", "%(n)d letters: did they arrive?", unknown) % {"n": unknown}
        why = _("The connection broke while they were handed over. Say so, or send them again.")
        url = reverse("campaigns:deliveries") + "?state=unknown"
        items.append(_item("letters", "mail-question", title, why, url, weight=80))
    for segment in Segment.objects.visible_to(user).exclude(error="")[:SHOWN]:
        items.append(
            _item(
                f"segment:{segment.pk}",
                "chart-pie-2",
                segment.name,
                segment.error,
                segment.get_absolute_url(),
                weight=70,
            )
        )
    drafts = Sequence.objects.filter(owner=user, status__in=[Sequence.Status.DRAFT, Sequence.Status.PAUSED])
    for row in drafts.annotate(letters=Count("steps", Q(steps__kind="letter"))).order_by("-created_at")[:SHOWN]:
        items.append(_item(f"sequence:{row.pk}", "route", row.name, _why(row), row.get_absolute_url(), weight=30))
    return items


def _why(sequence):
    if sequence.status == Sequence.Status.PAUSED:
        return _("The sequence is paused: everybody waits.")
    text = ngettext("Not started yet, %(n)d letter", "Not started yet, %(n)d letters", sequence.letters)
    return text % {"n": sequence.letters}


def _item(key, icon, title, why, url, *, weight):
    return QueueItem(key=key, icon=icon, title=title, why=why, url=url, weight=weight)


@panel("today", name="sequences", title=gettext_lazy("Letters of the week"), order=14, kind="sequence")
def letters_of_the_week(request):
    """What running sequences sent in seven days, and what people did with it. For those who write them."""
    if not may(request.user, "sequence", "edit"):
        return ""
    running = Sequence.objects.visible_to(request.user).filter(status=Sequence.Status.RUNNING)
    rows = running.annotate(active=Count("enrolments", Q(enrolments__state="active"))).order_by("-active", "name")
    week = StepRun.objects.filter(step__sequence__in=running, at__gte=timezone.now() - timedelta(days=7))
    found = week.aggregate(
        sent=Count("pk", Q(outcome="sent")),
        opened=Count("opened_at"),
        clicked=Count("clicked_at"),
        held=Count("pk", Q(outcome__in=["skipped", "failed"])),
    )
    return render_to_string("campaigns/panels/today_letters.html", found | {"rows": rows[:SHOWN]}, request)
