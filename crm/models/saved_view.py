"""Filters of a list kept under a name."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _


class SavedViewQuerySet(models.QuerySet):
    def shown_to(self, user, list_name):
        """The user's own, the team's and everybody's, in the order of their tabs, with `is_default` for the user."""
        chosen = SavedView.default_for.through.objects.filter(savedview=OuterRef("pk"), user=user.pk)
        shared = Q(owner=user.pk) | Q(scope=SavedView.Scope.EVERYONE)
        if user.team_id:
            shared |= Q(scope=SavedView.Scope.TEAM, team=user.team_id)
        return self.filter(shared, list_name=list_name).annotate(is_default=Exists(chosen)).order_by("name", "pk")


class SavedView(models.Model):
    """A filter with its sort and columns, shown as a tab. It holds no rows: everybody sees their own through it."""

    class Scope(models.TextChoices):
        PRIVATE = "private", _("only me")
        TEAM = "team", _("my team")
        EVERYONE = "everyone", _("everyone")

    list_name = models.CharField(_("list"), max_length=40)
    name = models.CharField(_("name"), max_length=60)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("owner"), related_name="saved_views"
    )
    team = models.ForeignKey("crm.Team", models.SET_NULL, verbose_name=_("team"), null=True, blank=True)
    scope = models.CharField(_("who sees it"), max_length=8, choices=Scope, default=Scope.PRIVATE)
    tree = models.JSONField(_("conditions"), default=dict, blank=True)
    sort = models.CharField(_("sort"), max_length=60, blank=True)
    columns = models.JSONField(_("columns"), default=list, blank=True)
    shape = models.CharField(_("shape"), max_length=12, blank=True, default="", db_default="")
    by = models.CharField(_("shaped by"), max_length=80, blank=True, default="", db_default="")
    default_for = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="default_views")

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [models.UniqueConstraint(fields=["list_name", "owner", "name"], name="saved_view_name")]
        indexes = [models.Index(fields=["list_name", "scope"], name="saved_view_of_list")]

    def __str__(self):
        return self.name

    def may_change(self, user):
        """The owner, and administrators."""
        return self.owner_id == user.pk or user.is_superuser
