"""The cache on Redis. When Redis is away each process keeps its own for a while: pages work, and limits still limit."""

import json
import logging
import time

import redis
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

log = logging.getLogger(__name__)
# Seconds in which a Redis that did not answer is not asked again.
CALM = 5


class Json:
    """What the cache holds is data. Django's own choice, pickle, would run what a stranger in Redis put there."""

    def dumps(self, value):
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, data):
        return json.loads(data)


class Cache(RedisCache):
    """RedisCache that falls back to the process's own memory."""

    away_until = 0.0

    def __init__(self, server, params):
        params.setdefault("OPTIONS", {}).setdefault("serializer", Json)
        super().__init__(server, params)
        self._own = LocMemCache("redis-away", {"KEY_PREFIX": self.key_prefix})

    def is_up(self):
        """Whether Redis itself answers."""
        try:
            return self._cache.get_client().ping()
        except redis.RedisError:
            return False

    def clear_own(self):
        """Forget what this process kept itself."""
        self._own.clear()

    def _act(self, name, *args, **kwargs):
        if time.monotonic() >= Cache.away_until:
            try:
                return getattr(super(), name)(*args, **kwargs)
            except redis.RedisError as error:
                log.warning("Redis is away: %s", error)
                Cache.away_until = time.monotonic() + CALM
            except ValueError:
                log.warning("The cache held something that is no JSON: taken for nothing")
        return getattr(self._own, name)(*args, **kwargs)

    def add(self, *args, **kwargs):
        return self._act("add", *args, **kwargs)

    def get(self, *args, **kwargs):
        return self._act("get", *args, **kwargs)

    def set(self, *args, **kwargs):
        return self._act("set", *args, **kwargs)

    def touch(self, *args, **kwargs):
        return self._act("touch", *args, **kwargs)

    def delete(self, *args, **kwargs):
        return self._act("delete", *args, **kwargs)

    def get_many(self, *args, **kwargs):
        return self._act("get_many", *args, **kwargs)

    def set_many(self, *args, **kwargs):
        return self._act("set_many", *args, **kwargs)

    def delete_many(self, *args, **kwargs):
        return self._act("delete_many", *args, **kwargs)

    def has_key(self, *args, **kwargs):
        return self._act("has_key", *args, **kwargs)

    def incr(self, *args, **kwargs):
        return self._act("incr", *args, **kwargs)
