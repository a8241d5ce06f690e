"""Files: kept under a random name, served only as downloads."""

import uuid

from django.core.files.storage import storages
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def _random_name(instance, filename):
    return f"{timezone.now():%Y/%m}/{uuid.uuid4().hex}"


def _storage():
    return storages["default"]


class StoredFile(models.Model):
    """A file and what it belongs to. Who may see the target may see the file."""

    class Trouble(models.TextChoices):
        MISSING = "missing", _("not in the store")
        CHANGED = "changed", _("damaged in the store")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    content = models.FileField(_("content"), upload_to=_random_name, storage=_storage, max_length=200)
    name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(_("type"), max_length=100)
    size = models.BigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    kind = models.CharField(_("kind"), max_length=20, default="attachment")
    by = models.ForeignKey(
        "crm.User", models.SET_NULL, verbose_name=_("added by"), null=True, blank=True, related_name="+"
    )
    target_type = models.CharField(max_length=60, blank=True, default="")
    target_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    checked_at = models.DateTimeField(_("last compared"), null=True, blank=True)
    trouble = models.CharField(_("trouble"), max_length=10, blank=True, default="", db_default="", choices=Trouble)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        indexes = [
            models.Index(fields=["target_type", "target_id"], name="file_target"),
            models.Index(models.F("checked_at").asc(nulls_first=True), name="file_checked"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("file_show", args=[self.uuid])
