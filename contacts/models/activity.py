"""What tasks, calls and meetings have in common, once or repeated; and kinds of them of one's own."""

import uuid

from django.db import models
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from contacts.models.company import Company
from contacts.models.contact import Contact
from crm.access import Owned

ICONS = {"task": "checkbox", "call": "phone", "meeting": "calendar", "mail": "mail"}


def new_uid():
    """A name for calendars outside that nobody can guess."""
    return uuid.uuid4().hex


class Kind(models.TextChoices):
    TASK = "task", _("Task")
    CALL = "call", _("Call")
    MEETING = "meeting", _("Meeting")
    MAIL = "mail", _("Email")


class ActivityType(models.Model):
    """A kind of one's own, such as a demo or a site visit. It behaves like its `kind`."""

    COLOURS = [
        ("grey", _("grey")),
        ("blue", _("blue")),
        ("green", _("green")),
        ("amber", _("amber")),
        ("red", _("red")),
        ("accent", _("violet")),
    ]
    GLYPHS = [
        ("checkbox", _("tick")),
        ("phone", _("phone")),
        ("calendar", _("calendar")),
        ("mail", _("envelope")),
        ("users", _("people")),
        ("map-pin", _("place")),
        ("presentation", _("presentation")),
        ("tool", _("tool")),
        ("truck", _("lorry")),
        ("coffee", _("cup")),
        ("file-text", _("paper")),
        ("video", _("camera")),
    ]

    name_en = models.CharField(_("name in English"), max_length=60)
    name_ru = models.CharField(_("name in Russian"), max_length=60)
    kind = models.CharField(_("behaves like"), max_length=7, choices=Kind, default=Kind.MEETING)
    icon = models.CharField(_("icon"), max_length=30, choices=GLYPHS, default="calendar")
    colour = models.CharField(_("colour"), max_length=6, choices=COLOURS, default="grey")
    minutes = models.PositiveSmallIntegerField(_("usual length, minutes"), default=30)
    position = models.PositiveSmallIntegerField(_("place in the list"), default=100)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("activity type")
        verbose_name_plural = _("activity types")
        ordering = ["position", "pk"]

    def __str__(self):
        return self.name_ru if (get_language() or "").startswith("ru") else self.name_en


class Activity(Owned):
    """A step somebody (`owner`) is to take. `target_*` names a record of a higher app, such as a deal."""

    access_kind = "task"
    Kind = Kind

    class Priority(models.IntegerChoices):
        LOW = 0, pgettext_lazy("priority", "low")
        NORMAL = 1, pgettext_lazy("priority", "normal")
        HIGH = 2, pgettext_lazy("priority", "high")

    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.TASK)
    type = models.ForeignKey(
        ActivityType, models.SET_NULL, verbose_name=_("type"), null=True, blank=True, related_name="+"
    )
    title = models.CharField(_("what"), max_length=200)
    note = models.TextField(_("note"), blank=True)
    place = models.CharField(_("place or link"), max_length=300, blank=True, db_default="")
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, default=Priority.NORMAL, db_default=1)
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="%(class)ss")
    company = models.ForeignKey(Company, models.CASCADE, null=True, blank=True, related_name="%(class)ss")
    target_type = models.CharField(max_length=60, blank=True, default="")
    target_id = models.BigIntegerField(null=True, blank=True)
    by = models.ForeignKey(
        "crm.User", models.SET_NULL, verbose_name=_("given by"), null=True, blank=True, related_name="+"
    )

    class Meta:
        abstract = True

    def __str__(self):
        return self.title

    @property
    def icon(self):
        return self.type.icon if self.type_id else ICONS[self.kind]

    @property
    def colour(self):
        return self.type.colour if self.type_id else {"call": "blue", "meeting": "accent"}.get(self.kind, "grey")

    @property
    def kind_name(self):
        """ "Call", or the name of a type of one's own."""
        return str(self.type) if self.type_id else self.get_kind_display()

    @property
    def place_url(self):
        """The place when it is an address that can be opened, such as of a video call."""
        return self.place if self.place.startswith(("https://", "http://")) else ""
