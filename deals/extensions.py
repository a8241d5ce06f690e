"""What deals registers."""

from django.db.models import Count, F, Sum
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm import access, custom, objects
from crm.events import declare, subscribe
from crm.field_access import may_see
from crm.models import Workspace
from crm.money import format_money
from crm.notify import declare_notification
from crm.registry import (
    Command,
    NavItem,
    SettingsPage,
    TaskAct,
    WorkTarget,
    command,
    group_total,
    nav,
    panel,
    periodic,
    seeder,
    settings_page,
    task_act,
    work_target,
)
from crm.search import SearchSource, search_source
from crm.views import participants
from deals import filters, guards, lists, queue, seed, today  # noqa: F401  registered by being imported
from deals.forms import DealForm
from deals.models import Deal, DealLink, Order, Product
from deals.services import (
    counts,
    facts,
    handoff,
    merging,  # noqa: F401  what becomes of the facts about buyers
    privacy,  # noqa: F401  what is kept when a person is erased
    steps,
)

access.register("deal", _("Deals"), Deal)
custom.register(
    "deal",
    Deal,
    label=_("Deals"),
    list_name=lists.DealList.name,
    form=lambda data, record, user: DealForm(data, instance=record, user=user),
)
objects.register_target("deal", Deal, DealLink, label=_("Deals"), icon="layout-kanban")
access.register("product", _("Products"), Product)
access.register("order", _("Orders"), Order)

declare("deal.created", _("{actor} opened the deal {target}"), icon="plus", group="deals")
declare("deal.stage_changed", _("{actor} moved {target} from {before} to {after}"), icon="arrow-right", group="deals")
declare("deal.amount_changed", _("{actor} changed the amount of {target} to {after}"), icon="coins", group="deals")
declare("deal.deleted", _("{actor} deleted the deal {title}"), icon="trash", group="deals")
declare("deal.assigned", _("{actor} gave {target} to {to}"), icon="user-share", group="deals")
declare("deal.handed_over", _("Why this lead came to sales"), icon="flame", group="deals")
declare("deal.won", _("{actor} won {target}"), icon="trophy", group="deals")
declare("deal.lost", _("{actor} lost {target}: {reason}"), icon="circle-x", group="deals")
declare("deal.reopened", _("{actor} opened {target} again"), icon="rotate", group="deals")
declare("proposal.sent", _("{actor} sent the proposal {number}, version {version}"), icon="send", group="deals")
declare("proposal.withdrawn", _("{actor} withdrew the proposal {number}"), icon="link-off", group="deals")
declare("proposal.viewed", _("The client looked at the proposal {number}"), icon="eye", group="deals")
declare("proposal.accepted", _("{name} accepted the proposal {number}"), icon="circle-check", group="deals")
declare("proposal.declined", _("The client declined the proposal {number}"), icon="circle-x", group="deals")
declare("order.paid", _("Bought: {target}"), icon="package", group="orders")
declare("order.cancelled", _("{actor} cancelled {target}"), icon="package-off", group="orders")

declare_notification("proposal.viewed", _("A client looks at your proposal"))
declare_notification("proposal.answered", _("A client answers your proposal"), mail=True)

subscribe("contact.handed_off", name="deals.take_lead")(handoff.take_lead)
panel("deal", name="participants", title=_("Who works on it"), order=80)(participants.panel)
work_target(WorkTarget("deal", "deals.deal", lambda deal: (deal.contact, deal.company), steps.repeat_on))

periodic("deals.tasks.refresh_steps", every=60)

nav(NavItem("sales", _("Deals"), "deals:index", "layout-kanban", "deal", 20, counts.open_deals, "d"))
nav(NavItem("sales", _("Proposals"), "deals:proposals", "file-text", "deal", 21, counts.waiting_proposals, "p"))
nav(NavItem("sales", _("Orders"), "deals:orders", "package", "order", 22))
nav(NavItem("sales", _("Products"), "deals:products", "box", "product", 23))

command(Command(_("New deal"), "deals:new", "plus", "deal", "edit", "c d"))
command(Command(_("New product"), "deals:product_new", "box", "product", "edit"))
command(Command(_("Deals as a table"), "deals:table", "table", "deal"))
settings_page(
    SettingsPage(_("Pipelines"), _("Stages, what they ask for, loss reasons"), "deals:pipelines", "layout-kanban")
)


def _deal_from(task):
    query = f"?task={task.pk}" + (f"&contact={task.contact_id}" if task.contact_id else "")
    return reverse("deals:new") + query


task_act(TaskAct(_("Open a deal"), "layout-kanban", _deal_from, "deal"))

search_source(
    SearchSource(
        "deal",
        _("Deals"),
        "layout-kanban",
        lambda: Deal.objects.for_card(),
        "name_key",
        lambda deal: " · ".join(str(part) for part in (deal.customer, deal.stage) if part),
        order=30,
    )
)
search_source(
    SearchSource(
        "product",
        _("Products"),
        "box",
        Product.objects.all,
        "name_key",
        lambda product: " · ".join(part for part in (product.sku, product.category) if part),
        order=60,
    )
)


@panel("contact", name="deals", title=_("Deals"), order=10, kind="deal", icon="layout-kanban")
def contact_deals(request, contact):
    return _deals_panel(request, {"contact": contact}, f"contact={contact.pk}")


@panel("company", name="deals", title=_("Deals"), order=10, kind="deal", icon="layout-kanban")
def company_deals(request, company):
    return _deals_panel(request, {"company": company}, f"company={company.pk}")


@panel("contact", name="orders", title=_("Orders"), order=30, kind="order", icon="package")
def contact_orders(request, contact):
    return _orders_panel(request, {"contact": contact})


@panel("company", name="orders", title=_("Orders"), order=30, kind="order", icon="package")
def company_orders(request, company):
    return _orders_panel(request, {"company": company})


@group_total(_("Open deals"), order=20, kind="deal")
def open_deals_of_group(user, company_ids):
    found = (
        Deal.objects.visible_to(user)
        .open()
        .filter(company__in=company_ids)
        .aggregate(n=Count("pk"), sum=Sum("amount_base"))
    )
    if not found["n"] or not may_see(user, "deal", "amount"):
        return str(found["n"] or "")
    return f"{found['n']} · {_base_money(found['sum'])}"


@group_total(_("Bought in all"), order=30, kind="order")
def purchases_of_group(user, company_ids):
    if not may_see(user, "deal", "amount"):
        return ""
    paid = Order.objects.visible_to(user).paid().filter(company__in=company_ids)
    total = paid.aggregate(sum=Sum("amount_base"))["sum"]
    return _base_money(total) if total else ""


def _base_money(amount):
    return format_money(amount or 0, Workspace.get().currency, get_language() or "en")


def _deals_panel(request, of, query):
    rows = Deal.objects.visible_to(request.user).filter(**of).select_related("stage", "owner")
    context = {
        "deals": rows.order_by(F("closed_at").desc(nulls_first=True), "-pk")[:8],
        "count": rows.count(),
        "new_query": query,
        "may_create": access.may(request.user, "deal", "edit"),
    }
    return render_to_string("deals/panels/deals.html", context, request)


def _orders_panel(request, of):
    rows = Order.objects.visible_to(request.user).filter(**of)
    context = facts.purchases_of(rows) | {"may_see_amounts": may_see(request.user, "deal", "amount")}
    return render_to_string("deals/panels/orders.html", context, request)


seeder("deals", order=20)(seed.seed)
