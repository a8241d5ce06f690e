"""Products: list, page, form."""

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm import htmx, lists
from crm.access import fetch, require
from crm.models import Workspace
from deals.forms import ProductForm
from deals.lists import ProductList
from deals.models import Product


def index(request):
    return lists.index(request, ProductList)


def show(request, pk):
    """The product; those who may change it get the form."""
    product = fetch(Product.objects.all(), request.user, pk)
    if request.method == "POST":
        product = fetch(Product.objects.all(), request.user, pk, edit=True)
    form = ProductForm(request.POST or None, instance=product, by=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, reverse("deals:products"), _("Saved. Lines that exist keep their prices."))
    return _form(request, form, product)


def new(request):
    require(request.user, "product", "edit")
    initial = {"currency": Workspace.get().currency}
    form = ProductForm(request.POST or None, initial=initial, by=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, reverse("deals:products"), _("The product is there."))
    return _form(request, form, None)


def _form(request, form, product):
    context = {"form": form, "product": product, "may_edit": product is None or product.can_edit}
    return render(request, "deals/product_form.html", context, status=422 if form.errors else 200)
