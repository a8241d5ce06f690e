"""Routes open to the world: what people choose to get."""

from django.urls import path

from contacts.views import preferences

app_name = "consents"

urlpatterns = [
    path("preferences/<str:token>/", preferences.show, name="preferences"),
    path("confirm/<str:token>/", preferences.confirm, name="confirm"),
]
