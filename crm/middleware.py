"""Sign-in by default, and each person's language and time zone."""

import zoneinfo

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpResponse
from django.utils import timezone, translation
from pghistory.middleware import HistoryMiddleware


class SignInMiddleware(LoginRequiredMiddleware):
    """Every view asks for sign-in unless it is public. htmx is told to go to the sign-in page as a whole."""

    def handle_no_permission(self, request, view_func):
        answer = super().handle_no_permission(request, view_func)
        if request.htmx:
            return HttpResponse(headers={"HX-Redirect": answer.url})
        return answer


class AuditMiddleware(HistoryMiddleware):
    """Notes in the audit trail from where a change came."""

    def get_context(self, request):
        return super().get_context(request) | {"address": request.META.get("REMOTE_ADDR", "")}


class PreferencesMiddleware:
    """Show pages in the user's language and time zone."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        translation.activate(user.language)
        request.LANGUAGE_CODE = user.language
        with timezone.override(zone_of(user)):
            return self.get_response(request)


def zone_of(user):
    """The user's zone; UTC when the name is none."""
    try:
        return zoneinfo.ZoneInfo(user.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")
