"""A rule as a sentence: "every 2 weeks on Mon, Thu until 5 May"."""

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm import recurrence as rules
from crm.templatetags.ui import day


def sentence(rule):
    """The rule in the reader's language."""
    parts = rules.parse(rule)
    n = int(parts.get("INTERVAL", 1))
    text = _every(parts["FREQ"], n)
    days = parts.get("BYDAY", "")
    if parts["FREQ"] == "WEEKLY" and days:
        text = _("%(every)s on %(days)s") % {"every": text, "days": _names(days)}
    elif days:
        text = _("%(every)s on the same weekday") % {"every": text}
    if "UNTIL" in parts:
        last = rules.slot_of(f"{parts['UNTIL'][:4]}-{parts['UNTIL'][4:6]}-{parts['UNTIL'][6:8]}T00:00").date()
        text = _("%(rule)s until %(day)s") % {"rule": text, "day": day(last)}
    if "COUNT" in parts:
        count = int(parts["COUNT"])
        text += ", " + ngettext("%(n)d time", "%(n)d times", count) % {"n": count}
    return text


def _every(frequency, n):
    words = {
        "DAILY": ngettext("every day", "every %(n)d days", n),
        "WEEKLY": ngettext("every week", "every %(n)d weeks", n),
        "MONTHLY": ngettext("every month", "every %(n)d months", n),
        "YEARLY": ngettext("every year", "every %(n)d years", n),
    }
    return words[frequency] % {"n": n}


def _names(days):
    return ", ".join(str(WEEKDAYS_ABBR[rules.DAYS.index(name)]) for name in days.split(","))
