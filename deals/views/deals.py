"""Deals: page, forms, edit in place, closing, steps, files."""

from django.contrib import messages
from django.db import transaction
from django.db.models import ProtectedError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.models import Company, Contact, Task
from crm import field_access, files, htmx, registry
from crm.access import fetch, may, require
from crm.models import Workspace
from crm.views.timeline import context as timeline_context
from deals.forms import DealForm
from deals.models import Deal, Stage
from deals.services import editing
from deals.services.steps import plan_step
from deals.views.board import stages_of
from deals.views.lines import lines_context
from deals.views.talks import composer

# What the page shows at the left, in this order.
FACTS = ["contact", "company", "amount", "close_on", "probability", "owner", "source", "competitor"]


def show(request, pk):
    deal = fetch(Deal.objects.for_card().select_related("loss_reason"), request.user, pk)
    tasks = Task.objects.visible_to(request.user).filter(target_type="deals.deal", target_id=pk, done_at=None)
    context = {
        "deal": deal,
        "stages": stages_of(deal.pipeline_id),
        "facts": editing.facts(deal, FACTS, request.user),
        "hidden": len(field_access.hidden(request.user, "deal")),
        "tasks": tasks.select_related("owner").order_by("due_at")[:20],
        "proposals": deal.proposals.visible_to(request.user).prefetch_related("versions").order_by("-pk"),
        "orders": deal.orders.visible_to(request.user).order_by("-pk") if may(request.user, "order") else [],
        "files": files.files_of(deal)[:20],
        "right_panels": registry.panels_for(request.user, "deal", "right"),
        "base_currency": Workspace.get().currency,
    }
    context |= lines_context(request, deal) | timeline_context(request, "deal", deal)
    context |= composer(deal, request.user)
    return render(request, "deals/deal.html", context)


def amount(request, pk):
    """The deal's figure, asked for again when its lines have changed."""
    deal = fetch(Deal.objects.for_card(), request.user, pk)
    context = {"deal": deal, "base_currency": Workspace.get().currency}
    context["may_see_amounts"] = field_access.may_see(request.user, "deal", "amount")
    return render(request, "deals/_deal_sum.html", context)


def new(request):
    """The form, prefilled from a contact, a company, a stage or a task."""
    require(request.user, "deal", "edit")
    form = DealForm(user=request.user, initial=_initial(request))
    return render(request, "deals/deal_form.html", {"form": form, "task": request.GET.get("task", "")})


@require_POST
def create(request):
    require(request.user, "deal", "edit")
    form = DealForm(request.POST, request.FILES, user=request.user)
    task = request.POST.get("task", "")
    if not form.is_valid():
        return render(request, "deals/deal_form.html", {"form": form, "task": task}, status=422)
    # Asked for before anything is written: a task that is not theirs leaves no deal behind.
    source = fetch(Task.objects.all(), request.user, int(task), edit=True) if task.isdecimal() else None
    deal = form.save(commit=False)
    deal.assign_to(form.cleaned_data["owner"] or request.user)
    deal.custom = form.custom_values
    if deal.company is None and deal.contact:
        deal.company = deal.contact.company
    deal.begin(by=request.user)
    if source:
        editing.take_over(deal, source, by=request.user)
    said = [_("The deal is open."), *form.save_files(deal)]
    return htmx.redirect(request, deal.get_absolute_url(), " ".join(said))


@transaction.atomic
def edit(request, pk):
    """All fields at once."""
    deal = fetch(Deal.objects.for_card(), request.user, pk, edit=True, lock=request.method == "POST")
    form = DealForm(request.POST or None, instance=deal, user=request.user)
    if request.method == "POST" and form.is_valid():
        editing.save_form(deal, form, by=request.user)
        return htmx.redirect(request, deal.get_absolute_url(), _("Saved."))
    context = {"form": form, "deal": deal}
    return render(request, "deals/deal_form.html", context, status=422 if form.errors else 200)


