"""The address under which a person's calendar can be read from outside."""

import hashlib
import secrets

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CalendarFeed(models.Model):
    """One secret address a user. Only the hash of its token is kept; a new one makes the old one void."""

    user = models.OneToOneField("crm.User", models.CASCADE, related_name="calendar_feed")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    shows_details = models.BooleanField(_("with customers, notes and places"), default=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    read_at = models.DateTimeField(_("last read"), null=True, blank=True)

    class Meta:
        verbose_name = _("calendar address")
        verbose_name_plural = _("calendar addresses")

    def __str__(self):
        return str(self.user)

    @classmethod
    def make(cls, user, *, shows_details):
        """A fresh address for a user: the token that goes into it."""
        token = secrets.token_urlsafe(32)
        values = {"token_hash": cls.hash_of(token), "shows_details": shows_details, "created_at": timezone.now()}
        cls.objects.update_or_create(user=user, defaults=values | {"read_at": None})
        return token

    @classmethod
    def of_token(cls, token):
        """The feed that this token opens, or None."""
        rows = cls.objects.filter(token_hash=cls.hash_of(token), user__is_active=True)
        return rows.select_related("user__team").first()

    @staticmethod
    def hash_of(token):
        return hashlib.sha256(token.encode()).hexdigest()
