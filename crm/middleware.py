"""Sign-in by default, each person's language and time zone, and the address a request really comes from."""

import contextlib
import hashlib
import ipaddress
import zoneinfo
from urllib.parse import urlencode, urlsplit, urlunsplit

from allauth.usersessions.middleware import UserSessionsMiddleware
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, get_user_model
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.cache import cache
from django.core.exceptions import BadRequest, MiddlewareNotUsed
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from pghistory.middleware import HistoryMiddleware


class ProxyMiddleware:
    """Behind a proxy the client is the last address the proxy named: limits, sessions, consents and the trail need it."""

    def __init__(self, get_response):
        if not settings.BEHIND_PROXY:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request):
        named = request.META.pop("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        # On a probe of the proxy itself its own address stays.
        with contextlib.suppress(ValueError):
            request.META["REMOTE_ADDR"] = str(ipaddress.ip_address(named))
        return self.get_response(request)


class NulMiddleware:
    """PostgreSQL keeps no NUL and no person types one into an address: such a request is refused as a whole."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "%00" in request.META.get("QUERY_STRING", "") or "\0" in request.path:
            raise BadRequest
        return self.get_response(request)


class SignInMiddleware(LoginRequiredMiddleware):
    """Every view asks for sign-in unless it is public. htmx is told to go to the sign-in page as a whole."""

    def handle_no_permission(self, request, view_func):
        if not get_user_model().objects.exists():
            return redirect("setup")
        if not request.htmx and request.method in {"GET", "HEAD"}:
            return super().handle_no_permission(request, view_func)
        # After signing in the person wants the page, not the fragment or the form that was sent from it.
        page = urlsplit(request.htmx.current_url or request.headers.get("Referer") or "/")
        back = urlunsplit(("", "", page.path or "/", page.query, ""))
        login = f"{reverse(settings.LOGIN_URL)}?{urlencode({REDIRECT_FIELD_NAME: back})}"
        return HttpResponse(headers={"HX-Redirect": login}) if request.htmx else redirect(login)


class AuditMiddleware(HistoryMiddleware):
    """Notes in the audit trail from where a change came."""

    def get_context(self, request):
        return super().get_context(request) | {"address": request.META.get("REMOTE_ADDR", "")}


class SessionMiddleware(UserSessionsMiddleware):
    """Notes where and when a session was last used: at once when that changes, else once a minute."""

    EVERY = 60

    def __call__(self, request):
        if request.session.session_key and not cache.add(self._key(request), 1, self.EVERY):
            return self.get_response(request)
        return super().__call__(request)

    @staticmethod
    def _key(request):
        where = f"{request.META.get('REMOTE_ADDR', '')}\x1f{request.META.get('HTTP_USER_AGENT', '')}"
        return f"session:{request.session.session_key}:{hashlib.sha256(where.encode()).hexdigest()[:16]}"


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
