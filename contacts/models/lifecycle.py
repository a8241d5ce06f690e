"""The history of lifecycle stages: one row for each stay."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.models.contact import Contact

# How a stage came about, as it is kept and as it is shown.
HOW = {
    "hand": _("by hand"),
    "import": _("by an import"),
    "score": _("by the score"),
    "order": _("by an order"),
    "merge": _("by a merge"),
}


class LifecycleStay(models.Model):
    """How long a person was in a stage; the open stay is where the person is now.

    Written by triggers on the contact, so that no way of changing a stage (form, list, import, COPY, SQL) leaves it
    out. `contacts.services.stages` tells them who and how.
    """

    contact = models.ForeignKey(Contact, models.CASCADE, verbose_name=_("contact"), related_name="stays")
    stage = models.CharField(_("lifecycle stage"), max_length=10, choices=Contact.Stage)
    entered_at = models.DateTimeField(_("entered"), default=timezone.now)
    left_at = models.DateTimeField(pgettext_lazy("stage", "left"), null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("who"), null=True, blank=True, related_name="+"
    )
    how = models.CharField(_("how"), max_length=60, blank=True, db_default="")

    class Meta:
        verbose_name = _("stay in a stage")
        verbose_name_plural = _("stays in stages")
        constraints = [
            models.UniqueConstraint(fields=["contact"], condition=models.Q(left_at=None), name="lifecycle_one_open"),
            models.CheckConstraint(
                condition=models.Q(left_at=None) | models.Q(left_at__gte=models.F("entered_at")),
                name="lifecycle_not_backwards",
            ),
        ]
        indexes = [models.Index(fields=["stage", "entered_at", "contact"], name="lifecycle_of_stage")]

    def __str__(self):
        return self.get_stage_display()

    @property
    def how_words(self):
        """How it came about, in words; "" when nobody noted it."""
        return HOW.get(self.how, self.how)


ENTERED = pgtrigger.Trigger(
    name="stage_entered",
    level=pgtrigger.Statement,
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    referencing=pgtrigger.Referencing(new="new_values"),
    func="""
        INSERT INTO contacts_lifecyclestay (contact_id, stage, entered_at, by_id, how)
        SELECT id, stage, created_at, NULLIF(current_setting('rapport.by', true), '')::bigint,
            coalesce(current_setting('rapport.how', true), '')
        FROM new_values WHERE current_setting('rapport.triggers', true) IS DISTINCT FROM 'off';
        RETURN NULL;
    """,
)
MOVED = pgtrigger.Trigger(
    name="stage_moved",
    when=pgtrigger.After,
    operation=pgtrigger.UpdateOf("stage"),
    condition=pgtrigger.Q(old__stage__df=pgtrigger.F("new__stage")),
    func="""
        IF current_setting('rapport.triggers', true) = 'off' THEN
            RETURN NULL;
        END IF;
        UPDATE contacts_lifecyclestay SET left_at = greatest(now(), entered_at) WHERE contact_id = NEW.id AND left_at IS NULL;
        INSERT INTO contacts_lifecyclestay (contact_id, stage, entered_at, by_id, how)
        SELECT NEW.id, NEW.stage, greatest(now(), coalesce(max(left_at), now())),
            NULLIF(current_setting('rapport.by', true), '')::bigint, coalesce(current_setting('rapport.how', true), '')
        FROM contacts_lifecyclestay WHERE contact_id = NEW.id;
        RETURN NULL;
    """,
)
for trigger in (ENTERED, MOVED):
    pgtrigger.register(trigger)(Contact)
