"""Django admin of analytics: targets, and what predictions were fitted on."""

from django.contrib import admin

from analytics.models import ClvFit, KpiTarget
from crm.admin import ReadOnlyAdmin, TrackedAdmin


@admin.register(KpiTarget)
class KpiTargetAdmin(TrackedAdmin):
    list_display = ["kpi", "first_on", "last_on", "value", "set_by"]
    list_filter = ["kpi"]
    list_select_related = ["set_by"]
    search_fields = ["kpi"]
    autocomplete_fields = ["set_by"]


@admin.register(ClvFit)
class ClvFitAdmin(ReadOnlyAdmin):
    list_display = ["made_at", "customers", "value"]
    date_hierarchy = "made_at"
