"""What is asked for over and over within one request or job, and read from the database once."""

from contextlib import contextmanager

from asgiref.local import Local
from django.core.signals import request_finished, request_started

_local = Local()


def kept(name, read):
    """`read()`, remembered under `name` until the request or the piece of work is over; outside of one, read anew."""
    store = getattr(_local, "store", None)
    if store is None:
        return read()
    if name not in store:
        store[name] = read()
    return store[name]


def forget(name):
    """Read it anew the next time: it was changed here."""
    store = getattr(_local, "store", None)
    if store is not None:
        store.pop(name, None)


@contextmanager
def keeping():
    """A piece of work within which things are read once, as in a request."""
    before = getattr(_local, "store", None)
    _local.store = {}
    try:
        yield
    finally:
        _local.store = before


def _open(**kwargs):
    _local.store = {}


def end(**kwargs):
    """The request is over: nothing of it is remembered."""
    _local.store = None


request_started.connect(_open)
request_finished.connect(end)
