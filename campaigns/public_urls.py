"""Routes open to the world."""

from django.urls import path

from campaigns.views import public

app_name = "public"

urlpatterns = [
    path("t/u/<str:token>/", public.unsubscribe, name="unsubscribe"),
    path("g/<slug:slug>/", public.guide, name="guide"),
]
