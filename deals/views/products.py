"""Products: list, page, form."""

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm import htmx
from crm.access import fetch, may, require
from crm.models import Workspace
from crm.text import sort_key
from deals.forms import ProductForm
from deals.models import Product

PAGE = 100


def index(request):
    require(request.user, "product")
    rows = Product.objects.visible_to(request.user).order_by("name_key", "pk")
    text = request.GET.get("q", "").strip()[:100]
    if text:
        rows = rows.filter(name_key__contains=sort_key(text))
    after = request.GET.get("after", "")[:260]
    if after:
        rows = rows.filter(name_key__gt=after)
    found = list(rows[: PAGE + 1])
    more = found[PAGE - 1].name_key if len(found) > PAGE else ""
    context = {"products": found[:PAGE], "more": more, "text": text, "may_edit": may(request.user, "product", "edit")}
    return render(request, "deals/product_list.html", context)


def show(request, pk):
    """The product; those who may change it get the form."""
    product = fetch(Product.objects.all(), request.user, pk)
    if request.method == "POST":
        product = fetch(Product.objects.all(), request.user, pk, edit=True)
    form = ProductForm(request.POST or None, instance=product)
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, reverse("deals:products"), _("Saved. Lines that exist keep their prices."))
    return _form(request, form, product)


def new(request):
    require(request.user, "product", "edit")
    form = ProductForm(request.POST or None, initial={"currency": Workspace.get().currency})
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, reverse("deals:products"), _("The product is there."))
    return _form(request, form, None)


def _form(request, form, product):
    context = {"form": form, "product": product, "may_edit": product is None or product.can_edit}
    return render(request, "deals/product_form.html", context, status=422 if form.errors else 200)
