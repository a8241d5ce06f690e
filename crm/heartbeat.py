"""Signs of life: workers and beat leave them, pages and /healthz read them."""

import time

from django.core.cache import cache

# After so many seconds people are told that reminders and letters are late.
SILENT = 180


def seconds_since(name):
    """Seconds since "worker" or "beat" was last seen; None when nobody can say."""
    seen = cache.get(f"heartbeat:{name}")
    return None if seen is None else max(0, round(time.time() - seen))


def workers_are_silent():
    """Whether workers have been seen, and not for minutes."""
    age = seconds_since("worker")
    return age is not None and age > SILENT
