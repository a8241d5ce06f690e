"""Small parts of the interface: icons, people, money, times."""

from datetime import timedelta
from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from crm import access, registry
from crm.mail.reasons import reason_words
from crm.money import format_money
from crm.signs import SIGNS

register = template.Library()


@register.simple_tag
def icon(name, classes="", label=""):
    """An icon of the sprite. With `label` it speaks for itself, else it is decoration."""
    sprite = static("img/icons.svg")
    if label:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="{}#tabler-{}"/></svg>',
            classes,
            label,
            sprite,
            name,
        )
    return _drawn(sprite, f"{name}", f"{classes}")


# A board asks two hundred times for a dozen of them. Plain text comes in, so that what is kept was escaped.
@lru_cache(maxsize=1024)
def _drawn(sprite, name, classes):
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#tabler-{}"/></svg>', classes, sprite, name
    )


@register.simple_tag
def avatar(obj, size="", square=False):
    """Initials on a tint that follows from the key: identity, not status."""
    name = str(obj or "")
    words = [w for w in name.replace("«", "").replace("»", "").split() if w[:1].isalnum()]
    initials = "".join(w[0] for w in (words[:1] + words[-1:] if len(words) > 1 else words[:1])).upper() or "?"
    tint = (getattr(obj, "pk", None) or sum(map(ord, name))) % 6 + 1
    return format_html(
        '<span class="avatar c{}{}{}" aria-hidden="true">{}</span>',
        tint,
        f" avatar-{size}" if size else "",
        " sq" if square else "",
        initials,
    )


@register.simple_tag(takes_context=True)
def list_links(context, page):
    """(label, icon, url) of what apps let people do to a list."""
    return registry.list_links(page, context["request"].user)


@register.simple_tag
def chip(text, tone="", name=""):
    """A small label; with an icon where it is a status."""
    return format_html('<span class="chip {}">{}{}</span>', tone, icon(name) if name else "", text)


@register.simple_tag
def money(amount, currency="EUR", cents=None):
    """An amount with its currency in the reader's language; an en dash when unknown."""
    return format_money(amount, currency, get_language() or "en", cents=cents)


@register.filter
def ago(moment):
    """How long since: "today", "11 d ago", then the date. An en dash when never."""
    if not moment:
        return "–"
    days = (timezone.localdate() - timezone.localdate(moment)).days
    if days <= 0:
        return _("today") if days == 0 else day(moment)
    if days == 1:
        return _("yesterday")
    if days < 100:
        return ngettext("%(n)d d ago", "%(n)d d ago", days) % {"n": days}
    return day(moment)


@register.filter
def day(moment):
    """The date as short as it is clear: "26 Nov", with the year when it is another one."""
    if not moment:
        return "–"
    local = timezone.localtime(moment) if hasattr(moment, "hour") else moment
    # Russian months are written small: "21 ноя".
    month = "b" if (get_language() or "").startswith("ru") else "M"
    return formats.date_format(local, f"j {month}" if local.year == timezone.localdate().year else f"j {month} Y")


@register.filter
def clock(moment):
    """Hours and minutes in the reader's zone."""
    return formats.date_format(timezone.localtime(moment), "H:i") if moment else "–"


@register.filter
def day_and_clock(moment):
    """Date and time, the date left out today."""
    if not moment:
        return "–"
    if timezone.localdate(moment) == timezone.localdate():
        return clock(moment)
    return f"{day(moment)}, {clock(moment)}"


@register.filter
def day_heading(moment):
    """Heading of a day in a timeline."""
    local = timezone.localdate(moment)
    today = timezone.localdate()
    if local == today:
        return _("Today")
    if local == today - timedelta(days=1):
        return _("Yesterday")
    # Weekdays begin small in some languages, and a heading does not.
    return capfirst(long_day(local)) if local.year == today.year else formats.date_format(local, "j E Y")


@register.filter
def long_day(moment):
    """Weekday, day and month in words: "Tuesday 24 November"."""
    # E is the month as it stands after a number, which Russian declines.
    return formats.date_format(moment, "l, j E" if (get_language() or "").startswith("ru") else "l j E")


@register.filter
def due_words(moment, whole_day=False):
    """When something is due, as a queue shows it: "Fri, 3 days late", "14:00" or "all day", "tomorrow", "26 Nov"."""
    if not moment:
        return ""
    local, today = timezone.localdate(moment), timezone.localdate()
    late = (today - local).days
    if late > 0:
        words = ngettext("%(n)d day late", "%(n)d days late", late) % {"n": late}
        return f"{formats.date_format(local, 'D')}, {words}" if late < 7 else words
    if late == 0:
        return _("all day") if whole_day else clock(moment)
    return _("tomorrow") if late == -1 else day(moment)


