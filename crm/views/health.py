"""Whether all parts live, for load balancers and people on call."""

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.models import Min
from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from crm.access import public
from crm.heartbeat import seconds_since
from crm.models import OutboxMessage

# Seconds after which a part that should have shown itself counts as down.
SILENT = 90


@public
@never_cache
def show(request):
    """JSON of every part; 503 when one is down. No detail that helps an attacker."""
    parts = {"database": _database(), "redis": _redis(), "worker": _beat("worker"), "beat": _beat("beat")}
    healthy = all(part["ok"] for part in parts.values())
    body = {
        "ok": healthy,
        "version": settings.VERSION,
        **parts,
        "outbox_age": _outbox_age() if parts["database"]["ok"] else None,
    }
    return JsonResponse(body, status=200 if healthy else 503)


def _database():
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return {"ok": True}
    except DatabaseError:
        return {"ok": False}


def _redis():
    return {"ok": cache.is_up()}


def _beat(name):
    """Seconds since that part was last seen."""
    age = seconds_since(name)
    return {"ok": age is not None and age < SILENT, "seconds_ago": age}


def _outbox_age():
    """Seconds that the oldest due row of the outbox has waited."""
    waiting = OutboxMessage.objects.filter(state=OutboxMessage.State.READY, due_at__lte=timezone.now())
    oldest = waiting.aggregate(oldest=Min("due_at"))["oldest"]
    return round((timezone.now() - oldest).total_seconds()) if oldest else 0
