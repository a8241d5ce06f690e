"""All routes: those of the core without a prefix, those of an app under its name."""

from django.contrib import admin
from django.urls import include, path

from crm.views import (
    conditions,
    files,
    invitations,
    jobs,
    lists,
    notifications,
    palette,
    panels,
    profile,
    setup,
    team,
    timeline,
    today,
)

urlpatterns = [
    path("", today.show, name="today"),
    path("search/", palette.index, name="search"),
    path("palette/", palette.show, name="palette"),
    path("places/", palette.places, name="places"),
    path("panels/<slug:subject>/<slug:name>/<int:pk>/", panels.show, name="panel"),
    path("history/<slug:kind>/<int:pk>/", panels.history, name="history"),
    path("timeline/<slug:kind>/<int:pk>/", timeline.show, name="timeline"),
    path("files/", files.create, name="file_create"),
    path("files/<uuid:uuid>/", files.show, name="file_show"),
    path("lists/<slug:name>/foot/", lists.foot, name="list_foot"),
    path("lists/<slug:name>/views/", lists.save_view, name="list_views"),
    path("lists/<slug:name>/views/<int:pk>/", lists.change_view, name="list_view"),
    path("lists/<slug:name>/acts/<slug:act>/", lists.bulk, name="list_bulk"),
    path("lists/<slug:name>/export/", lists.export, name="list_export"),
    path("conditions/<slug:subject>/token/", conditions.token, name="conditions_token"),
    path("conditions/<slug:subject>/builder/", conditions.builder, name="conditions_builder"),
    path("jobs/", jobs.index, name="jobs"),
    path("jobs/<int:pk>/", jobs.show, name="job_show"),
    path("jobs/<int:pk>/progress/", jobs.progress, name="job_progress"),
    path("jobs/<int:pk>/cancellations/", jobs.cancel, name="job_cancel"),
    path("notifications/", notifications.index, name="notifications"),
    path("notifications/read/", notifications.read, name="notifications_read"),
    path("notifications/<int:pk>/", notifications.show, name="notification_show"),
    path("settings/", profile.settings_index, name="settings"),
    path("settings/profile/", profile.edit, name="profile"),
    path("settings/theme/", profile.theme, name="theme"),
    path("settings/company/", team.company, name="company_settings"),
    path("settings/users/", team.users, name="users"),
    path("settings/users/<int:pk>/", team.user, name="user_edit"),
    path("settings/teams/", team.teams, name="teams"),
    path("settings/teams/<int:pk>/", team.team_edit, name="team_edit"),
    path("settings/roles/", team.roles, name="roles"),
    path("settings/roles/<int:pk>/", team.role_edit, name="role_edit"),
    path("settings/invitations/", invitations.create, name="invitation_create"),
    path("settings/invitations/<int:pk>/revocations/", invitations.revoke, name="invitation_revoke"),
    path("join/<str:token>/", invitations.accept, name="invitation_accept"),
    path("setup/", setup.show, name="setup"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("contacts/", include("contacts.urls")),
    path("deals/", include("deals.urls")),
    path("tickets/", include("tickets.urls")),
    path("help/", include("tickets.help_urls")),
    path("campaigns/", include("campaigns.urls")),
    path("", include("campaigns.public_urls")),
    path("kpi/", include("analytics.urls")),
]

handler400 = "crm.views.errors.bad_request"
handler403 = "crm.views.errors.forbidden"
handler404 = "crm.views.errors.not_found"
handler500 = "crm.views.errors.server_error"
