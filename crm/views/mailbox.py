"""The development mailbox: letters that the program would have sent. Only where the embedded mailbox runs."""

import email
import mailbox
from email import policy

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString

PAGE = 100


def index(request):
    """The newest letters."""
    box = _box()
    letters = sorted(((key, _read(box, key)) for key in box.keys()[-2000:]), key=lambda row: row[1]["at"], reverse=True)
    text = request.GET.get("q", "").casefold()
    found = [(key, letter) for key, letter in letters if text in f"{letter['to']} {letter['subject']}".casefold()]
    return render(request, "crm/mailbox.html", {"letters": found[:PAGE], "total": len(letters), "text": text})


def show(request, key):
    """One letter: head, text, and its HTML in a frame of its own."""
    box = _box()
    if key not in box:
        raise Http404
    message = _message(box, key)
    plain = message.get_body(("plain",))
    context = {
        "key": key,
        "letter": _read(box, key),
        "text": plain.get_content() if plain else "",
        "has_html": message.get_body(("html",)) is not None,
        "headers": [(name, str(value)) for name, value in message.items()],
        "files": [part.get_filename() or "attachment" for part in message.iter_attachments()],
    }
    return render(request, "crm/mailbox_letter.html", context)


def html(request, key):
    """The HTML part as a mail program shows it: no scripts, nothing fetched."""
    box = _box()
    body = _message(box, key).get_body(("html",)) if key in box else None
    if body is None:
        raise Http404
    answer = HttpResponse(SafeString(body.get_content()))
    answer.headers["Content-Security-Policy"] = (
        "sandbox allow-popups allow-top-navigation-by-user-activation; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    )
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer._csp_exempt = True
    return answer


def _box():
    if not settings.DEV_MAILBOX:
        raise Http404
    return mailbox.Maildir(settings.DEV_MAILBOX, create=True)


def _message(box, key):
    return email.message_from_bytes(box.get_bytes(key), policy=policy.default)


def _read(box, key):
    message = box[key]
    parsed = _message(box, key)
    return {
        "to": str(parsed["X-Envelope-To"] or parsed["To"]),
        "sender": str(parsed["From"]),
        "subject": str(parsed["Subject"]),
        "at": message.get_date(),
    }
