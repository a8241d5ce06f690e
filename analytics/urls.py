from django.urls import path

from analytics.views import kpis

app_name = "analytics"

urlpatterns = [
    path("", kpis.index, name="index"),
    path("<slug:name>/", kpis.show, name="show"),
]
