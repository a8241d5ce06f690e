"""Sign-in by default, and each person's language and time zone."""

import zoneinfo
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, get_user_model
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from pghistory.middleware import HistoryMiddleware


class SignInMiddleware(LoginRequiredMiddleware):
    """Every view asks for sign-in unless it is public. htmx is told to go to the sign-in page as a whole."""

    def handle_no_permission(self, request, view_func):
        if not get_user_model().objects.exists():
            return redirect("setup")
        if not request.htmx:
            return super().handle_no_permission(request, view_func)
        # After signing in the person wants the page, not the fragment that was asked for.
        page = urlsplit(request.htmx.current_url or "/")
        back = urlunsplit(("", "", page.path or "/", page.query, ""))
        login = f"{reverse(settings.LOGIN_URL)}?{urlencode({REDIRECT_FIELD_NAME: back})}"
        return HttpResponse(headers={"HX-Redirect": login})


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
