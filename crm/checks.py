"""System checks: settings that must not be used refuse to start."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Tags, register

LOCAL = {"localhost", "127.0.0.1", "::1"}


@register(Tags.security)
def unsafe_settings(app_configs, **kwargs):
    """Debugging, a weak key, plain HTTP or embedded servers on a public address."""
    found = []
    public = urlsplit(settings.BASE_URL).hostname not in LOCAL
    if public and settings.DEBUG:
        found.append(Error("DEBUG is on for a public address.", hint="Unset DEBUG.", id="rapport.E001"))
    if public and settings.EMBEDDED:
        found.append(
            Error(
                "Embedded servers are for one machine.",
                hint="Set DATABASE_URL, REDIS_URL and EMAIL_URL and start gunicorn.",
                id="rapport.E002",
            )
        )
    if public and not settings.SECURE:
        found.append(
            Error(
                "BASE_URL is public but not https://.",
                hint="Serve it over TLS and set BASE_URL to https://….",
                id="rapport.E003",
            )
        )
    if public and len(settings.SECRET_KEY) < 50:
        found.append(Error("SECRET_KEY is shorter than 50 characters.", hint="Make a random one.", id="rapport.E004"))
    if "*" in settings.ALLOWED_HOSTS:
        found.append(Error("ALLOWED_HOSTS allows every host.", hint="Name the hosts.", id="rapport.E005"))
    return found
