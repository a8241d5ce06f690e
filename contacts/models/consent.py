"""What people agreed to, as a ledger that only grows."""

import hashlib
import secrets
from datetime import timedelta

import pgtrigger
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from contacts.models.contact import Contact
from crm import audit

LANGUAGES = [("en", "English"), ("ru", "Русский")]


class Law(models.TextChoices):
    """The law under which a consent is asked for. Each wants its own words."""

    RU = "ru", _("Russia: 152-FZ, 38-FZ")
    GDPR = "gdpr", _("European Union: GDPR")


class Purpose(models.TextChoices):
    PERSONAL_DATA = "personal_data", _("Processing of personal data")
    ADVERTISING = "advertising", _("Advertising")


class Channel(models.TextChoices):
    EMAIL = "email", _("Email")
    PHONE = "phone", _("Calls")
    SMS = "sms", _("SMS")
    MESSENGER = "messenger", _("Messenger")
    POST = "post", _("Post")


@audit.tracked()
class Topic(models.Model):
    """What letters are about. People choose among the topics that are on offer; `code` is what the ledger keeps."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name_en = models.CharField(_("name in English"), max_length=100)
    name_ru = models.CharField(_("name in Russian"), max_length=100)
    text_en = models.CharField(_("what comes, in English"), max_length=200, blank=True)
    text_ru = models.CharField(_("what comes, in Russian"), max_length=200, blank=True)
    is_offered = models.BooleanField(_("on offer"), default=True)
    position = models.PositiveSmallIntegerField(_("place"), default=0)

    class Meta:
        verbose_name = pgettext_lazy("of letters", "topic")
        verbose_name_plural = pgettext_lazy("of letters", "topics")
        ordering = ["position", "pk"]

    def __str__(self):
        return self.name

    @property
    def name(self):
        """In the reader's language."""
        return self.name_ru if get_language() == "ru" else self.name_en

    @property
    def text(self):
        return self.text_ru if get_language() == "ru" else self.text_en


class ConsentText(models.Model):
    """One version of the words people agree to. A version never changes; new words are a new version."""

    purpose = models.CharField(_("purpose"), max_length=13, choices=Purpose)
    law = models.CharField(_("law"), max_length=4, choices=Law)
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    number = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("words"))
    by = models.ForeignKey("crm.User", models.SET_NULL, verbose_name=_("by"), null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("text of a consent")
        verbose_name_plural = _("texts of consents")
        ordering = ["purpose", "law", "language", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["purpose", "law", "language", "number"], name="consent_text_version")
        ]
        triggers = [
            pgtrigger.Protect(
                name="words_stay",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("((OLD.text, OLD.number) IS DISTINCT FROM (NEW.text, NEW.number))"),
            )
        ]

    def __str__(self):
        return f"{self.get_purpose_display()} · {self.law} · {self.language} · {self.number}"

    @classmethod
    def current(cls, purpose, law, language):
        """The newest version, or None."""
        return cls.objects.filter(purpose=purpose, law=law, language=language).order_by("-number").first()


class ConsentQuerySet(models.QuerySet):
    def newest_first(self):
        return self.order_by("-at", "-pk")

    def covering(self, purpose, *, topic="", channel="email"):
        """Statements that say something about this: the consent to keep data has neither topic nor channel, and what is
        said of all advertising over a channel is said of each topic."""
        rows = self.filter(purpose=purpose)
        if purpose == Purpose.PERSONAL_DATA:
            return rows
        return rows.filter(channel=channel, topic__in=["", topic])


