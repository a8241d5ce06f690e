"""What people write on a record: notes with their history, drafts, pins and reactions."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm import audit
from crm.models.about import About


@audit.tracked()
class Note(About):
    """The text of a note, a call or a meeting. Its event in the stream names it as `data.note`.

    The stream only grows; the text may be mended or taken back by who wrote it, and the trail keeps what stood here.
    `mentions` are the users named in it, `files` the uuids of what was attached.
    """

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("written by"), null=True, related_name="+"
    )
    text = models.TextField(_("text"))
    mentions = ArrayField(models.BigIntegerField(), default=list, blank=True)
    files = ArrayField(models.UUIDField(), default=list, blank=True)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    edited_at = models.DateTimeField(_("changed"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        indexes = [models.Index(fields=["target_type", "target_id"], name="note_target")]

    def __str__(self):
        return self.text[:60]


class Draft(About):
    """What somebody is about to write on a record: kept by the server until it is sent."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    data = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [models.UniqueConstraint(fields=["target_type", "target_id", "user"], name="draft_once")]

    def __str__(self):
        return f"{self.target_type} {self.target_id}"


class Pin(About):
    """An entry of a timeline that stands above the others. `event_*` name one row of the partitioned stream."""

    event_id = models.BigIntegerField()
    event_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("pinned entry")
        verbose_name_plural = _("pinned entries")
        constraints = [models.UniqueConstraint(fields=["target_type", "target_id", "event_id"], name="pin_once")]
        indexes = [models.Index(fields=["event_id"], name="pin_of_event")]

    def __str__(self):
        return str(self.event_id)


class Reaction(models.Model):
    """A sign that a colleague put on an entry; it notifies nobody."""

    class Sign(models.TextChoices):
        LIKE = "like", _("Good")
        DONE = "done", _("Done")
        SEEN = "seen", _("Seen")
        JOY = "joy", _("Hurray")
        DOUBT = "doubt", _("Doubtful")

    event_id = models.BigIntegerField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    sign = models.CharField(max_length=5, choices=Sign)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("reaction")
        verbose_name_plural = _("reactions")
        constraints = [models.UniqueConstraint(fields=["event_id", "user", "sign"], name="reaction_once")]

    def __str__(self):
        return self.sign
