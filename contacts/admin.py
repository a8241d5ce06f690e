"""People, companies and tasks for administrators. Work on them is done in the program; here one looks and repairs."""

from django.contrib import admin

from contacts.models import Company, Contact, Task
from crm.admin import TrackedAdmin
from crm.text import sort_key


class RecordAdmin(TrackedAdmin):
    """A customer record. Removing one is a service that also settles what hangs on it, so not from here."""

    show_full_result_count = False
    list_per_page = 50

    def get_search_results(self, request, queryset, search_term):
        """Names are kept as keys: small letters, without accents."""
        return super().get_search_results(request, queryset, sort_key(search_term))

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Contact)
class ContactAdmin(RecordAdmin):
    list_display = ["__str__", "email", "phone", "company", "stage", "owner", "created_at"]
    list_filter = ["stage", "owner", "team"]
    list_select_related = ["company", "owner"]
    search_fields = ["name_key__startswith", "email__startswith"]
    autocomplete_fields = ["owner", "team"]
    # They repeat the primary contact points and the primary employment.
    readonly_fields = ["email", "phone", "company", "created_at"]


@admin.register(Company)
class CompanyAdmin(RecordAdmin):
    list_display = ["name", "domain", "city", "owner", "created_at"]
    list_filter = ["owner", "team"]
    list_select_related = ["owner"]
    search_fields = ["name_key__startswith", "domain__startswith", "inn__startswith"]
    autocomplete_fields = ["owner", "team", "parent"]


@admin.register(Task)
class TaskAdmin(RecordAdmin):
    list_display = ["title", "kind", "owner", "due_at", "done_at"]
    list_filter = ["kind", "owner"]
    list_select_related = ["owner"]
    search_fields = ["title__icontains"]
    autocomplete_fields = ["owner", "team", "contact", "company", "by"]
