"""How often something open to the world may be done. Counted in the cache: losing it forgives, never locks out."""

from django.core.cache import cache


def too_often(what, who, *, limit, seconds):
    """Count one more of `what` by `who`; True when that is more than `limit` within `seconds` of the first."""
    key = f"limit:{what}:{who}"
    cache.add(key, 0, seconds)
    try:
        return cache.incr(key) > limit
    except ValueError:  # it ran out between the two
        return False
