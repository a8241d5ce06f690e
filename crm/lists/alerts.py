"""Alerts: told once for each record that enters a filter, whatever else happens meanwhile.

A sweep compares the filter with the rows noted before, and writes rows and notices in one transaction: a sweep that
dies has told nobody and noted nothing. A record that left and comes back has entered again.
"""

from datetime import timedelta

from django.core.exceptions import BadRequest, PermissionDenied
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from crm.lists.page import thaw
from crm.models import Alert
from crm.models.watch import AlertRow
from crm.notify import notify
from crm.sight import seen_by

EVERY = timedelta(seconds=55)
INSIDE = 20_000  # records that an alert may begin with
AT_ONCE = 500
NAMED = 5  # told one by one; more at once are told as a number
PATIENCE = "5s"


class TooWide(Exception):
    """The filter holds too many records to be told of."""


@transaction.atomic
def create(wish, name):
    """An alert of a wish. What is inside already is noted and not told. Raises TooWide."""
    rows = list(wish.base().order_by().values_list("pk", flat=True)[: INSIDE + 1])
    if len(rows) > INSIDE:
        raise TooWide
    alert = Alert.objects.create(owner=wish.user, name=name, wish=wish.frozen(), checked_at=timezone.now())
    AlertRow.objects.bulk_create([AlertRow(alert=alert, record=pk) for pk in rows], batch_size=2000)
    return alert


def sweep():
    """Check every alert that was not checked in the last minute."""
    due = Alert.objects.filter(checked_at__lt=timezone.now() - EVERY, owner__is_active=True)
    for pk in due.order_by("checked_at").values_list("pk", flat=True):
        check(pk)


def check(pk):
    """Compare one alert with the present. Returns how many records have entered."""
    try:
        with transaction.atomic():
            alert = Alert.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
            return _check(alert) if alert else 0
    except (BadRequest, PermissionDenied, LookupError, OperationalError) as error:
        slow = isinstance(error, OperationalError)
        Alert.objects.filter(pk=pk).update(checked_at=timezone.now(), error="slow" if slow else "refused")
        return 0


def _check(alert):
    with override(alert.owner.language):
        wish = thaw(alert.wish, alert.owner)
        wish.page.require(alert.owner)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = %s", [PATIENCE])
        inside = wish.base().order_by()
        alert.rows.exclude(record__in=inside.values("pk")).delete()
        new = list(inside.exclude(pk__in=alert.rows.values("record")).order_by("pk")[:AT_ONCE])
        rows = AlertRow.objects.bulk_create([AlertRow(alert=alert, record=row.pk) for row in new])
        if rows:
            _tell(alert, wish, list(zip(rows, new, strict=True)))
        Alert.objects.filter(pk=alert.pk).update(checked_at=timezone.now(), error="")
        return len(new)


def _tell(alert, wish, entered):
    if len(entered) > NAMED:
        n = len(entered)
        text = ngettext("%(n)s new in “%(alert)s”", "%(n)s new in “%(alert)s”", n) % {"n": n, "alert": alert}
        notify(alert.owner, "list.alert", text, wish.url(), key=f"{alert.pk}:many:{entered[0][0].pk}")
        return
    for row, record in entered:
        with seen_by(alert.owner):
            text = _("%(alert)s: %(record)s") % {"alert": alert, "record": record}
        notify(alert.owner, "list.alert", text, record.get_absolute_url(), key=f"{alert.pk}:{row.pk}")
