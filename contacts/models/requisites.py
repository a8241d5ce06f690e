"""Requisites: the legal entities of a company and their bank accounts, all as text, so that no zero is lost."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from contacts.models.company import Company
from crm import audit


class RequisiteQuerySet(models.QuerySet):
    def main_first(self):
        """In the order of the page."""
        return self.order_by("-is_primary", "pk")

    def same_entity(self, requisite):
        """Other rows of the same legal entity: INN and KPP agree, or the VAT or registration number does."""
        keys = Q()
        if requisite.inn:
            keys |= Q(inn=requisite.inn, kpp=requisite.kpp)
        if requisite.vat_id:
            keys |= Q(vat_id=requisite.vat_id)
        if requisite.registration_no:
            keys |= Q(registration_no=requisite.registration_no, country=requisite.country)
        return self.filter(keys).exclude(pk=requisite.pk) if keys else self.none()


@audit.tracked(inserts=True)
class Requisite(models.Model):
    """One legal entity of a company. The main one's number is repeated on the company for lists and search."""

    company = models.ForeignKey(Company, models.CASCADE, verbose_name=_("company"), related_name="requisites")
    country = models.CharField(_("country"), max_length=2, blank=True)
    name = models.CharField(_("legal name"), max_length=300)
    form = models.CharField(_("legal form"), max_length=60, blank=True)
    inn = models.CharField(_("INN"), max_length=12, blank=True)
    kpp = models.CharField(_("KPP"), max_length=9, blank=True)
    ogrn = models.CharField(_("OGRN or OGRNIP"), max_length=15, blank=True)
    vat_id = models.CharField(_("VAT ID"), max_length=20, blank=True)
    registration_no = models.CharField(_("registration number"), max_length=40, blank=True)
    address = models.CharField(_("legal address"), max_length=400, blank=True)
    is_primary = models.BooleanField(_("main"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = RequisiteQuerySet.as_manager()

    class Meta:
        verbose_name = _("requisites")
        verbose_name_plural = _("requisites")
        constraints = [
            models.UniqueConstraint(fields=["company"], condition=Q(is_primary=True), name="requisite_one_primary"),
        ]
        indexes = [
            models.Index(fields=["inn", "kpp"], condition=~Q(inn=""), name="requisite_by_inn"),
            models.Index(fields=["vat_id"], condition=~Q(vat_id=""), name="requisite_by_vat"),
            models.Index(fields=["registration_no"], condition=~Q(registration_no=""), name="requisite_by_number"),
        ]

    def __str__(self):
        return f"{self.form} {self.name}".strip()

    @property
    def shown(self):
        """(label, value) of what is known, in the order of papers."""
        names = ("country", "inn", "kpp", "ogrn", "vat_id", "registration_no", "address")
        return [(capfirst(self._meta.get_field(n).verbose_name), getattr(self, n)) for n in names if getattr(self, n)]


@audit.tracked(inserts=True)
class BankAccount(models.Model):
    """An account of a legal entity: BIK and account numbers in Russia, IBAN and BIC elsewhere."""

    requisite = models.ForeignKey(Requisite, models.CASCADE, verbose_name=_("requisites"), related_name="accounts")
    bank = models.CharField(_("bank"), max_length=200, blank=True)
    bik = models.CharField(_("BIK"), max_length=9, blank=True)
    account = models.CharField(_("account"), max_length=20, blank=True)
    correspondent = models.CharField(_("correspondent account"), max_length=20, blank=True)
    iban = models.CharField(_("IBAN"), max_length=34, blank=True)
    bic = models.CharField(_("BIC (SWIFT)"), max_length=11, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["requisite", "bik", "account"], condition=~Q(account=""), name="account_once"
            ),
            models.UniqueConstraint(fields=["requisite", "iban"], condition=~Q(iban=""), name="iban_once"),
        ]

    def __str__(self):
        return self.iban or self.account

    @property
    def shown(self):
        """(label, value) of what is known, in the order of papers."""
        names = ("bank", "account", "bik", "correspondent", "iban", "bic")
        return [(capfirst(self._meta.get_field(n).verbose_name), getattr(self, n)) for n in names if getattr(self, n)]
