"""What pages read of a row is what the person who looks may see: a hidden field reads as empty.

A request that only reads (GET) sees rows through the eyes of its user from beginning to end; one that writes works on
the rows as they are, and its answer is drawn through the user's eyes. So a template, a cell, a suggestion or a sentence
that mentions a hidden field shows nothing, whoever wrote it. Saving a row always writes what it holds.

    with seen_by(user):          # jobs that make something for a person: files, feeds, alerts
    with as_it_is():             # what is for the client and not for the person who looks: the PDF of a proposal
"""

from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps

from django.core.exceptions import FieldDoesNotExist
from django.db.models import DecimalField
from django.db.models.query_utils import DeferredAttribute
from django.template.backends.django import DjangoTemplates, Template

# Whose eyes rows are read with now, and whose they are read with when the answer is drawn.
_eyes = ContextVar("eyes", default=None)
_viewer = ContextVar("viewer", default=None)


@contextmanager
def seen_by(user):
    """Within, fields that are hidden from `user` read as empty."""
    token = _eyes.set(user)
    try:
        yield
    finally:
        _eyes.reset(token)


def reader():
    """Through whose eyes rows are read now; None where they are read as they are."""
    return _eyes.get()


def viewer():
    """The person to whom the answer of this request goes; None outside requests."""
    return _viewer.get()


def as_it_is():
    """Within, rows read as they are."""
    return seen_by(None)


@contextmanager
def drawn():
    """Within, rows are read with the eyes of the person to whom the answer goes."""
    with seen_by(_eyes.get() or _viewer.get()):
        yield


class SightMiddleware:
    """Lets a request look at rows with the eyes of its user."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        user = request.user if request.user.is_authenticated else None
        token = _viewer.set(user)
        try:
            with seen_by(user if request.method in {"GET", "HEAD"} else None):
                return self.get_response(request)
        finally:
            _viewer.reset(token)


class Templates(DjangoTemplates):
    """Django's templates, drawn with the eyes of the person who asked. Letters are drawn without a request."""

    def from_string(self, template_code):
        return _Drawn(super().from_string(template_code).template, self)

    def get_template(self, template_name):
        return _Drawn(super().get_template(template_name).template, self)


class _Drawn(Template):
    def render(self, context=None, request=None):
        if request is None:
            return super().render(context, request)
        with drawn():
            return super().render(context, request)


def watch(model, attribute, guard):
    """Let an attribute of a model read as empty for those from whom the guard hides it."""
    now = model.__dict__.get(attribute)
    if isinstance(now, (_Column, _Computed)):
        now.guards.append(guard)
        return
    try:
        setattr(model, attribute, _Column(model._meta.get_field(attribute), [guard]))
    except FieldDoesNotExist:
        setattr(model, attribute, _Computed(getattr(model, attribute), [guard]))
    _keep_truth(model)


def _hidden(guards, row):
    user = _eyes.get()
    return user is not None and any(guard.hides(user, row) for guard in guards)


class _Column(DeferredAttribute):
    """A column that may be hidden. The row keeps its value."""

    def __init__(self, field, guards):
        super().__init__(field)
        self.guards = guards
        # A figure that is hidden is unknown, not zero.
        self.blank = None if field.null or isinstance(field, DecimalField) else field.get_default()

    def __get__(self, row, cls=None):
        if row is not None and _hidden(self.guards, row):
            return list(self.blank) if isinstance(self.blank, list) else self.blank
        return super().__get__(row, cls)

    def __set__(self, row, value):
        row.__dict__[self.field.attname] = value


class _Computed:
    """A property that says what a hidden column says."""

    def __init__(self, inner, guards):
        self.inner, self.guards = inner, guards

    def __get__(self, row, cls=None):
        if row is None:
            return self
        return "" if _hidden(self.guards, row) else self.inner.__get__(row, cls)


def _keep_truth(model):
    """Saving and reading anew are about the row itself, whoever looks."""
    for name in ("save", "refresh_from_db"):
        method = getattr(model, name)
        if not getattr(method, "reads_truth", False):
            setattr(model, name, _truthful(method))


def _truthful(method):
    @wraps(method)
    def run(*args, **kwargs):
        with as_it_is():
            return method(*args, **kwargs)

    run.reads_truth = True
    return run