@register.filter
def due_tone(moment):
    """Colour of a due time: red late, green today, grey later."""
    if not moment:
        return "amber"
    local, today = timezone.localdate(moment), timezone.localdate()
    if moment < timezone.now() and local < today:
        return "red"
    return "green" if local == today else "grey"


@register.filter
def quality_tone(percent):
    """Colour of a data-quality figure."""
    return "green" if percent >= 85 else "amber" if percent >= 60 else "red"


@register.filter
def sign_icon(sign):
    """The icon of a reaction."""
    return SIGNS.get(sign, "thumb-up")


@register.filter
def whole(number):
    """A whole number with its thousands parted; an en dash when unknown."""
    return "–" if number is None else formats.number_format(number, 0, use_l10n=True, force_grouping=True)


@register.filter
def result(value):
    """What a job found, as it is read: a whole number with its thousands parted, anything else as it is."""
    return whole(value) if isinstance(value, int) else value


@register.filter
def file_size(size):
    """Bytes as people read them."""
    return f"{size / 1024 / 1024:.1f} MB" if size >= 1024 * 1024 else f"{max(1, round(size / 1024))} kB"


@register.simple_tag
def file_state(file):
    """The size of a kept file, or what is wrong with it."""
    if file.trouble:
        return chip(file.get_trouble_display(), "red", "alert-triangle")
    return format_html('<span class="t12 ink-3 tnum">{}</span>', file_size(file.size))


@register.filter
def get(mapping, key):
    """Value of a dictionary, or None."""
    return mapping.get(key) if mapping else None


@register.filter
def seconds(value):
    """A span in seconds as "2 h 10 min"."""
    if value is None:
        return "–"
    minutes = max(0, round(value / 60))
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return _("%(h)d h %(m)02d") % {"h": hours, "m": rest}
    return _("%(d)d d %(h)d h") % {"d": hours // 24, "h": hours % 24}


@register.simple_tag(takes_context=True)
def query(context, **changes):
    """The page's query string with some parameters changed; None removes one."""
    params = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            params.pop(name, None)
        else:
            params[name] = value
    return "?" + params.urlencode()


@register.simple_tag
def describe(source, hit):
    """The second line of a search hit."""
    return source.describe(hit)


@register.simple_tag
def role_name(role):
    """The name of a role; the standard ones in the reader's language."""
    return _(role.name)


@register.simple_tag
def task_acts(task, user):
    """What higher apps let the user do from an open task: label, icon and address."""
    if not task.is_open:
        return []
    return [{"label": act.label, "icon": act.icon, "url": act.url(task)} for act in registry.task_acts_for(user)]


@register.filter
def styled(field):
    """A form field's widget in the design's classes, for the few places without crispy."""
    kind = getattr(field.field.widget, "input_type", "")
    css = "form-select" if kind == "select" else "form-control"
    return field.as_widget(attrs={"class": f"{css} is-invalid" if field.errors else css})


# What browsers call themselves; those that also claim to be another come first.
_BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "YaBrowser/": "Yandex", "Firefox/": "Firefox", "Chrome/": "Chrome"}
_BROWSERS["Safari/"] = "Safari"
_SYSTEMS = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS": "macOS"}
_SYSTEMS["Linux"] = "Linux"


@register.simple_tag
def browser_name(agent):
    """ "Firefox, Windows" from what a browser calls itself; its own words when nothing is known."""
    names = [next((name for mark, name in table.items() if mark in agent), "") for table in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, names)) or agent[:60]


@register.simple_tag
def mark_match(text, needle):
    """The text with the first occurrence of what was typed marked."""
    text, needle = str(text), (needle or "").strip().lstrip("> ")
    at = text.casefold().find(needle.casefold()) if needle else -1
    if at < 0:
        return text
    return format_html("{}<mark>{}</mark>{}", text[:at], text[at : at + len(needle)], text[at + len(needle) :])


@register.filter
def reason(code):
    """Why a letter did not go, in words."""
    return reason_words(code)


@register.simple_tag
def duration(minutes):
    """A span in minutes in words: "3 d 4 h"."""
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    parts = [(days, _("%(n)d d")), (hours, _("%(n)d h")), (left, _("%(n)d min"))]
    return " ".join(text % {"n": n} for n, text in parts if n)


@register.simple_tag(takes_context=True)
def may(context, kind, act="view"):
    """Whether the reader has any right to `act` on that kind."""
    return access.may(context["request"].user, kind, act)
