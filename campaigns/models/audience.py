"""Who must not be written to, who is interested, and how people come in."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from contacts.models import Contact, Topic
from contacts.models.consent import Law
from crm import audit, keys
from crm.text import norm_email


class Suppression(models.Model):
    """An address that gets no campaign letters, or none on a topic. Only a keyed hash is kept, so it outlives the person's
    data and holds when the person comes back with an import."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        BOUNCED = "bounced", _("address does not exist")
        COMPLAINED = "complained", _("complained")
        ERASED = "erased", _("asked to be erased")

    digest = models.CharField(max_length=64)
    topic = models.CharField(
        pgettext_lazy("of letters", "topic"), max_length=100, blank=True, default="", db_default=""
    )
    # Of a general refusal: topics for which the person has consented since.
    but_topics = ArrayField(models.CharField(max_length=100), default=list, blank=True, db_default=[])
    reason = models.CharField(max_length=12, choices=Reason)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        constraints = [models.UniqueConstraint(fields=["digest", "topic"], name="suppressed_once")]

    def __str__(self):
        return self.get_reason_display()

    @staticmethod
    def digest_of(email):
        """The hash under which an address is kept."""
        return keys.lasting_digest(norm_email(email))

    @classmethod
    def note(cls, email, reason, topic=""):
        """Nothing more to this address, or nothing on the topic. The first reason stays; says whether it was news."""
        row, new = cls.objects.get_or_create(digest=cls.digest_of(email), topic=topic, defaults={"reason": reason})
        # Whoever refuses everything refuses also what was wanted for a while.
        return new or bool(row.but_topics and cls.objects.filter(pk=row.pk).update(but_topics=[]))

    @classmethod
    def of(cls, email, topic=""):
        """The reason why letters on the topic do not go to this address, or None."""
        rows = cls.objects.filter(digest=cls.digest_of(email), topic__in=["", topic])
        if topic:
            rows = rows.exclude(but_topics__contains=[topic])
        return rows.order_by("topic").values_list("reason", flat=True).first()


@audit.tracked()
class ScoreRule(models.Model):
    """How much a kind of event tells of interest: points that halve every `half_life` days, at most `cap` in sum."""

    event = models.CharField(_("event"), max_length=60, unique=True)
    label = models.CharField(_("as a reason"), max_length=100)
    points = models.SmallIntegerField(_("points"), default=10)
    half_life = models.PositiveSmallIntegerField(_("halves every … days"), default=30)
    cap = models.PositiveSmallIntegerField(_("at most"), default=50)

    class Meta:
        verbose_name = _("score rule")
        verbose_name_plural = _("score rules")
        ordering = ["-points"]

    def __str__(self):
        return self.label


@audit.tracked()
class HandOffRule(models.Model):
    """From which score a contact goes to sales, and below which it may be handed over once more. One row."""

    threshold = models.PositiveSmallIntegerField(_("hand over from"), default=60)
    again_below = models.PositiveSmallIntegerField(_("and again after falling below"), default=40)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("hand-off rule")
        verbose_name_plural = _("hand-off rules")
        constraints = [
            models.CheckConstraint(condition=models.Q(again_below__lt=models.F("threshold")), name="handoff_hysteresis")
        ]

    def __str__(self):
        return str(self.threshold)


class ContactScore(models.Model):
    """A contact's score with its reasons [[label, points], …], and whether it has been handed over since it rose."""

    contact = models.OneToOneField(Contact, models.CASCADE, primary_key=True, related_name="interest")
    score = models.SmallIntegerField(default=0)
    reasons = models.JSONField(default=list)
    is_handed_over = models.BooleanField(default=False)
    counted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")

    def __str__(self):
        return str(self.score)


@audit.tracked()
class GuideForm(models.Model):
    """A public page that gives a guide for an address and two separate consents."""

    title = models.CharField(_("title"), max_length=150)
    slug = models.SlugField(_("address"), unique=True)
    language = models.CharField(
        _("language"), max_length=2, choices=[("en", "English"), ("ru", "Русский")], default="en"
    )
    text = models.TextField(_("what it is"), blank=True)
    content = models.TextField(_("the guide itself"))
    law = models.CharField(_("law"), max_length=4, choices=Law, default=Law.GDPR, db_default=Law.GDPR)
    topic = models.ForeignKey(
        Topic,
        models.SET_NULL,
        verbose_name=_("letters are about"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Empty: news and offers of all kinds."),
    )
    double_opt_in = models.BooleanField(
        _("confirm by mail"),
        default=True,
        db_default=False,
        help_text=_("The consent to letters counts when it is confirmed from the mailbox."),
    )
    personal_data_text = models.TextField(
        _("consent to keep the data"),
        blank=True,
        help_text=_("Empty: the words of the settings, in their newest version."),
    )
    advertising_text = models.TextField(
        _("consent to letters"), blank=True, help_text=_("Empty: the words of the settings, in their newest version.")
    )
    is_open = models.BooleanField(_("open"), default=True)

    class Meta:
        verbose_name = _("guide")
        verbose_name_plural = _("guides")
        ordering = ["title"]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("campaigns:guide_edit", args=[self.pk])

    @property
    def public_url(self):
        return reverse("public:guide", args=[self.slug])
