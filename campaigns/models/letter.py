"""Letters of campaigns."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm import audit


@audit.tracked(exclude=["html", "version"])
class Letter(models.Model):
    """Words with holes. `html` is the body compiled once for this version, holes as @@name@@."""

    name = models.CharField(_("name"), max_length=150)
    language = models.CharField(
        _("language"), max_length=2, choices=[("en", "English"), ("ru", "Русский")], default="en"
    )
    subject = models.CharField(_("subject"), max_length=200)
    preheader = models.CharField(_("preview line"), max_length=200, blank=True)
    body = models.TextField(
        _("text"),
        help_text=_(
            "An empty line begins a paragraph. [Words](https://…) alone on a line is a button. {greeting}, {first_name|there} and {company|your company} are filled in."
        ),
    )
    html = models.TextField(editable=False, blank=True)
    version = models.PositiveIntegerField(editable=False, default=0)

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        ordering = ["name"]

    def __str__(self):
        return self.name


class TrackedLink(models.Model):
    """An address in a letter. Clicks lead only to addresses that stand here."""

    letter = models.ForeignKey(Letter, models.CASCADE, related_name="links")
    url = models.URLField(max_length=1000)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [models.UniqueConstraint(fields=["letter", "url"], name="link_once")]

    def __str__(self):
        return self.url
