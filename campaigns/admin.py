"""Django admin of campaigns: to look up who got what and why. Sequences and letters are made in the pages."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from campaigns.models import (
    Enrolment,
    GuideForm,
    HandOffRule,
    Letter,
    ScoreRule,
    Segment,
    SegmentMembership,
    Sequence,
    Step,
    StepRun,
    Suppression,
)
from crm.admin import ReadOnlyAdmin, TrackedAdmin


class StepInline(admin.TabularInline):
    model = Step
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(Segment)
class SegmentAdmin(TrackedAdmin, ReadOnlyAdmin):
    list_display = ["name", "size", "built_at", "owner", "error"]
    list_filter = ["owner", "team"]
    list_select_related = ["owner"]
    search_fields = ["name"]


@admin.register(SegmentMembership)
class SegmentMembershipAdmin(ReadOnlyAdmin):
    list_display = ["segment", "contact", "entered_at", "left_at"]
    list_select_related = ["segment", "contact"]
    search_fields = ["contact__email__startswith", "contact__name_key__startswith"]
    show_full_result_count = False


@admin.register(Sequence)
class SequenceAdmin(TrackedAdmin, ReadOnlyAdmin):
    list_display = ["name", "segment", "status", "owner", "started_at"]
    list_filter = ["status", "owner", "team"]
    list_select_related = ["segment", "owner"]
    search_fields = ["name"]
    inlines = [StepInline]


@admin.register(Step)
class StepAdmin(ReadOnlyAdmin):
    list_display = ["sequence", "position", "kind", "letter", "wait"]
    list_filter = ["kind"]
    list_select_related = ["sequence", "letter"]
    search_fields = ["sequence__name"]


@admin.register(Enrolment)
class EnrolmentAdmin(ReadOnlyAdmin):
    list_display = ["contact", "sequence", "state", "position", "due_at", "entered_at", "reason"]
    list_filter = ["state", "sequence"]
    list_select_related = ["contact", "sequence"]
    search_fields = ["contact__email__startswith", "contact__name_key__startswith"]
    show_full_result_count = False


@admin.register(StepRun)
class StepRunAdmin(ReadOnlyAdmin):
    list_display = ["enrolment", "step", "outcome", "reason", "at", "opened_at", "clicked_at"]
    list_filter = ["outcome"]
    list_select_related = ["enrolment__contact", "enrolment__sequence", "step__sequence", "step__letter"]
    search_fields = ["enrolment__contact__email__startswith"]
    show_full_result_count = False


@admin.register(Letter)
class LetterAdmin(TrackedAdmin, ReadOnlyAdmin):
    list_display = ["name", "subject", "language", "version"]
    list_filter = ["language"]
    search_fields = ["name", "subject"]
    exclude = ["html"]


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    """Only a keyed hash is kept: an address is looked up by being written into the search."""

    list_display = ["digest", "reason", "at"]
    list_filter = ["reason"]
    search_fields = ["digest"]
    search_help_text = _("Write the whole address.")
    date_hierarchy = "at"

    def get_search_results(self, request, queryset, search_term):
        if "@" in search_term:
            return queryset.filter(digest=Suppression.digest_of(search_term)), False
        return super().get_search_results(request, queryset, search_term)


@admin.register(ScoreRule)
class ScoreRuleAdmin(TrackedAdmin):
    list_display = ["label", "event", "points", "half_life", "cap"]
    search_fields = ["label", "event"]


@admin.register(HandOffRule)
class HandOffRuleAdmin(TrackedAdmin):
    list_display = ["threshold", "again_below", "is_active"]

    def has_add_permission(self, request):
        return not HandOffRule.objects.exists()


@admin.register(GuideForm)
class GuideFormAdmin(TrackedAdmin):
    list_display = ["title", "slug", "language", "is_open"]
    list_filter = ["language", "is_open"]
    search_fields = ["title", "slug"]
