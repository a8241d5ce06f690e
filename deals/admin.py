"""Django admin of deals: for looking things up and mending them. Moves and sendings are made in the pages."""

from django.contrib import admin

from crm.admin import TrackedAdmin
from deals.models import (
    Deal,
    DealLine,
    LossReason,
    Order,
    OrderLine,
    Pipeline,
    Product,
    Proposal,
    ProposalVersion,
    Stage,
)


class MadeElsewhere:
    """Rows that only the program makes, because more than a row is made."""

    def has_add_permission(self, request, obj=None):
        return False


class StageInline(admin.TabularInline):
    model = Stage
    extra = 0


class DealLineInline(admin.TabularInline):
    model = DealLine
    extra = 0
    raw_id_fields = ["product"]


class OrderLineInline(MadeElsewhere, admin.TabularInline):
    model = OrderLine
    extra = 0
    raw_id_fields = ["product"]


class VersionInline(MadeElsewhere, admin.TabularInline):
    model = ProposalVersion
    extra = 0
    fields = readonly_fields = ["number", "status", "total", "currency", "sent_at", "sent_to", "views", "answered_at"]
    can_delete = False


@admin.register(Pipeline)
class PipelineAdmin(TrackedAdmin):
    list_display = ["name", "position", "is_active"]
    search_fields = ["name"]
    inlines = [StageInline]


@admin.register(LossReason)
class LossReasonAdmin(admin.ModelAdmin):
    list_display = ["name", "position", "is_active"]
    search_fields = ["name"]


@admin.register(Product)
class ProductAdmin(TrackedAdmin):
    list_display = ["name", "sku", "category", "price", "currency", "is_active"]
    list_filter = ["is_active", "currency"]
    search_fields = ["name_key", "sku"]


@admin.register(Deal)
class DealAdmin(MadeElsewhere, TrackedAdmin):
    list_display = ["name", "contact", "stage", "amount", "currency", "owner", "created_at"]
    list_filter = ["state", "pipeline"]
    list_select_related = ["contact", "stage", "owner"]
    search_fields = ["name_key"]
    autocomplete_fields = ["owner", "team", "loss_reason"]
    raw_id_fields = ["contact", "company"]
    readonly_fields = ["pipeline", "stage", "state", "amount_base", "amount_source", "closed_at", "created_at"]
    show_full_result_count = False
    inlines = [DealLineInline]

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        form.instance.recount(by=request.user)


@admin.register(Proposal)
class ProposalAdmin(MadeElsewhere, admin.ModelAdmin):
    list_display = ["number", "title", "deal", "created_at"]
    list_select_related = ["deal"]
    search_fields = ["title"]
    raw_id_fields = ["deal"]
    readonly_fields = ["by", "created_at"]
    show_full_result_count = False
    inlines = [VersionInline]


@admin.register(Order)
class OrderAdmin(MadeElsewhere, TrackedAdmin):
    list_display = ["__str__", "contact", "company", "amount", "currency", "source", "ordered_at", "paid_at"]
    list_filter = ["source"]
    list_select_related = ["contact", "company"]
    search_fields = ["number", "external_id"]
    raw_id_fields = ["contact", "company", "deal"]
    autocomplete_fields = ["owner", "team"]
    readonly_fields = ["amount_base", "created_at", "amount", "tax", "rate", "currency"]
    show_full_result_count = False
    inlines = [OrderLineInline]
