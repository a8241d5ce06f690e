"""What the user should know."""

from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import htmx
from crm.models import Notification

PAGE = 50


def index(request):
    rows = Notification.objects.filter(user=request.user).order_by("-created_at")[:PAGE]
    return render(request, "crm/notification_list.html", {"rows": rows})


@require_POST
def read(request):
    """Mark all as read."""
    Notification.objects.filter(user=request.user, read_at=None).update(read_at=timezone.now())
    return htmx.redirect(request, request.path.removesuffix("read/"), _("All marked as read."))


@require_POST
def show(request, pk):
    """Mark one as read and go where it points."""
    row = get_object_or_404(Notification, user=request.user, pk=pk)
    Notification.objects.filter(pk=row.pk, read_at=None).update(read_at=timezone.now())
    ours = url_has_allowed_host_and_scheme(row.url, {request.get_host()}, require_https=request.is_secure())
    return redirect(row.url if ours else "notifications")
