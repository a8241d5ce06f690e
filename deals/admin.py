"""Deals, orders, products and pipelines for administrators. A stage is changed on the board, where it is recorded."""

from django.contrib import admin

from crm.admin import ReadOnlyAdmin, TrackedAdmin
from deals.models import Deal, LossReason, Order, Pipeline, Product


@admin.register(Deal)
class DealAdmin(TrackedAdmin, ReadOnlyAdmin):
    list_display = ["name", "company", "pipeline", "stage", "amount", "currency", "owner", "created_at"]
    list_filter = ["state", "pipeline", "owner"]
    list_select_related = ["company", "pipeline", "stage", "owner"]
    search_fields = ["name_key__contains"]
    show_full_result_count = False


@admin.register(Order)
class OrderAdmin(TrackedAdmin, ReadOnlyAdmin):
    list_display = ["number", "company", "contact", "amount", "currency", "ordered_at", "paid_at", "cancelled_at"]
    list_filter = ["source"]
    list_select_related = ["company", "contact"]
    search_fields = ["number", "external_id"]
    show_full_result_count = False


@admin.register(Product)
class ProductAdmin(TrackedAdmin):
    list_display = ["sku", "name", "category", "price", "currency", "is_active"]
    list_filter = ["is_active", "category"]
    search_fields = ["sku", "name"]


@admin.register(Pipeline)
class PipelineAdmin(TrackedAdmin):
    list_display = ["name", "position", "is_active"]


@admin.register(LossReason)
class LossReasonAdmin(admin.ModelAdmin):
    list_display = ["name", "position", "is_active"]
