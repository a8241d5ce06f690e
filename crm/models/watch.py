"""What keeps an eye on a filter for somebody: an address that other programs read, and an alert."""

import secrets

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import keys

PURPOSE = "list feed"


def _salt():
    return secrets.token_urlsafe(12)


class Watch(models.Model):
    """A filter of a list (`wish`, as a job keeps it), read with the rights that its owner has at that moment."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("owner"), related_name="+")
    name = models.CharField(_("name"), max_length=80)
    wish = models.JSONField(_("filter"))
    error = models.CharField(_("what went wrong"), max_length=300, blank=True, default="")
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        abstract = True

    def __str__(self):
        return self.name


class Feed(Watch):
    """An address that gives the rows to whoever knows it. It is signed, not kept; `revoked_at` ends it."""

    salt = models.CharField(max_length=24, default=_salt, editable=False)
    read_at = models.DateTimeField(_("last read"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("feed")
        verbose_name_plural = _("feeds")
        indexes = [models.Index(fields=["owner"], name="feed_of_owner")]

    @classmethod
    def of_token(cls, token):
        """The feed that a token opens; None for a wrong or revoked one."""
        key, _dot, mark = token.partition(".")
        if not key.isdecimal() or len(key) > 18:
            return None
        feed = cls.objects.select_related("owner").filter(pk=int(key), revoked_at=None, owner__is_active=True).first()
        return feed if feed and keys.is_mark(mark, PURPOSE, f"{feed.pk}:{feed.salt}") else None

    @property
    def token(self):
        return f"{self.pk}.{keys.mark(PURPOSE, f'{self.pk}:{self.salt}')}"

    def path(self, form):
        """The path of the feed as "csv", "json" or "atom"."""
        return reverse("feed_read", args=[self.token, form])


class Alert(Watch):
    """Tells its owner when a record enters the filter. `rows` are those that are inside."""

    checked_at = models.DateTimeField(_("last checked"), null=True, blank=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        indexes = [
            models.Index(fields=["owner"], name="alert_of_owner"),
            models.Index(fields=["checked_at"], name="alert_due"),
        ]


class AlertRow(models.Model):
    """A record that stands inside an alert's filter, since when."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="rows")
    record = models.BigIntegerField()
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "record"], name="alert_row_once")]

    def __str__(self):
        return f"{self.alert_id}: {self.record}"
