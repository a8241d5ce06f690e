"""All routes: those of the core without a prefix, those of an app under its name."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("contacts/", include("contacts.urls")),
    path("deals/", include("deals.urls")),
    path("tickets/", include("tickets.urls")),
    path("campaigns/", include("campaigns.urls")),
    path("kpi/", include("analytics.urls")),
]
