from django.urls import path

from contacts.views import companies, contacts, imports, lists, records, tasks

app_name = "contacts"

urlpatterns = [
    path("", lists.contacts, name="index"),
    path("new/", contacts.new, name="contact_new"),
    path("create/", contacts.create, name="contact_create"),
    path("<int:pk>/", contacts.show, name="contact_show"),
    path("<int:pk>/edit/", contacts.edit, name="contact_edit"),
    path("<int:pk>/delete/", contacts.destroy, name="contact_delete"),
    path("<int:pk>/talks/", contacts.talk, name="contact_talk_create"),
    path("<int:pk>/fields/<slug:name>/", contacts.field, name="contact_field"),
    path("<int:pk>/fields/<slug:name>/shown/", contacts.field_shown, name="contact_field_shown"),
    path("<int:pk>/points/", records.point_create, name="point_create"),
    path("<int:pk>/points/<int:point_pk>/delete/", records.point_delete, name="point_delete"),
    path("<int:pk>/points/<int:point_pk>/primary/", records.point_primary, name="point_primary"),
    path("<int:pk>/consents/", records.consent_create, name="consent_create"),
    path("<int:pk>/files/", records.file_create, name="file_create"),
    path("companies/", lists.companies, name="companies"),
    path("companies/new/", companies.new, name="company_new"),
    path("companies/create/", companies.create, name="company_create"),
    path("companies/<int:pk>/", companies.show, name="company_show"),
    path("companies/<int:pk>/edit/", companies.edit, name="company_edit"),
    path("companies/<int:pk>/talks/", companies.talk, name="company_talk_create"),
    path("companies/<int:pk>/fields/<slug:name>/", companies.field, name="company_field"),
    path("companies/<int:pk>/fields/<slug:name>/shown/", companies.field_shown, name="company_field_shown"),
    path("companies/<int:pk>/delete/", companies.destroy, name="company_delete"),
    path("tasks/", lists.tasks, name="tasks"),
    path("tasks/new/", tasks.new, name="task_new"),
    path("tasks/<int:pk>/", tasks.show, name="task_show"),
    path("tasks/<int:pk>/done/", tasks.finish, name="task_done"),
    path("tasks/<int:pk>/reopenings/", tasks.reopen, name="task_reopen"),
    path("tasks/<int:pk>/snoozes/", tasks.snooze, name="task_snooze"),
    path("tasks/<int:pk>/dues/", tasks.unsnooze, name="task_unsnooze"),
    path("tasks/<int:pk>/delegations/", tasks.delegate, name="task_delegate"),
    path("imports/", imports.index, name="imports"),
    path("imports/new/", imports.new, name="import_new"),
    path("imports/<int:pk>/", imports.show, name="import_show"),
    path("imports/<int:pk>/start/", imports.start, name="import_start"),
    path("imports/<int:pk>/undo/", imports.undo, name="import_undo"),
]