@transaction.atomic
def field(request, pk, name):
    """One fact in place: GET gives the small form, POST writes it."""
    deal = fetch(Deal.objects.for_card(), request.user, pk, edit=True, lock=request.method == "POST")
    if name not in FACTS or not field_access.may_see(request.user, "deal", name):
        return HttpResponse(status=404)
    field_access.require(request.user, "deal", name)
    form = DealForm(request.POST or None, instance=deal, user=request.user, only=name)
    if name not in form.fields:
        return HttpResponse(status=404)
    context = {"deal": deal, "form": form, "name": name}
    if request.method != "POST":
        return render(request, "deals/_fact_form.html", context)
    if not form.is_valid():
        return render(request, "deals/_fact_form.html", context, status=422)
    editing.save_form(deal, form, by=request.user)
    if not request.htmx:
        return htmx.redirect(request, deal.get_absolute_url(), _("Saved."))
    deal = fetch(Deal.objects.for_card(), request.user, pk)
    fact = editing.facts(deal, [name], request.user)[0]
    response = render(request, "deals/_fact.html", {"deal": deal, "fact": fact})
    return htmx.refresh(response, "deal:changed", "timeline:changed")


def field_shown(request, pk, name):
    """The fact as it stands: what Cancel brings back."""
    deal = fetch(Deal.objects.for_card(), request.user, pk)
    found = editing.facts(deal, [name], request.user) if name in FACTS else []
    return render(request, "deals/_fact.html", {"deal": deal, "fact": found[0]}) if found else HttpResponse(status=404)


@require_POST
def reopen(request, pk):
    deal = fetch(Deal.objects.for_card(), request.user, pk, edit=True)
    deal.reopen(by=request.user)
    return htmx.redirect(request, deal.get_absolute_url(), _("The deal is open again."))


@require_POST
def destroy(request, pk):
    deal = fetch(Deal.objects.for_card(), request.user, pk, delete=True)
    try:
        editing.delete(deal, by=request.user)
    except ProtectedError:
        messages.error(
            request, _("This deal has an order or an accepted proposal. Mark it as lost; it stays in the books.")
        )
        return htmx.redirect(request, deal.get_absolute_url())
    return htmx.redirect(request, reverse("deals:index"), _("The deal is deleted."))


@require_POST
def step_create(request, pk):
    """Plan the next step."""
    deal = fetch(Deal.objects.for_card(), request.user, pk, edit=True)
    title, due = editing.step_of(request.POST)
    if not title:
        messages.error(request, _("Say what is to be done."))
    else:
        plan_step(deal, title, by=request.user, due_at=due, kind=editing.step_kind(request.POST))
    return htmx.redirect(request, deal.get_absolute_url(), _("The step is noted.") if title else "")


@require_POST
def file_create(request, pk):
    deal = fetch(Deal.objects.for_card(), request.user, pk, edit=True)
    try:
        files.attach(request, deal)
    except files.FileRefused as refusal:
        messages.error(request, str(refusal))
        return htmx.redirect(request, deal.get_absolute_url())
    return htmx.redirect(request, deal.get_absolute_url(), _("The file is kept."))


def suggestions(request, kind):
    """Names for the text boxes of people and companies: options of a datalist."""
    model = {"contacts": Contact, "companies": Company}.get(kind)
    if model is None:
        return HttpResponse(status=404)
    rows = editing.suggest(model, request.user, request.GET)
    return render(request, "deals/_suggestions.html", {"rows": rows})


def _initial(request):
    initial = {"owner": request.user, "currency": Workspace.get().currency}
    for name, model in (("contact", Contact), ("company", Company)):
        key = request.GET.get(name, "")
        if key.isdecimal() and len(key) < 12:
            initial[name] = fetch(model.objects.all(), request.user, int(key))
    if contact := initial.get("contact"):
        initial["company"] = initial.get("company") or contact.company
        initial["source"] = contact.source
        initial["name"] = request.GET.get("name") or str(contact.company or contact)
    first = Stage.objects.filter(kind=Stage.Kind.OPEN, pipeline__is_active=True)
    wanted = request.GET.get("stage", "")
    if wanted.isdecimal() and len(wanted) < 12:
        first = first.filter(pk=int(wanted))
    initial["stage"] = first.order_by("pipeline__position", "position").first()
    return initial
