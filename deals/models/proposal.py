"""Proposals: numbered, versioned, fixed once they are sent."""

import hashlib
import json

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac
from django.utils.translation import gettext_lazy as _

from crm import audit, field_access
from crm.access import OwnedQuerySet


class VersionIsFixed(Exception):
    """A version that was sent is never changed: make a new one."""


class PricedQuerySet(OwnedQuerySet):
    """Rows that are nothing but amounts: whoever may not see those of deals sees none."""

    def _allowed(self, user, act):
        rows = super()._allowed(user, act)
        return rows if field_access.may_see(user, "deal", "amount") else rows.none()


class ProposalQuerySet(PricedQuerySet):
    def for_card(self):
        return self.select_related("deal", "deal__contact", "deal__company", "deal__owner").prefetch_related("versions")


class Proposal(models.Model):
    """An offer to a client; its content stands in versions."""

    access_through = "deal"

    deal = models.ForeignKey("deals.Deal", models.CASCADE, verbose_name=_("deal"), related_name="proposals")
    title = models.CharField(_("title"), max_length=200)
    by = models.ForeignKey("crm.User", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        indexes = [models.Index(fields=["-id"], name="proposal_newest")]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("deals:proposal_show", args=[self.pk])

    @property
    def number(self):
        """As people say it: P-2209."""
        return f"P-{2000 + (self.pk or 0)}"

    @property
    def newest(self):
        """The version with the highest number; uses what was prefetched."""
        return max(self.versions.all(), key=lambda v: v.number, default=None)


@audit.tracked(exclude=["views", "first_viewed_at", "last_viewed_at"])
class ProposalVersion(models.Model):
    """One state of an offer. A draft follows the lines of the deal; what was sent is fixed with its hash.

    `token_hash` finds the client's page; the token itself is made again from the secret key and `token_salt`, so a
    stolen database opens no page. A new salt or `revoked_at` ends it.
    """

    access_through = "proposal"

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SENT = "sent", _("Sent")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        REPLACED = "replaced", _("Replaced")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    proposal = models.ForeignKey(Proposal, models.CASCADE, verbose_name=_("proposal"), related_name="versions")
    number = models.PositiveSmallIntegerField(_("version"), default=1)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.DRAFT)
    language = models.CharField(_("language"), max_length=2, default="en")
    currency = models.CharField(_("currency"), max_length=3)
    intro = models.TextField(_("words before the lines"), blank=True)
    terms = models.TextField(_("terms"), blank=True)
    payment = models.CharField(_("payment"), max_length=200, blank=True)
    delivery = models.CharField(_("delivery"), max_length=200, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    lines = models.JSONField(_("lines"), default=list, blank=True)
    taxes = models.JSONField(_("tax by rate"), default=list, blank=True)
    net = models.DecimalField(_("net"), max_digits=14, decimal_places=2, default=0)
    tax = models.DecimalField(_("tax"), max_digits=14, decimal_places=2, default=0)
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=2, default=0)
    recipient = models.CharField(_("addressed to"), max_length=300, blank=True)
    fingerprint = models.CharField(_("hash"), max_length=64, blank=True)
    token_salt = models.CharField(max_length=32, blank=True)
    token_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    expires_at = models.DateTimeField(_("page closes"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("page closed"), null=True, blank=True)
    pdf = models.ForeignKey("crm.StoredFile", models.SET_NULL, null=True, blank=True, related_name="+")
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    sent_to = models.CharField(_("sent to"), max_length=320, blank=True)
    sent_by = models.ForeignKey("crm.User", models.SET_NULL, null=True, blank=True, related_name="+")
    views = models.PositiveIntegerField(_("views"), default=0)
    first_viewed_at = models.DateTimeField(_("first seen"), null=True, blank=True)
    last_viewed_at = models.DateTimeField(_("last seen"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    decline_reason = models.TextField(_("why not"), blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = PricedQuerySet.as_manager()

    CONTENT = ("language", "currency", "intro", "terms", "payment", "delivery", "lines", "taxes", "recipient")
    FIGURES = ("net", "tax", "total")

    class Meta:
        verbose_name = _("version of a proposal")
        verbose_name_plural = _("versions of proposals")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["proposal", "number"], name="version_number_unique"),
            models.UniqueConstraint(fields=["proposal"], condition=Q(status="draft"), name="version_one_draft"),
            models.UniqueConstraint(fields=["proposal"], condition=Q(status="accepted"), name="version_one_accepted"),
            models.CheckConstraint(condition=Q(status="draft") | ~Q(fingerprint=""), name="version_sent_has_hash"),
        ]
        indexes = [models.Index(fields=["status", "-sent_at"], name="version_by_status")]

    def __str__(self):
        return f"{self.proposal.number} · {self.number}"

    def save(self, *args, **kwargs):
        if self.fingerprint and self.fingerprint != self.compute_fingerprint():
            raise VersionIsFixed(str(self))
        super().save(*args, **kwargs)

    @property
    def is_draft(self):
        return self.status == self.Status.DRAFT

    @property
    def is_answerable(self):
        """Whether the client may still accept or decline."""
        return self.status == self.Status.SENT and self.revoked_at is None and not self.is_expired

    @property
    def is_expired(self):
        """Past the last day of its validity, in the company's zone, or its page has closed."""
        today = timezone.localdate()
        closed = self.expires_at is not None and self.expires_at <= timezone.now()
        return closed or (self.valid_until is not None and today > self.valid_until)

    def compute_fingerprint(self):
        """SHA-256 over everything the client agrees to."""
        content = {name: getattr(self, name) for name in self.CONTENT}
        content |= {name: f"{getattr(self, name):.2f}" for name in self.FIGURES}
        content |= {"number": self.proposal.number, "version": self.number, "valid_until": str(self.valid_until)}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def open_page(self, expires_at):
        """Give the client's page a new address; any former one stops working. Saving is the caller's."""
        self.token_salt = get_random_string(32)
        self.token_hash = hash_of(self.token)
        self.expires_at, self.revoked_at = expires_at, None

    @property
    def token(self):
        """The secret part of the address of the client's page; "" when it has none."""
        if not self.token_salt:
            return ""
        return salted_hmac("deals.proposal", f"{self.pk}:{self.token_salt}", algorithm="sha256").hexdigest()

    @property
    def page_path(self):
        """Path of the client's page, or ""."""
        return reverse("deals:offer_show", args=[self.token]) if self.token_salt else ""


def hash_of(token):
    """How a token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


class Acceptance(models.Model):
    """Proof that a client accepted: which version, who, when, from where. Written once."""

    access_through = "version"

    version = models.OneToOneField(ProposalVersion, models.PROTECT, related_name="acceptance")
    fingerprint = models.CharField(_("hash of the version"), max_length=64)
    name = models.CharField(_("name"), max_length=200)
    email = models.CharField(_("email"), max_length=254, blank=True)
    address = models.GenericIPAddressField(_("network address"), null=True, blank=True)
    agent = models.CharField(_("browser"), max_length=300, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("acceptance")
        verbose_name_plural = _("acceptances")

    def __str__(self):
        return f"{self.version}: {self.name}"
