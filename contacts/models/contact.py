"""People."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.dates import birthday_words
from contacts.models.codes import NameCode
from contacts.models.company import Company
from crm import audit
from crm.access import Owned, OwnedQuerySet
from crm.text import sort_key


class ContactQuerySet(OwnedQuerySet):
    def for_card(self):
        """With what a card or row shows."""
        return self.select_related("owner", "team", "company")


@audit.tracked(exclude=["name_key", "last_touch_at", "next_step", "next_step_at", "score", "quality", "updated_at"])
class Contact(Owned):
    """A person: the one record on which deals, tickets, campaigns and orders meet.

    `email`, `phone` and `company` repeat the primary contact points and the primary employment for lists;
    `contacts.services.points` keeps them so. `next_step*` repeat the earliest open task.
    """

    access_kind = "contact"
    access_shared = True
    audit_children = ("points", "employments", "addresses")

    class Stage(models.TextChoices):
        SUBSCRIBER = "subscriber", _("Subscriber")
        LEAD = "lead", _("Lead")
        QUALIFIED = "qualified", pgettext_lazy("contact", "Qualified")
        CUSTOMER = "customer", _("Customer")
        EVANGELIST = "evangelist", _("Evangelist")
        LOST = "lost", pgettext_lazy("contact", "Lost")

    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    middle_name = models.CharField(_("middle name or patronymic"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    name_key = models.CharField(max_length=200, editable=False, default="", db_collation="C")
    job_title = models.CharField(_("job title"), max_length=150, blank=True)
    company = models.ForeignKey(
        Company, models.SET_NULL, verbose_name=_("company"), null=True, blank=True, related_name="contacts"
    )
    email = models.CharField(_("email"), max_length=254, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    stage = models.CharField(_("lifecycle stage"), max_length=10, choices=Stage, default=Stage.LEAD)
    language = models.CharField(_("language"), max_length=2, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    region = models.CharField(_("region"), max_length=100, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    birthday_on = models.DateField(_("birthday"), null=True, blank=True)
    # Where only day and month are known the date stands in 1904, a leap year.
    birthday_has_year = models.BooleanField(default=True, db_default=True, editable=False)
    source = models.CharField(_("source"), max_length=100, blank=True)
    tags = ArrayField(models.CharField(max_length=60), verbose_name=_("tags"), default=list, blank=True)
    custom = models.JSONField(_("further fields"), default=dict, blank=True)
    last_touch_at = models.DateTimeField(_("last touch"), null=True, blank=True, editable=False)
    next_step = models.CharField(_("next step"), max_length=200, blank=True, editable=False)
    next_step_at = models.DateTimeField(_("next step due"), null=True, blank=True, editable=False)
    score = models.SmallIntegerField(_("score"), default=0, editable=False)
    quality = models.SmallIntegerField(_("data quality"), default=0, editable=False)
    # When somebody last said that all of this is still right.
    verified_at = models.DateTimeField(_("looked through"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [
            models.Index(fields=["name_key", "id"], name="contact_by_name"),
            models.Index(fields=["email"], name="contact_by_email"),
            models.Index(models.F("created_at").desc(), models.F("id").desc(), name="contact_newest"),
            models.Index(
                models.F("last_touch_at").desc(nulls_last=True), models.F("id").desc(), name="contact_touched"
            ),
            models.Index(models.F("score").desc(), models.F("id").desc(), name="contact_hottest"),
            models.Index(fields=["next_step_at", "id"], name="contact_next_step"),
            models.Index(fields=["stage", "name_key", "id"], name="contact_by_stage"),
            # Names of one language stand together in an alphabet: without these, a list of Russian names reads all others first.
            models.Index(fields=["language", "name_key", "id"], name="contact_by_language"),
            models.Index(fields=["stage", "language", "name_key", "id"], name="contact_by_stage_language"),
            # Cities are compared as people write them, in capitals or not.
            models.Index(Upper("city"), "name_key", "id", name="contact_by_city"),
            models.Index(fields=["owner", "name_key", "id"], name="contact_by_owner"),
            # Finds a name that is spelt otherwise; birthday and company cut down the frequent ones.
            models.Index(NameCode("name_key"), "birthday_on", "company", "id", name="contact_by_sound"),
            models.Index(fields=["updated_at"], name="contact_changed"),
            GinIndex(name="contact_tags", fields=["tags"]),
            GinIndex(name="contact_name_trgm", fields=["name_key"], opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self):
        return self.name or self.email or self.phone or str(_("Unnamed contact"))

    def save(self, *args, **kwargs):
        self.name_key = self.key_of(self.first_name, self.middle_name, self.last_name, self.email)
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("contacts:contact_show", args=[self.pk])

    @staticmethod
    def key_of(first, middle, last, email=""):
        """Key for sorting and searching by last name, then first; the address stands in for a missing name."""
        return sort_key(" ".join(part for part in (last, first, middle) if part)) or sort_key(email)

    @property
    def name(self):
        """First and last name as spoken; "" when neither is known."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)

    @property
    def birthday_words(self):
        """The birthday as people write it, without a year where none is known; "" for none."""
        return birthday_words(self.birthday_on, self.birthday_has_year)

    @property
    def full_name(self):
        """With the patronymic."""
        return " ".join(part for part in (self.first_name, self.middle_name, self.last_name) if part)


