"""Django admin of the desk: to look things up and mend them. Answers, articles and letters are made in the pages."""

from django.contrib import admin

from crm.admin import ReadOnlyAdmin, TrackedAdmin
from crm.text import sort_key
from tickets.models import (
    Article,
    Category,
    DeskSettings,
    InboundMail,
    Macro,
    Mailbox,
    Rating,
    SlaBreach,
    SlaTarget,
    Ticket,
    TicketMessage,
)


@admin.register(Ticket)
class TicketAdmin(TrackedAdmin):
    """Status, promises and owner are changed in the program, which tells the client and the stream."""

    list_display = ["number", "subject", "requester", "status", "priority", "owner", "created_at"]
    list_filter = ["status", "priority", "channel", "created_at", "mailbox", "owner"]
    list_select_related = ["requester", "owner"]
    search_fields = ["number__exact", "subject_key__icontains"]
    show_full_result_count = False
    list_per_page = 50
    autocomplete_fields = ["requester", "company", "owner", "team", "mailbox", "follows"]
    readonly_fields = [
        *("status", "priority", "first_response_due_at", "first_response_at", "resolution_due_at", "resolved_at"),
        *("closed_at", "created_at"),
    ]

    def get_search_results(self, request, queryset, search_term):
        """By number (T-4489) or by words of the subject, which is kept as a key."""
        bare = search_term.upper().removeprefix("T-").strip()
        if bare.isdecimal() and len(bare) < 16:
            return queryset.filter(number=int(bare)), False
        return queryset.filter(subject_key__contains=sort_key(search_term)) if search_term else queryset, False

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(TicketMessage)
class TicketMessageAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "ticket", "direction", "author", "sender", "is_automatic"]
    list_filter = ["direction", "is_automatic"]
    list_select_related = ["ticket", "author"]
    search_fields = ["message_id__exact", "ticket__number__exact"]
    show_full_result_count = False
    # The words of clients are read where the rights to their ticket hold.
    exclude = ["text", "html", "images"]


@admin.register(InboundMail)
class InboundMailAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "sender", "subject", "outcome", "reason", "mailbox", "ticket", "attempts"]
    list_filter = ["outcome", "mailbox"]
    list_select_related = ["mailbox", "ticket"]
    search_fields = ["sender__icontains", "message_id__exact", "subject__icontains"]
    date_hierarchy = "received_at"
    show_full_result_count = False


@admin.register(Mailbox)
class MailboxAdmin(TrackedAdmin):
    """Accounts and passwords are set in the program; the password is shown nowhere."""

    list_display = ["name", "address", "host", "is_active", "checked_at", "last_error"]
    list_filter = ["is_active"]
    search_fields = ["name", "address"]
    readonly_fields = ["checked_at", "last_error"]


@admin.register(SlaTarget)
class SlaTargetAdmin(TrackedAdmin):
    list_display = ["priority", "calendar", "first_response", "resolution"]
    list_select_related = ["calendar"]
    search_fields = ["priority"]


@admin.register(SlaBreach)
class SlaBreachAdmin(ReadOnlyAdmin):
    list_display = ["ticket", "clock", "due_at", "noted_at"]
    list_filter = ["clock"]
    list_select_related = ["ticket"]
    search_fields = ["ticket__number__exact"]
    date_hierarchy = "due_at"


@admin.register(Rating)
class RatingAdmin(ReadOnlyAdmin):
    list_display = ["at", "ticket", "score", "agent", "comment"]
    list_filter = ["score"]
    list_select_related = ["ticket", "agent"]
    search_fields = ["ticket__number__exact", "comment__icontains"]
    date_hierarchy = "at"


@admin.register(Macro)
class MacroAdmin(admin.ModelAdmin):
    list_display = ["name", "language"]
    list_filter = ["language"]
    search_fields = ["name", "text"]


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ["name", "language", "position"]
    list_filter = ["language"]
    search_fields = ["name"]


@admin.register(Article)
class ArticleAdmin(TrackedAdmin, ReadOnlyAdmin):
    """To read with its history: the program keeps what search needs when an article is written there."""

    list_display = ["title", "category", "language", "state", "helpful", "unhelpful", "updated_at"]
    list_filter = ["state", "language", "category"]
    list_select_related = ["category"]
    search_fields = ["title_key__icontains"]

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, sort_key(search_term))


@admin.register(DeskSettings)
class DeskSettingsAdmin(TrackedAdmin):
    def has_add_permission(self, request):
        return not DeskSettings.objects.exists()

    def has_delete_permission(self, request, obj=None):
        return False
