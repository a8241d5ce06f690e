"""Lists of deals, orders and products."""

from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from crm import lists
from crm.lists import Column, ListPage, Preset
from deals.forms import DealForm
from deals.models import Deal, Order, Product, PurchaseFacts
from deals.services import editing


@lists.register
class DealList(ListPage):
    name = "deals"
    kind = subject = "deal"
    model = Deal
    url_name = "deals:table"
    title = _("Deals")
    default_sort = "-created"
    search_key = "name_key"
    actions = "deals/_list_actions.html"
    presets = [
        Preset("open", pgettext_lazy("deals", "Open"), {"field": "state", "op": "any_of", "value": ["open", "hold"]}),
        Preset("mine", _("My deals"), {"field": "owner", "op": "is", "value": "me"}),
        Preset("won", _("Won"), {"field": "state", "op": "is", "value": "won"}),
        Preset("lost", _("Lost"), {"field": "state", "op": "is", "value": "lost"}),
    ]
    columns = [
        Column("name", _("Deal"), cell="deals/cells/name.html", sort="name_key", phone="p1", fixed=True, width=""),
        Column(
            "customer",
            _("Customer"),
            cell="deals/cells/customer.html",
            width="w-180",
            related=["company", "contact"],
            phone="p3",
            export=lambda deal: str(deal.customer or ""),
        ),
        Column("stage", _("Stage"), cell="deals/cells/stage.html", width="w-150", related=["stage"]),
        Column(
            "amount",
            _("Amount"),
            kind="money",
            sort="amount_base",
            width="w-150",
            phone="p2",
            total=Sum("amount_base"),
            own_amount="amount",
            edit="amount",
            edit_many=False,
        ),
        Column(
            "close_on",
            pgettext_lazy("deal", "Close"),
            kind="day",
            sort="close_on",
            width="w-130",
            phone="p4",
            edit="close_on",
        ),
        Column("next_step", _("Next step"), cell="deals/cells/step.html", width="w-180"),
        Column("owner", _("Owner"), kind="person", width="w-130", related=["owner"]),
        Column("created", _("Created"), path="created_at", kind="ago", sort="created_at", down=True, shown=False),
    ]
    first_use = {
        "title": _("No deals yet"),
        "text": _("A deal is a possible sale. Open one, and drag it from stage to stage until it is won."),
        "url_name": "deals:new",
        "label": _("Open the first deal"),
        "glyph": "layout-kanban",
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s deal", "%(n)s deals", n)

    def rows(self):
        # The stage's chip, and whether the row may be marked as forgotten.
        return Deal.objects.select_related("stage")

    def cell_form(self, name, row=None, data=None, *, by):
        return DealForm(data, instance=row, user=by, only=name)

    def write(self, row, form, name, by):
        editing.save_form(row, form, by=by)

    def assign(self, row, owner, by):
        editing.assign(row, owner, by=by)

    def delete(self, row, by):
        editing.delete(row, by=by)


@lists.register
class OrderList(ListPage):
    name = "orders"
    kind = subject = "order"
    model = Order
    url_name = "deals:orders"
    title = _("Orders")
    default_sort = "-ordered"
    columns = [
        Column(
            "number",
            pgettext_lazy("of a document", "Number"),
            cell="deals/cells/order.html",
            phone="p1",
            fixed=True,
            width="w-130",
        ),
        Column(
            "customer",
            _("Customer"),
            cell="deals/cells/buyer.html",
            width="",
            related=["company", "contact"],
            phone="p3",
            export=lambda order: str(order.company or order.contact or ""),
        ),
        Column("state", _("State"), cell="deals/cells/order_state.html", width="w-130"),
        Column(
            "ordered",
            _("Ordered"),
            path="ordered_at",
            kind="day",
            sort="ordered_at",
            down=True,
            width="w-110",
            phone="p4",
        ),
        Column(
            "amount",
            _("Before tax"),
            kind="money",
            width="w-130",
            phone="p2",
            total=Sum("amount_base", filter=Q(cancelled_at=None)),
        ),
        Column("owner", _("Owner"), kind="person", width="w-130", related=["owner"]),
    ]
    first_use = {
        "title": _("No orders yet"),
        "text": _("A won deal makes an order. Orders also come from the ERP and from imports."),
        "url_name": "deals:index",
        "label": _("Go to the deals"),
        "glyph": "package",
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s order", "%(n)s orders", n)


@lists.register
class ProductList(ListPage):
    name = "products"
    kind = subject = "product"
    model = Product
    url_name = "deals:products"
    title = _("Products")
    default_sort = "name"
    search_key = "name_key"
    actions = "deals/_product_actions.html"
    columns = [
        Column(
            "name",
            pgettext_lazy("of a thing", "Name"),
            cell="deals/cells/product.html",
            sort="name_key",
            phone="p1",
            fixed=True,
            width="",
        ),
        Column("sku", _("Article number"), width="w-130", phone="p3"),
        Column("category", _("Category"), width="w-180"),
        Column("unit", _("Unit"), width="w-80"),
        Column("price", _("Price"), kind="money", width="w-110", phone="p2", own_amount="price"),
        Column("cost", _("Cost"), kind="money", width="w-110", own_amount="cost"),
        Column("tax_rate", _("Tax, %"), kind="number", width="w-80"),
    ]
    first_use = {
        "title": _("No products yet"),
        "text": _("What you sell, with price, cost and tax. Lines of deals copy from here."),
        "url_name": "deals:product_new",
        "label": _("New product"),
        "glyph": "box",
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s product", "%(n)s products", n)


def _revenue():
    facts = PurchaseFacts.objects.filter(contact=OuterRef("pk"))
    return {"bought": Subquery(facts.values("revenue_base"))}


lists.column(
    "contacts",
    Column(
        "bought",
        _("Bought"),
        kind="money",
        width="w-130",
        annotate=_revenue,
        repeats="purchases__revenue_base",
        total=Sum(F("purchases__revenue_base")),
        kind_needed="order",
    ),
)
