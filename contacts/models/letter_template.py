"""Texts for personal letters that are written over and over."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm import audit


class LetterTemplateQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, those of the team, those for everybody."""
        ours = Q(shared=LetterTemplate.Shared.TEAM, owner__team=user.team_id) if user.team_id else Q(pk__in=[])
        return self.filter(Q(owner=user.pk) | Q(shared=LetterTemplate.Shared.ALL) | ours)

    def editable_by(self, user):
        return self.filter(owner=user.pk)

    deletable_by = editable_by

    def with_rights(self, user):
        return self.annotate(can_edit=models.Case(models.When(owner=user.pk, then=True), default=False))


@audit.tracked()
class LetterTemplate(models.Model):
    """A subject and a text with holes such as {greeting}; whoever sees one may copy it into a letter."""

    class Shared(models.TextChoices):
        MINE = "mine", pgettext_lazy("template", "only me")
        TEAM = "team", pgettext_lazy("template", "my team")
        ALL = "all", pgettext_lazy("template", "everybody")

    owner = models.ForeignKey("crm.User", models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=100)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    text = models.TextField(_("text"), max_length=20_000)
    language = models.CharField(
        _("language"), max_length=2, choices=[("en", "English"), ("ru", "Русский")], default="en"
    )
    shared = models.CharField(_("used by"), max_length=4, choices=Shared, default=Shared.MINE)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = LetterTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("letter template")
        verbose_name_plural = _("letter templates")
        ordering = ["name", "pk"]

    def __str__(self):
        return self.name