@audit.tracked(inserts=True)
class Employment(models.Model):
    """A person's role in a company; a person may have several, in one company or many."""

    contact = models.ForeignKey(Contact, models.CASCADE, verbose_name=_("contact"), related_name="employments")
    company = models.ForeignKey(Company, models.CASCADE, verbose_name=_("company"), related_name="employments")
    role = models.CharField(_("role"), max_length=150, blank=True)
    since_on = models.DateField(_("since"), null=True, blank=True)
    until_on = models.DateField(_("until"), null=True, blank=True)
    is_primary = models.BooleanField(_("main"), default=False)
    has_left = models.BooleanField(_("has left"), default=False)

    class Meta:
        verbose_name = _("role in a company")
        verbose_name_plural = _("roles in companies")
        constraints = [
            models.UniqueConstraint(fields=["contact", "company", "role"], name="employment_once"),
            models.UniqueConstraint(
                fields=["contact"], condition=models.Q(is_primary=True), name="employment_one_primary"
            ),
            models.CheckConstraint(
                condition=models.Q(until_on__gte=models.F("since_on"))
                | models.Q(until_on=None)
                | models.Q(since_on=None),
                name="employment_not_backwards",
            ),
        ]
        indexes = [
            # Few have left their main company: data quality asks for them in every batch.
            models.Index(
                fields=["contact"], condition=models.Q(has_left=True, is_primary=True), name="employment_left_main"
            ),
        ]

    def __str__(self):
        return f"{self.role} – {self.company}" if self.role else str(self.company)


@audit.tracked(inserts=True, exclude=["norm", "digits_reversed"])
class ContactPoint(models.Model):
    """An address by which a person or a company is reached. `norm` is the form in which it is compared."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("Email")
        PHONE = "phone", _("Phone")
        MESSENGER = "messenger", _("Messenger")

    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="points")
    company = models.ForeignKey(Company, models.CASCADE, null=True, blank=True, related_name="points")
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    value = models.CharField(_("as written"), max_length=254)
    norm = models.CharField(max_length=254)
    # Digits from the last to the first, so that an index finds a phone by its last digits.
    digits_reversed = models.CharField(max_length=40, blank=True, default="")
    label = models.CharField(_("label"), max_length=60, blank=True)
    is_primary = models.BooleanField(_("main"), default=False)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    bounced_at = models.DateTimeField(_("bounced"), null=True, blank=True)
    opted_out_at = models.DateTimeField(_("opted out"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints = [
            models.UniqueConstraint(fields=["contact", "kind", "norm"], name="point_once_per_contact"),
            models.UniqueConstraint(fields=["company", "kind", "norm"], name="point_once_per_company"),
            models.UniqueConstraint(
                fields=["contact", "kind"], condition=models.Q(is_primary=True), name="point_one_primary"
            ),
            models.UniqueConstraint(
                fields=["company", "kind"], condition=models.Q(is_primary=True), name="point_one_primary_of_company"
            ),
            models.CheckConstraint(
                condition=models.Q(contact=None) ^ models.Q(company=None), name="point_has_one_owner"
            ),
        ]
        indexes = [
            models.Index(fields=["norm", "kind"], name="point_norm"),
            models.Index(
                fields=["digits_reversed"],
                opclasses=["text_pattern_ops"],
                condition=models.Q(kind="phone"),
                name="point_phone_suffix",
            ),
        ]

    def __str__(self):
        return self.value
