from django.urls import path

from analytics.views import kpis, targets

app_name = "analytics"

urlpatterns = [
    path("", kpis.index, name="index"),
    path("targets/<int:pk>/delete/", targets.destroy, name="target_delete"),
    path("<slug:name>/", kpis.show, name="show"),
    path("<slug:name>/targets/", targets.index, name="targets"),
]
