"""Kinds of record that people define: what they are called, how their records are named, what they are related to."""

from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm import audit
from crm.kept import forget, kept

KEPT, KEPT_RELATIONS = "objects.kinds", "objects.relations"
PREFIX = "co_"


def in_language(english, russian):
    """The text of the active language, the other where it is missing."""
    first, second = (russian, english) if (get_language() or "").startswith("ru") else (english, russian)
    return first or second


@audit.tracked(exclude=["last_number"])
class ObjectKind(models.Model):
    """One kind: "Contracts", "Equipment". `code` never changes: addresses, rights and filters are kept under it.

    Records are called by what is typed as their title, or by `pattern`: "C-{year}-{n}", where {n} is the number of the
    record within its kind and {key} the value of an own field. `unique_by` is "" or what no two records may share:
    "title" or the key of an own field. A retired kind keeps its records, hidden.
    """

    code = models.CharField(
        _("code"),
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", _("Small letters, digits and single underscores."))
        ],
        help_text=_("How addresses and programs call it. It never changes."),
    )
    name_en = models.CharField(_("one, in English"), max_length=60)
    name_ru = models.CharField(_("one, in Russian"), max_length=60, blank=True)
    plural_en = models.CharField(_("many, in English"), max_length=60)
    plural_ru = models.CharField(_("many, in Russian"), max_length=60, blank=True)
    icon = models.CharField(_("icon"), max_length=30, default="box")
    title_en = models.CharField(_("name of the title, in English"), max_length=60, blank=True)
    title_ru = models.CharField(_("name of the title, in Russian"), max_length=60, blank=True)
    pattern = models.CharField(_("pattern of the title"), max_length=100, blank=True)
    unique_by = models.CharField(_("no two with the same"), max_length=40, blank=True)
    in_navigation = models.BooleanField(_("in the navigation"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    last_number = models.PositiveIntegerField(default=0, editable=False)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("object kind")
        verbose_name_plural = _("object kinds")
        ordering = ["position", "pk"]

    def __str__(self):
        return self.plural

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        forget(KEPT)

    def delete(self, *args, **kwargs):
        forget(KEPT)
        forget(KEPT_RELATIONS)
        return super().delete(*args, **kwargs)

    @classmethod
    def everything(cls):
        """All kinds, retired ones too, read once a request."""
        return kept(KEPT, lambda: list(cls.objects.all()))

    @classmethod
    def live(cls):
        """The kinds in use, in their order."""
        return [kind for kind in cls.everything() if not kind.is_retired]

    @classmethod
    def named(cls, subject):
        """The kind in use that lists, filters and roles call so, or None."""
        if not subject.startswith(PREFIX):
            return None
        return next((kind for kind in cls.live() if kind.subject == subject), None)

    @property
    def subject(self):
        """What rights, lists and filters call its records."""
        return f"{PREFIX}{self.code}"

    @property
    def name(self):
        return in_language(self.name_en, self.name_ru)

    @property
    def plural(self):
        return in_language(self.plural_en, self.plural_ru)

    @property
    def title_label(self):
        return in_language(self.title_en, self.title_ru) or str(_("Title"))

    @property
    def list_url(self):
        return reverse("object_index", args=[self.code])

    @property
    def is_retired(self):
        return self.retired_at is not None


@audit.tracked()
class ObjectRelation(models.Model):
    """How records of a kind are tied to others: to contacts, companies, deals ("contact", …) or another kind's records.

    `label` stands on the record's page, `back` on the page of the other one. With `is_single` a record has one at most.
    """

    kind = models.ForeignKey(ObjectKind, models.CASCADE, verbose_name=_("kind"), related_name="relations")
    target = models.CharField(_("with"), max_length=60)
    label_en = models.CharField(_("name in English"), max_length=60)
    label_ru = models.CharField(_("name in Russian"), max_length=60, blank=True)
    back_en = models.CharField(_("name on the other side, in English"), max_length=60, blank=True)
    back_ru = models.CharField(_("name on the other side, in Russian"), max_length=60, blank=True)
    is_single = models.BooleanField(_("one at most"), default=False)
    is_required = models.BooleanField(_("must be filled in"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("relation")
        verbose_name_plural = _("relations")
        ordering = ["position", "pk"]

    def __str__(self):
        return self.label

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        forget(KEPT_RELATIONS)

    def delete(self, *args, **kwargs):
        forget(KEPT_RELATIONS)
        return super().delete(*args, **kwargs)

    @classmethod
    def live(cls):
        """The relations in use of kinds in use, read once a request; the kinds are those of `ObjectKind.everything`."""
        return kept(KEPT_RELATIONS, cls._read)

    @classmethod
    def _read(cls):
        kinds = {kind.pk: kind for kind in ObjectKind.live()}
        rows = list(cls.objects.filter(kind__in=kinds, retired_at=None)) if kinds else []
        for row in rows:
            row.kind = kinds[row.kind_id]
        return [row for row in rows if not row.target.startswith(PREFIX) or ObjectKind.named(row.target)]

    @property
    def name(self):
        """What forms, columns and filters call it."""
        return f"rel_{self.pk}"

    @property
    def label(self):
        return in_language(self.label_en, self.label_ru)

    @property
    def back_label(self):
        return in_language(self.back_en, self.back_ru) or self.kind.plural

    @property
    def is_retired(self):
        return self.retired_at is not None
