"""Pages for what went wrong: what happened and what to do."""

import logging

from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from crm.access import public

log = logging.getLogger(__name__)


def bad_request(request, exception=None):
    if isinstance(exception, RequestDataTooBig):
        return _page(
            request,
            413,
            _("This is too much at once"),
            _("What was sent is larger than the server takes. Make it smaller, or send it in parts."),
        )
    return _page(
        request,
        400,
        _("This request cannot be understood"),
        _("The address or the form was changed or is broken. Go back and try again."),
    )


@public
def forbidden(request, exception=None, reason=""):
    return _page(
        request,
        403,
        _("This is not yours to do"),
        _("You may see this record but not change it, or the page is for others. Ask an administrator if you need it."),
    )


@public
def csrf_failure(request, reason=""):
    return _page(
        request,
        403,
        _("The form has expired"),
        _("Reload the page and send it again. What you typed is kept by the browser."),
    )


def not_found(request, exception=None):
    return _page(
        request, 404, _("Nothing is here"), _("The record does not exist, or it is not among those that you may see.")
    )


def file_gone(request, file):
    """The record knows a file that the store has lost."""
    log.error("File %s (%s) is not in the store", file.pk, file.content.name)
    return _page(
        request,
        404,
        _("“%(name)s” is not in the store") % {"name": file.name},
        _("The file was kept but cannot be found. Tell your administrator: it may come back from a backup."),
    )


def file_damaged(request, file):
    """The store holds something else than what was kept."""
    log.error("File %s (%s) is not what was kept", file.pk, file.content.name)
    return _page(
        request,
        404,
        _("“%(name)s” is damaged") % {"name": file.name},
        _("What the store holds is not what was kept. Tell your administrator: it may come back from a backup."),
    )


@public
def too_many(request, exception=None):
    return _page(
        request,
        429,
        _("Too many tries"),
        _("Wait a few minutes, then try again. Nothing is lost."),
    )


def server_error(request):
    """Without the shell: whatever broke may break it too."""
    return HttpResponse(render_to_string("500.html"), status=500)


def _page(request, status, title, text):
    return render(request, "crm/error.html", {"title": title, "text": text, "status": status}, status=status)
