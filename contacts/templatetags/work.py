"""When tasks are, in words."""

from django import template
from django.utils.translation import gettext as _

from crm.templatetags.ui import clock, day, day_and_clock

register = template.Library()


@register.filter
def when(task):
    """Day and time, the date left out today; of whole days the first and the last."""
    if not task.day_on:
        return day_and_clock(task.due_at)
    return day(task.day_on) if task.days == 1 else f"{day(task.day_on)} – {day(task.last_on)}"


@register.filter
def hour(task):
    """The time alone, where the day is known."""
    return _("all day") if task.day_on else clock(task.due_at)
