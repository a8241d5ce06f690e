"""Django admin for administrators: search, filters, autocomplete and the audit trail of the core's records."""

from allauth.account.decorators import secure_admin_login
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from crm import audit, outbox
from crm.models import (
    CustomField,
    Delivery,
    Invitation,
    Job,
    Notification,
    ObjectKind,
    ObjectRecord,
    ObjectRelation,
    OutboxMessage,
    Role,
    StoredFile,
    Team,
    User,
    Workspace,
)

admin.site.site_header = admin.site.site_title = "Rapport"
admin.site.index_title = _("Administration")
# One door for everybody: rate limits and the second step hold here as well.
admin.site.login = secure_admin_login(admin.site.login)
# Rights come from our roles; groups would only look as if they did something.
admin.site.unregister(Group)


class TrackedAdmin(admin.ModelAdmin):
    """Admin of a record with an audit trail: its history page also shows each field before and after."""

    object_history_template = "admin/tracked_history.html"

    def history_view(self, request, object_id, extra_context=None):
        obj = self.get_object(request, object_id)
        changes = audit.changes_of(obj, limit=200) if obj else []
        people = User.objects.in_bulk({change.who for change in changes if change.who})
        rows = [(change, people.get(change.who)) for change in changes]
        return super().history_view(request, object_id, {**(extra_context or {}), "rows": rows})


class ReadOnlyAdmin(admin.ModelAdmin):
    """What the program keeps for itself: to look at, not to change."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(User)
class UserAdmin(TrackedAdmin, DjangoUserAdmin):
    list_display = ["email", "name", "team", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser", "team", "roles", "language"]
    list_select_related = ["team"]
    search_fields = ["email", "name"]
    ordering = ["name"]
    autocomplete_fields = ["team", "roles"]
    filter_horizontal = []
    readonly_fields = ["last_login", "created_at"]
    fieldsets = [
        (None, {"fields": ["email", "password"]}),
        (_("Person"), {"fields": ["name", "job_title", "phone", "language", "time_zone", "theme", "signature"]}),
        (_("Rights"), {"fields": ["team", "roles", "is_active", "is_staff", "is_superuser"]}),
        (_("Dates"), {"fields": ["last_login", "created_at"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    list_display = ["name", "parent"]
    list_select_related = ["parent"]
    search_fields = ["name"]
    autocomplete_fields = ["parent"]


@admin.register(Role)
class RoleAdmin(admin.ModelAdmin):
    list_display = ["name", "code"]
    search_fields = ["name", "code"]


@admin.register(Workspace)
class WorkspaceAdmin(TrackedAdmin):
    def has_add_permission(self, request):
        return not Workspace.objects.exists()

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ["email", "name", "team", "created_at", "accepted_at", "revoked_at"]
    list_filter = ["accepted_at", "revoked_at"]
    list_select_related = ["team"]
    search_fields = ["email", "name"]
    exclude = ["token_hash"]


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["kind", "subject", "by", "state", "done", "total", "created_at", "finished_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["by"]
    search_fields = ["kind", "subject", "by__email"]
    date_hierarchy = "created_at"


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ["user", "kind", "text", "created_at", "read_at"]
    list_filter = ["kind"]
    list_select_related = ["user"]
    search_fields = ["user__email", "text"]


@admin.register(StoredFile)
class StoredFileAdmin(ReadOnlyAdmin):
    list_display = ["name", "content_type", "size", "by", "target_type", "created_at"]
    list_filter = ["kind", "target_type"]
    list_select_related = ["by"]
    search_fields = ["name", "sha256"]
    # A link to the stored name would open the file in the browser: downloads go through the program's own view.
    exclude = ["content"]

    def get_queryset(self, request):
        """Names of files in what is private (personal letters) are nobody else's to read."""
        private = [model._meta.label_lower for model in apps.get_models() if getattr(model, "access_private", False)]
        return super().get_queryset(request).exclude(target_type__in=private)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["to", "subject", "kind", "state", "reason", "attempts", "created_at", "settled_at"]
    list_filter = ["state", "kind"]
    search_fields = ["to", "subject", "message_id"]
    show_full_result_count = False
    # Sign-in and invitation letters carry links that work; nobody reads them here.
    exclude = ["text", "html"]

    def get_queryset(self, request):
        """Letters that users send by mailboxes of their own are not the company's."""
        return super().get_queryset(request).filter(account="")


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    list_display = ["kind", "key", "queue", "state", "attempts", "due_at", "last_error"]
    list_filter = ["state", "queue", "kind"]
    search_fields = ["key", "kind"]
    show_full_result_count = False
    actions = ["try_again"]

    @admin.action(description=_("Try parked messages again"))
    def try_again(self, request, queryset):
        parked = queryset.filter(state=OutboxMessage.State.PARKED)
        over = parked.filter(kind__in=outbox.given_up_for_good()).count()
        parked = parked.exclude(kind__in=outbox.given_up_for_good())
        count = parked.update(state=OutboxMessage.State.READY, attempts=0, lease_until=None)
        self.message_user(request, _("%(count)s messages are tried again.") % {"count": count})
        if over:
            text = _(
                "Left out, because their jobs are over: %(count)s. Start those jobs again where they were started."
            )
            self.message_user(request, text % {"count": over}, messages.WARNING)


@admin.register(CustomField)
class CustomFieldAdmin(TrackedAdmin):
    """Fields are defined in the settings, where their values are looked after; here one looks and repairs."""

    list_display = ["label_en", "label_ru", "subject", "kind", "key", "is_required", "index_state", "retired_at"]
    list_filter = ["subject", "kind", "index_state"]
    search_fields = ["key", "label_en", "label_ru"]
    readonly_fields = ["subject", "key", "kind", "rules", "index_state", "index_error", "retired_at", "version"]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class ObjectRelationInline(admin.TabularInline):
    model = ObjectRelation
    fields = ["target", "label_en", "label_ru", "is_single", "is_required", "retired_at"]
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False


@admin.register(ObjectKind)
class ObjectKindAdmin(ReadOnlyAdmin, TrackedAdmin):
    """To look at: a kind is made, changed and deleted in the settings, with the rights and fields that belong to it."""

    list_display = ["code", "plural_en", "plural_ru", "last_number", "retired_at"]
    inlines = [ObjectRelationInline]


@admin.register(ObjectRecord)
class ObjectRecordAdmin(ReadOnlyAdmin, TrackedAdmin):
    list_display = ["title", "kind", "number", "owner", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["kind", "owner"]
    search_fields = ["name_key"]
    show_full_result_count = False
