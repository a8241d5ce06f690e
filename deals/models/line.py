"""Lines of a deal: what is offered."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm import audit
from crm.access import OwnedQuerySet
from deals.models.product import Product


class SoldLine(models.Model):
    """A snapshot of a product with quantity and discount: later changes of the catalogue do not touch it.

    The discount is a percentage of the line or an amount off the line, never both. `deals.totals` computes sums.
    """

    product = models.ForeignKey(Product, models.SET_NULL, verbose_name=_("product"), null=True, blank=True)
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=200)
    sku = models.CharField(_("article number"), max_length=60, blank=True)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    qty = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3, default=1)
    price = models.DecimalField(_("price"), max_digits=14, decimal_places=2)
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=2, null=True, blank=True)
    tax_rate = models.DecimalField(_("tax, %"), max_digits=5, decimal_places=2, default=0)
    discount_percent = models.DecimalField(_("discount, %"), max_digits=5, decimal_places=2, default=0)
    discount_amount = models.DecimalField(_("discount"), max_digits=14, decimal_places=2, default=0)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=models.Q(qty__gt=0, price__gte=0), name="%(class)s_positive"),
            models.CheckConstraint(
                condition=models.Q(discount_percent__range=(0, 100), discount_amount__gte=0),
                name="%(class)s_discount_range",
            ),
            models.CheckConstraint(
                condition=models.Q(discount_percent=0) | models.Q(discount_amount=0), name="%(class)s_one_discount"
            ),
            models.CheckConstraint(condition=models.Q(tax_rate__range=(0, 100)), name="%(class)s_tax_range"),
        ]

    def __str__(self):
        return self.name

    SNAPSHOT = ("name", "sku", "unit", "price", "cost", "tax_rate")
    FIGURES = (*SNAPSHOT, "qty", "discount_percent", "discount_amount")

    def take(self, product):
        """Copy name, price and the rest from a product."""
        self.product = product
        for name in self.SNAPSHOT:
            setattr(self, name, getattr(product, name))


@audit.tracked()
class DealLine(SoldLine):
    """A line of a deal."""

    access_through = "deal"

    deal = models.ForeignKey("deals.Deal", models.CASCADE, verbose_name=_("deal"), related_name="lines")

    objects = OwnedQuerySet.as_manager()

    class Meta(SoldLine.Meta):
        verbose_name = _("line of a deal")
        verbose_name_plural = _("lines of deals")
        ordering = ["position", "pk"]
