"""What was bought."""

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Company, Contact
from crm import audit
from crm.access import Owned, OwnedQuerySet
from deals.models.line import SoldLine


class OrderQuerySet(OwnedQuerySet):
    def for_card(self):
        return self.select_related("contact", "company", "owner")

    def paid(self):
        """Those that count as purchases."""
        return self.filter(paid_at__isnull=False, cancelled_at=None)


@audit.tracked()
class Order(Owned):
    """A purchase: from a won deal, from the ERP or from an import. `amount` is before tax.

    `deals.services.orders` writes orders together with the facts about the buyer.
    """

    access_kind = "order"

    class Source(models.TextChoices):
        DEAL = "deal", _("deal")
        ERP = "erp", _("ERP")
        IMPORT = "import", _("import")

    number = models.CharField(_("number"), max_length=60, blank=True)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="orders")
    company = models.ForeignKey(Company, models.SET_NULL, null=True, blank=True, related_name="orders")
    deal = models.ForeignKey("deals.Deal", models.SET_NULL, null=True, blank=True, related_name="orders")
    source = models.CharField(_("source"), max_length=6, choices=Source, default=Source.DEAL)
    external_id = models.CharField(_("key in the other system"), max_length=100, blank=True, default="")
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.DecimalField(_("amount before tax"), max_digits=14, decimal_places=2)
    tax = models.DecimalField(_("tax"), max_digits=14, decimal_places=2, default=0)
    rate = models.DecimalField(_("rate"), max_digits=14, decimal_places=6, default=1)
    amount_base = models.DecimalField(_("amount in the company's currency"), max_digits=14, decimal_places=2)
    ordered_at = models.DateTimeField(_("ordered"), default=timezone.now)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(fields=["deal"], condition=Q(cancelled_at=None), name="order_one_per_deal"),
            models.UniqueConstraint(
                fields=["source", "external_id"], condition=~Q(external_id=""), name="order_external_once"
            ),
        ]
        indexes = [
            models.Index(models.F("ordered_at").desc(), models.F("id").desc(), name="order_newest"),
            models.Index(
                fields=["contact", "paid_at"],
                include=["amount_base"],
                condition=Q(paid_at__isnull=False, cancelled_at=None),
                name="order_purchases",
            ),
            models.Index(fields=["paid_at"], condition=Q(cancelled_at=None), name="order_by_paid"),
            models.Index(fields=["owner", "-ordered_at", "-id"], name="order_by_owner"),
        ]

    def __str__(self):
        return self.number or f"O-{1000 + (self.pk or 0)}"

    def get_absolute_url(self):
        return reverse("deals:order_show", args=[self.pk])

    @property
    def total(self):
        """With tax."""
        return self.amount + self.tax


class OrderLine(SoldLine):
    """A line of an order; `net` is its sum before tax after discount."""

    access_through = "order"

    order = models.ForeignKey(Order, models.CASCADE, verbose_name=_("order"), related_name="lines")
    net = models.DecimalField(_("sum"), max_digits=14, decimal_places=2)

    objects = OwnedQuerySet.as_manager()

    class Meta(SoldLine.Meta):
        verbose_name = _("line of an order")
        verbose_name_plural = _("lines of orders")
        ordering = ["position", "pk"]


class PurchaseFacts(models.Model):
    """What a person has bought, in figures: written in the transaction of each order."""

    contact = models.OneToOneField(Contact, models.CASCADE, primary_key=True, related_name="purchases")
    orders = models.PositiveIntegerField(_("orders"), default=0)
    revenue_base = models.DecimalField(_("revenue"), max_digits=16, decimal_places=2, default=0)
    first_order_at = models.DateTimeField(_("first order"), null=True, blank=True)
    last_order_at = models.DateTimeField(_("last order"), null=True, blank=True)

    class Meta:
        verbose_name = _("purchases of a person")
        verbose_name_plural = _("purchases of people")
        indexes = [
            models.Index(fields=["last_order_at"], name="facts_last_order"),
            models.Index(fields=["revenue_base"], name="facts_revenue"),
        ]

    def __str__(self):
        return f"{self.orders}: {self.revenue_base}"
