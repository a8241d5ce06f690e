"""Lines of a deal: add, change, remove; each answer brings the whole table with its totals."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import field_access, htmx
from crm.access import fetch, may
from crm.field_access import may_see
from crm.sight import seen_by
from crm.text import sort_key
from deals.forms import LineForm
from deals.models import Deal, Product
from deals.services import lines


def lines_context(request, deal, *, bad=None):
    """Rows (line, net, form), totals and what may be seen. `bad` is a form that was refused."""
    found = list(deal.lines.select_related("product"))
    level = field_access.level(request.user, "deal", "amount")
    context = {
        "may_see_products": may(request.user, "product"),
        "may_see_amounts": level > field_access.HIDDEN,
        "may_see_margin": level > field_access.HIDDEN and may_see(request.user, "product", "cost"),
        "may_edit_lines": level == field_access.EDIT and deal.is_open and getattr(deal, "can_edit", False),
    }
    if level == field_access.HIDDEN:
        return context | {"rows": [(line, None, None, None) for line in found], "sums": None}
    forms = {bad.instance.pk: bad} if bad else {}
    with seen_by(request.user):
        sums = lines.totals_of(found, deal.currency)
        rows = [
            (line, net, forms.get(line.pk) or LineForm(instance=line), lines.margin_of(line, net))
            for line, net in zip(found, sums.nets, strict=True)
        ]
    return context | {"rows": rows, "sums": sums}


@require_POST
def create(request, pk):
    """Add a product by its key, or a line of one's own by its name."""
    deal = _deal(request, pk)
    key, name = request.POST.get("product", ""), request.POST.get("name", "").strip()
    if key.isdecimal() and len(key) < 12:
        product = fetch(Product.objects.all(), request.user, int(key))
        if product.currency != deal.currency:
            return _answer(
                request,
                deal,
                _("%(name)s is priced in %(currency)s.") % {"name": product, "currency": product.currency},
            )
        lines.add_product(deal, product, by=request.user)
    elif name:
        lines.add_free(deal, name[:200], by=request.user)
    return _answer(request, deal)


@require_POST
def update(request, pk, line_pk):
    deal = _deal(request, pk)
    line = get_object_or_404(deal.lines, pk=line_pk)
    form = LineForm(request.POST, instance=line)
    if not form.is_valid():
        context = {"deal": deal, **lines_context(request, deal, bad=form)}
        response = render(request, "deals/_lines.html" if request.htmx else "deals/lines.html", context, status=422)
        response.headers["HX-Reswap"] = "outerHTML"
        return response
    lines.change_line(deal, form.save(commit=False), by=request.user)
    if not request.htmx:
        return _answer(request, deal)
    # Only the sums come back: whoever already types in the next box is not disturbed.
    context = {"deal": deal, **lines_context(request, deal)}
    return htmx.refresh(render(request, "deals/_line_sums.html", context), "lines:changed")


@require_POST
def destroy(request, pk, line_pk):
    deal = _deal(request, pk)
    lines.remove_line(deal, get_object_or_404(deal.lines, pk=line_pk), by=request.user)
    return _answer(request, deal)


@require_POST
def reorder(request, pk):
    """The order in which the lines were dragged: their keys, separated by commas."""
    deal = _deal(request, pk)
    keys = [int(k) for k in request.POST.get("order", "").split(",") if k.isdecimal() and len(k) < 12]
    lines.put_in_order(deal, keys)
    return _answer(request, deal)


def products(request, pk):
    """Products whose name or number begins with or contains what was typed."""
    deal = fetch(Deal.objects.all(), request.user, pk, edit=True)
    if not may(request.user, "product"):
        return HttpResponse(status=403)
    rows = Product.objects.visible_to(request.user).active().filter(currency=deal.currency)
    key = sort_key(request.GET.get("name", ""))
    found = rows.filter(name_key__contains=key).order_by("name_key", "pk")[:8] if key else []
    return render(request, "deals/_product_choices.html", {"deal": deal, "products": found, "typed": key})


def _deal(request, pk):
    """The deal, whose lines may be changed while it is open by those who may change its amount."""
    deal = fetch(Deal.objects.for_card(), request.user, pk, edit=True)
    field_access.require(request.user, "deal", "amount")
    if not deal.is_open:
        raise PermissionDenied
    return deal


def _answer(request, deal, text=""):
    if not request.htmx:
        return htmx.redirect(request, deal.get_absolute_url(), text)
    deal = fetch(Deal.objects.for_card(), request.user, deal.pk)
    response = render(request, "deals/_lines.html", {"deal": deal, **lines_context(request, deal)})
    htmx.refresh(response, "lines:changed")
    return htmx.toast(response, text, level="error") if text else response
