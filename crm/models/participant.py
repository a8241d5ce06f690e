"""Who works on a record beside its owner, and who wants to hear of it."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import audit
from crm.models.about import About


@audit.tracked(inserts=True)
class Collaborator(About):
    """Somebody to whom a record is opened by hand: to see it, or to change it too. Never to delete or export it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("who"), related_name="collaborations"
    )
    can_edit = models.BooleanField(_("may change it"), default=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("given by"), null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("collaborator")
        verbose_name_plural = _("collaborators")
        constraints = [
            models.UniqueConstraint(fields=["target_type", "target_id", "user"], name="collaborator_once"),
        ]
        # All that is open to one person is read in one go, once for a request.
        indexes = [models.Index(fields=["user", "target_type", "can_edit", "target_id"], name="collaborator_of_user")]

    def __str__(self):
        return str(self.user)


class Follower(About):
    """Somebody who is told of what happens on a record, as long as he may see it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("who"), related_name="following")
    created_at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("follower")
        verbose_name_plural = _("followers")
        constraints = [models.UniqueConstraint(fields=["target_type", "target_id", "user"], name="follower_once")]
        indexes = [models.Index(fields=["user", "target_type"], name="follower_of_user")]

    def __str__(self):
        return str(self.user)
