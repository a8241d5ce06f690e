"""“Still right”: somebody has looked a record through, and its freshness begins anew."""

from django.db import transaction
from django.utils import timezone

from contacts.services.quality.measuring import measure
from crm.events import record


@transaction.atomic
def verify(found, *, by):
    """Stamp the record; pressing twice on one day says it once."""
    now = timezone.now()
    known = type(found).objects.select_for_update(of=["self"]).get(pk=found.pk)
    is_news = not known.verified_at or timezone.localdate(known.verified_at) != timezone.localdate(now)
    type(found).objects.filter(pk=found.pk).update(verified_at=now)
    found.verified_at = now
    measure(found)
    if is_news:
        kind = found._meta.model_name
        company = found.company if kind == "contact" else found
        record(
            f"{kind}.verified", contact=found if kind == "contact" else None, company=company, target=found, actor=by
        )
    return found
