"""Companies."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.codes import CompanyCode
from crm import audit
from crm.access import Owned, OwnedQuerySet
from crm.text import sort_key

# A ring of parents is refused by the database: two people who each make the other's company the parent at once wait
# for each other here, and the second one fails.
NO_RING = pgtrigger.Trigger(
    name="tree_without_ring",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("parent_id"),
    condition=pgtrigger.Q(new__parent__isnull=False),
    func="""
        IF current_setting('rapport.triggers', true) = 'off' THEN
            RETURN NEW;
        END IF;
        PERFORM pg_advisory_xact_lock(hashtext('contacts_company_tree'));
        IF NEW.parent_id = NEW.id OR EXISTS (
            WITH RECURSIVE above AS (
                SELECT id, parent_id FROM contacts_company WHERE id = NEW.parent_id
                UNION SELECT c.id, c.parent_id FROM contacts_company c JOIN above a ON c.id = a.parent_id
            ) SELECT 1 FROM above WHERE id = NEW.id
        ) THEN
            RAISE EXCEPTION 'a company cannot stand below itself'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'company_tree_without_ring';
        END IF;
        RETURN NEW;
    """,
)


class CompanyQuerySet(OwnedQuerySet):
    def for_card(self):
        """With what a card or row shows."""
        return self.select_related("owner", "team")


@audit.tracked(exclude=["name_key", "last_touch_at", "next_step", "next_step_at", "quality", "updated_at"])
class Company(Owned):
    """An organisation; `parent` makes the tree of a group."""

    access_kind = "company"
    access_shared = True
    audit_children = ("points", "requisites", "addresses")

    name = models.CharField(_("name"), max_length=200)
    name_key = models.CharField(max_length=200, editable=False, default="", db_collation="C")
    parent = models.ForeignKey(
        "self", models.SET_NULL, verbose_name=_("part of"), null=True, blank=True, related_name="children"
    )
    domain = models.CharField(_("website"), max_length=200, blank=True)
    email = models.CharField(_("email"), max_length=254, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    industry = models.CharField(_("industry"), max_length=100, blank=True)
    staff = models.PositiveIntegerField(_("staff"), null=True, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    region = models.CharField(_("region"), max_length=100, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    inn = models.CharField(_("taxpayer number (INN or VAT ID)"), max_length=20, blank=True)
    source = models.CharField(_("source"), max_length=100, blank=True)
    tags = ArrayField(models.CharField(max_length=60), verbose_name=_("tags"), default=list, blank=True)
    custom = models.JSONField(_("further fields"), default=dict, blank=True)
    last_touch_at = models.DateTimeField(_("last touch"), null=True, blank=True, editable=False)
    next_step = models.CharField(_("next step"), max_length=200, blank=True, editable=False, db_default="")
    next_step_at = models.DateTimeField(_("next step due"), null=True, blank=True, editable=False)
    quality = models.SmallIntegerField(_("data quality"), default=0, db_default=0, editable=False)
    verified_at = models.DateTimeField(_("looked through"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        indexes = [
            models.Index(fields=["name_key", "id"], name="company_by_name"),
            models.Index(models.F("created_at").desc(), models.F("id").desc(), name="company_newest"),
            GinIndex(name="company_name_trgm", fields=["name_key"], opclasses=["gin_trgm_ops"]),
            models.Index(CompanyCode("name_key"), "id", name="company_by_sound"),
            models.Index(fields=["domain"], name="company_domain"),
            models.Index(fields=["inn"], name="company_inn"),
        ]
        triggers = [NO_RING]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.name_key = sort_key(self.name)
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("contacts:company_show", args=[self.pk])
