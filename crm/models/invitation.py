"""How people join: a letter with a link that works once."""

import hashlib
import secrets
from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

VALID = timedelta(days=7)


class Invitation(models.Model):
    """An address invited by somebody. Only the hash of the link's token is kept."""

    email = models.EmailField(_("email"))
    name = models.CharField(pgettext_lazy("person", "name"), max_length=150, blank=True)
    team = models.ForeignKey(
        "crm.Team", models.SET_NULL, verbose_name=_("team"), null=True, blank=True, related_name="+"
    )
    roles = models.ManyToManyField("crm.Role", verbose_name=_("roles"), related_name="+")
    language = models.CharField(
        _("language"), max_length=2, choices=[("en", "English"), ("ru", "Русский")], default="en"
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    by = models.ForeignKey("crm.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("sent"), default=timezone.now)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at"]

    def __str__(self):
        return self.email

    @staticmethod
    def new_token():
        """A fresh token: (what goes into the link, what is kept)."""
        token = secrets.token_urlsafe(32)
        return token, Invitation.hash_of(token)

    @staticmethod
    def hash_of(token):
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def open_for(cls, token):
        """The invitation that this token opens, or None when it was used, revoked or is older than seven days."""
        return cls.objects.filter(
            token_hash=cls.hash_of(token), accepted_at=None, revoked_at=None, created_at__gt=timezone.now() - VALID
        ).first()

    @property
    def is_open(self):
        return not self.accepted_at and not self.revoked_at and self.created_at > timezone.now() - VALID
