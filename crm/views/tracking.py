"""Pixels and links of letters, open to the world."""

import base64

from django.http import Http404, HttpResponse
from django.views.decorators.cache import never_cache

from crm.access import public
from crm.mail import tracking

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@public
@never_cache
def opened(request, token):
    """The pixel. It is answered whatever the token: who guesses learns nothing."""
    trackers, delivery, _link = tracking.found(token) or ([], None, 0)
    if delivery and request.method == "GET":
        for one in trackers:
            one.note_open(delivery)
    return HttpResponse(PIXEL, content_type="image/gif")


@public
@never_cache
def clicked(request, token):
    """To the address behind a link of ours. Other addresses, and altered tokens, lead nowhere."""
    trackers, delivery, link = tracking.found(token) or ([], None, 0)
    for one in trackers:
        note = one.note_click if request.method == "GET" else one.address_of
        if url := note(delivery, link):
            return HttpResponse(status=302, headers={"Location": url, "Referrer-Policy": "no-referrer"})
    raise Http404