class Consent(models.Model):
    """One statement: given or withdrawn, for what, where and with which words. The newest one that covers it counts.

    Rows are sealed when they are written (`contacts.services.ledger`): each carries the keyed hash of what it says and
    of the row before it in its chain, so a changed or missing row is found. The database refuses changes; only the
    person may change, when two records become one.
    """

    Purpose, Channel, Law = Purpose, Channel, Law

    class Way(models.TextChoices):
        """How it came, and so how well it is proved."""

        FORM = "form", _("form on a page")
        CONFIRMED = "confirmed", _("confirmed by mail")
        CENTRE = "centre", _("chosen on the page of preferences")
        LINK = "link", _("link in a letter")
        STAFF = "staff", _("stated to a colleague")
        REPORT = "report", _("complaint to the mail provider")
        MERGE = "merge", _("two records became one")
        IMPORT = "import", _("import of a file")

    # Only the person behind the address can have done these, or a colleague vouches for it.
    PROVED = frozenset({Way.CONFIRMED, Way.CENTRE, Way.STAFF})

    contact = models.ForeignKey(Contact, models.CASCADE, verbose_name=_("contact"), related_name="consents")
    purpose = models.CharField(_("purpose"), max_length=13, choices=Purpose)
    topic = models.CharField(pgettext_lazy("of letters", "topic"), max_length=100, blank=True)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel, default=Channel.EMAIL)
    is_given = models.BooleanField(_("given"))
    text = models.TextField(_("words agreed to"), blank=True)
    source = models.CharField(_("where"), max_length=200, blank=True)
    address = models.GenericIPAddressField(_("network address"), null=True, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)
    way = models.CharField(_("how"), max_length=9, choices=Way, blank=True, default="", db_default="")
    law = models.CharField(_("law"), max_length=4, choices=Law, blank=True, default="", db_default="")
    language = models.CharField(_("language"), max_length=2, blank=True, default="", db_default="")
    version = models.ForeignKey(
        ConsentText, models.PROTECT, verbose_name=_("version of the words"), null=True, blank=True, related_name="+"
    )
    point = models.CharField(_("address used"), max_length=254, blank=True, default="", db_default="")
    shown = models.TextField(_("what was shown"), blank=True, default="", db_default="")
    note = models.CharField(_("reason"), max_length=300, blank=True, default="", db_default="")
    by = models.ForeignKey("crm.User", models.SET_NULL, verbose_name=_("by"), null=True, blank=True, related_name="+")
    by_name = models.CharField(_("noted by"), max_length=200, blank=True, default="", db_default="")
    chain = models.BigIntegerField(null=True, editable=False)
    place = models.PositiveIntegerField(null=True, editable=False)
    previous = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    digest = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [
            models.Index("contact", "purpose", models.F("at").desc(), name="consent_newest"),
            models.Index(fields=["id"], condition=Q(digest=""), name="consent_unsealed"),
        ]
        constraints = [models.UniqueConstraint(fields=["chain", "place"], name="consent_place")]
        triggers = [
            pgtrigger.Protect(
                name="append_only",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "(OLD.digest <> '' AND (OLD.purpose, OLD.topic, OLD.channel, OLD.is_given, OLD.text, OLD.source, OLD.address,"
                    " OLD.at, OLD.way, OLD.law, OLD.language, OLD.version_id, OLD.point, OLD.shown, OLD.note, OLD.by_name,"
                    " OLD.chain, OLD.place, OLD.previous, OLD.digest) IS DISTINCT FROM (NEW.purpose, NEW.topic, NEW.channel,"
                    " NEW.is_given, NEW.text, NEW.source, NEW.address, NEW.at, NEW.way, NEW.law, NEW.language, NEW.version_id,"
                    " NEW.point, NEW.shown, NEW.note, NEW.by_name, NEW.chain, NEW.place, NEW.previous, NEW.digest))"
                ),
            )
        ]

    def __str__(self):
        return f"{self.get_purpose_display()} {self.at:%Y-%m-%d}"

    def save(self, *args, **kwargs):
        """Written once, under the seal of the ledger."""
        from contacts.services import ledger

        if self.pk:
            raise TypeError("A statement is never changed: write a new one.")
        with transaction.atomic():
            ledger.seal(self)
            super().save(*args, **kwargs)

    @property
    def is_proved(self):
        return self.way in self.PROVED


class ConsentChain(models.Model):
    """Where the chain of a person's statements ends. It outlives the person: a number and two hashes tell nothing.

    `number` is the key of the person for whom the chain was begun; merging moves rows to another person, never to another chain.
    What a merge itself states stands in a chain of its own (minus the merge's key): undoing takes it away whole.
    """

    number = models.BigIntegerField(primary_key=True)
    length = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True, default="")
    seal = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("chain of consents")
        verbose_name_plural = _("chains of consents")

    def __str__(self):
        return str(self.number)


class ConsentRequest(models.Model):
    """A consent ticked on a page and not yet confirmed from the mailbox. Only the hash of the link's token is kept."""

    VALID = timedelta(days=7)

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="consent_requests")
    email = models.CharField(_("email"), max_length=254, db_index=True)
    topic = models.CharField(pgettext_lazy("of letters", "topic"), max_length=100, blank=True)
    law = models.CharField(_("law"), max_length=4, choices=Law)
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    text = models.TextField(_("words agreed to"))
    version = models.ForeignKey(ConsentText, models.PROTECT, null=True, related_name="+")
    shown = models.TextField(_("what was shown"), blank=True)
    source = models.CharField(_("where"), max_length=200, blank=True)
    address = models.GenericIPAddressField(_("network address"), null=True)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    class Meta:
        verbose_name = _("consent to be confirmed")
        verbose_name_plural = _("consents to be confirmed")

    def __str__(self):
        return self.email

    @staticmethod
    def new_token():
        """(what goes into the link, what is kept)."""
        token = secrets.token_urlsafe(32)
        return token, ConsentRequest.hash_of(token)

    @staticmethod
    def hash_of(token):
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def found_by(cls, token):
        """The request of this link while it is good, confirmed or not; else None."""
        return cls.objects.filter(token_hash=cls.hash_of(token), created_at__gt=timezone.now() - cls.VALID).first()
