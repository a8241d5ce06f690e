"""People, companies and tasks for administrators. Work on them is done in the program; here one looks and repairs."""

from django.contrib import admin

from contacts.models import (
    Address,
    BankAccount,
    Company,
    Consent,
    ConsentText,
    Contact,
    ContactPoint,
    Employment,
    LifecycleStay,
    Requisite,
    Task,
    Topic,
)
from crm.admin import ReadOnlyAdmin, TrackedAdmin
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


class ChildInline(admin.TabularInline):
    """Rows that hang on a record: to look at. They are changed in the program, which settles what follows from it."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


class PointInline(ChildInline):
    model = ContactPoint
    fields = ["kind", "value", "label", "is_primary", "verified_at", "bounced_at", "opted_out_at"]


class EmploymentInline(ChildInline):
    model = Employment
    fields = ["company", "role", "since_on", "until_on", "is_primary", "has_left"]


class AddressInline(ChildInline):
    model = Address
    fields = ["kind", "label", "street", "postcode", "city", "region", "country"]


class LifecycleInline(ChildInline):
    model = LifecycleStay
    fk_name = "contact"
    fields = ["stage", "entered_at", "left_at", "by", "how"]


class RequisiteInline(ChildInline):
    model = Requisite
    fields = ["name", "form", "country", "inn", "kpp", "ogrn", "vat_id", "is_primary"]


@admin.register(Contact)
class ContactAdmin(RecordAdmin):
    list_display = ["__str__", "email", "phone", "company", "stage", "owner", "created_at"]
    list_filter = ["stage", "owner", "team"]
    list_select_related = ["company", "owner"]
    search_fields = ["name_key__startswith", "email__startswith"]
    autocomplete_fields = ["owner", "team"]
    # They repeat the primary contact points and the primary employment.
    readonly_fields = ["email", "phone", "company", "created_at"]
    inlines = [PointInline, EmploymentInline, AddressInline, LifecycleInline]


@admin.register(Company)
class CompanyAdmin(RecordAdmin):
    list_display = ["name", "domain", "city", "owner", "created_at"]
    list_filter = ["owner", "team"]
    list_select_related = ["owner"]
    search_fields = ["name_key__startswith", "domain__startswith", "inn__startswith"]
    autocomplete_fields = ["owner", "team"]
    # The first two repeat the primary contact points; the tree is changed in the program, which refuses a ring in words.
    readonly_fields = ["email", "phone", "parent", "created_at"]
    inlines = [PointInline, RequisiteInline, AddressInline]


@admin.register(Task)
class TaskAdmin(RecordAdmin):
    list_display = ["title", "kind", "owner", "due_at", "done_at"]
    list_filter = ["kind", "owner"]
    list_select_related = ["owner"]
    search_fields = ["title__icontains"]
    autocomplete_fields = ["owner", "team", "contact", "company", "by"]


class BankAccountInline(ChildInline):
    model = BankAccount
    fields = ["bank", "bik", "account", "correspondent", "iban", "bic"]


@admin.register(Requisite)
class RequisiteAdmin(RecordAdmin):
    list_display = ["name", "company", "country", "inn", "kpp", "vat_id", "is_primary"]
    list_filter = ["country"]
    list_select_related = ["company"]
    search_fields = ["inn__startswith", "vat_id__startswith", "ogrn__startswith"]
    autocomplete_fields = ["company"]
    readonly_fields = ["is_primary", "created_at"]
    inlines = [BankAccountInline]


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    """The ledger only grows: statements are made in the program."""

    list_display = ["contact", "purpose", "topic", "channel", "is_given", "way", "at"]
    list_filter = ["purpose", "channel", "is_given", "way", "law"]
    list_select_related = ["contact"]
    search_fields = ["point__startswith", "contact__name_key__startswith"]
    date_hierarchy = "at"
    show_full_result_count = False
    list_per_page = 50


@admin.register(ConsentText)
class ConsentTextAdmin(ReadOnlyAdmin):
    list_display = ["purpose", "law", "language", "number", "created_at", "by"]
    list_filter = ["purpose", "law", "language"]
    search_fields = ["text"]


@admin.register(Topic)
class TopicAdmin(TrackedAdmin):
    list_display = ["name", "code", "is_offered", "position"]
    search_fields = ["code", "name_en", "name_ru"]
    readonly_fields = ["code"]

    def has_delete_permission(self, request, obj=None):
        return False
