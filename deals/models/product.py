"""What is sold."""

from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm import audit
from crm.access import OwnedQuerySet
from crm.text import sort_key


class ProductQuerySet(OwnedQuerySet):
    def active(self):
        return self.filter(is_active=True)


@audit.tracked(exclude=["name_key", "updated_at"])
class Product(models.Model):
    """An article or service with its price before tax."""

    access_kind = "product"

    sku = models.CharField(_("article number"), max_length=60, unique=True)
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=200)
    name_key = models.CharField(max_length=200, editable=False, default="", db_collation="C")
    description = models.TextField(_("description"), blank=True)
    category = models.CharField(_("category"), max_length=100, blank=True)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    price = models.DecimalField(_("price before tax"), max_digits=14, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=2, null=True, blank=True)
    tax_rate = models.DecimalField(
        _("tax, %"),
        max_digits=5,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    is_active = models.BooleanField(_("for sale"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.CheckConstraint(condition=models.Q(price__gte=0), name="product_price_positive"),
            models.CheckConstraint(condition=models.Q(tax_rate__range=(0, 100)), name="product_tax_range"),
        ]
        indexes = [
            models.Index(fields=["name_key", "id"], name="product_by_name"),
            GinIndex(name="product_name_trgm", fields=["name_key"], opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.name_key = sort_key(f"{self.name} {self.sku}")
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("deals:product_show", args=[self.pk])
