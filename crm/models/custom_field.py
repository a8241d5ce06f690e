"""Fields that people define: what they are called, hold and demand. Their values stand in the records' `custom`."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm import audit, field_access
from crm.kept import forget
from crm.models.workspace import Workspace

KEPT = "custom.fields"


@audit.tracked(exclude=["index_state", "index_error"])
class CustomField(models.Model):
    """One field of one subject ("contact", "deal", …). `key` never changes: values are stored under it.

    `choices` is [{"key", "en", "ru", "retired"}]. `rules` is {"show" | "require" | "lock": a tree of the condition
    language}. A retired field keeps its values, hidden. `team_ids`, `seen_by` and `edited_by` (codes of roles)
    narrow who sees and who changes it; empty means everybody who may see or change the record.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        LONG = "long", _("Long text")
        NUMBER = "number", _("Number")
        MONEY = "money", _("Money")
        DATE = "date", _("Date")
        DATETIME = "datetime", _("Date and time")
        CHOICE = "choice", _("Choice")
        CHOICES = "choices", _("Several choices")
        YES_NO = "yes_no", _("Yes or no")
        LINK = "link", _("Link")
        PERSON = "person", _("Colleague")
        CONTACT = "contact", _("Contact")
        COMPANY = "company", _("Company")
        FILE = "file", _("File")
        FORMULA = "formula", _("Formula")

    class Index(models.TextChoices):
        NONE = "", _("not asked for")
        BUILDING = "building", _("being built")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    subject = models.CharField(_("records"), max_length=60)
    key = models.CharField(
        _("key"),
        max_length=40,
        validators=[
            RegexValidator(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", _("Small letters, digits and single underscores."))
        ],
        help_text=_("How files and programs call it. It never changes."),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    label_en = models.CharField(_("name in English"), max_length=100)
    label_ru = models.CharField(_("name in Russian"), max_length=100, blank=True)
    help_en = models.CharField(_("help in English"), max_length=300, blank=True)
    help_ru = models.CharField(_("help in Russian"), max_length=300, blank=True)
    section_en = models.CharField(_("section in English"), max_length=100, blank=True)
    section_ru = models.CharField(_("section in Russian"), max_length=100, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_required = models.BooleanField(_("must be filled in"), default=False)
    default = models.JSONField(_("value of new records"), null=True, blank=True)
    choices = models.JSONField(_("choices"), default=list, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    places = models.PositiveSmallIntegerField(
        _("digits behind the point"), default=2, validators=[MaxValueValidator(6)]
    )
    formula = models.CharField(_("formula"), max_length=1000, blank=True)
    rules = models.JSONField(_("rules"), default=dict, blank=True, editable=False)
    team_ids = ArrayField(models.BigIntegerField(), verbose_name=_("only for these teams"), default=list, blank=True)
    seen_by = ArrayField(models.CharField(max_length=40), verbose_name=_("seen by"), default=list, blank=True)
    edited_by = ArrayField(models.CharField(max_length=40), verbose_name=_("changed by"), default=list, blank=True)
    is_filterable = models.BooleanField(_("filtered and sorted often"), default=False)
    is_searchable = models.BooleanField(_("found by the search"), default=False)
    index_state = models.CharField(
        _("index"), max_length=8, choices=Index, default=Index.NONE, blank=True, editable=False
    )
    index_error = models.CharField(_("why the index failed"), max_length=300, blank=True, editable=False)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = pgettext_lazy("custom", "field")
        verbose_name_plural = pgettext_lazy("custom", "fields")
        ordering = ["subject", "position", "pk"]
        constraints = [models.UniqueConstraint(fields=["subject", "key"], name="custom_field_once")]

    def __str__(self):
        return self.label

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        forget(KEPT)

    def delete(self, *args, **kwargs):
        forget(KEPT)
        return super().delete(*args, **kwargs)

    @property
    def name(self):
        """What lists, filters and forms call it: no field of a model is called so."""
        return f"cf_{self.key}"

    @property
    def label(self):
        return self._said("label")

    @property
    def help(self):
        return self._said("help")

    @property
    def section(self):
        return self._said("section")

    @property
    def is_retired(self):
        return self.retired_at is not None

    @property
    def is_limited(self):
        """Whether only some see or change it."""
        return bool(self.team_ids or self.seen_by or self.edited_by)

    @property
    def is_for_some(self):
        """Whether only some see it, or a field that it is computed of."""
        return any(field.team_ids or field.seen_by for field in (self, *self.computed_of))

    @property
    def computed_of(self):
        """The custom fields of which a formula is computed; none for other kinds."""
        from crm.custom import formulas

        return formulas.fields_read(self) if self.kind == self.Kind.FORMULA else []

    @property
    def is_reference(self):
        """Whether it names a colleague or a record."""
        return self.kind in {self.Kind.PERSON, self.Kind.CONTACT, self.Kind.COMPANY}

    @property
    def money_currency(self):
        """All amounts of a field are in one currency, so they can be compared and added up."""
        return self.currency or Workspace.get().currency

    def choice_label(self, key):
        """A choice in the active language; the key itself when the choice is gone."""
        found = next((choice for choice in self.choices if choice["key"] == key), None)
        return _in_language(found["en"], found["ru"]) if found else str(key)

    @property
    def live_choices(self):
        """(key, label) of the choices that may be chosen now."""
        return [(c["key"], _in_language(c["en"], c["ru"])) for c in self.choices if not c.get("retired")]

    def visible_to(self, user):
        """Whether the user sees this field on records that he sees. Without a user (rules, jobs) all are seen.

        What is computed of a field that he does not see is not seen either: it would give the field away.
        """
        if user is None or user.is_superuser:
            return True
        if not field_access.may_see(user, self.subject, self.name) or not self._is_computed_of_seen(user):
            return False
        return self._for_team(user) and self._for_role(user, {*self.seen_by, *self.edited_by} if self.seen_by else ())

    def editable_by(self, user):
        """Whether the user may change it on records that he may change. Nobody changes what is computed."""
        if self.kind == self.Kind.FORMULA or self.is_retired:
            return False
        if not self.visible_to(user) or not field_access.may_change(user, self.subject, self.name):
            return False
        return user is None or user.is_superuser or self._for_role(user, self.edited_by)

    def _is_computed_of_seen(self, user):
        from crm.custom import formulas

        return self.kind != self.Kind.FORMULA or formulas.reads_only_seen(self, user)

    def _for_team(self, user):
        wanted = set(self.team_ids)
        return not wanted or bool(wanted & {*user.team_ids, *user.teams_above})

    def _for_role(self, user, codes):
        return not codes or bool(set(codes) & user.role_codes)

    def _said(self, what):
        return _in_language(getattr(self, f"{what}_en"), getattr(self, f"{what}_ru"))


def _in_language(english, russian):
    """The text of the active language, the other where it is missing."""
    first, second = (russian, english) if (get_language() or "").startswith("ru") else (english, russian)
    return first or second
