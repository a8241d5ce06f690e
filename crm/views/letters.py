"""The laid-out form of a stranger's letter, alone in a frame that may do nothing."""

from django.shortcuts import render


def framed(request, message):
    """The answer for a message with `html` and `images`; whether it may be seen is the caller's question."""
    answer = render(request, "crm/letter_frame.html", {"message": message})
    answer.headers["Content-Security-Policy"] = (
        "sandbox allow-popups; default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'self'"
    )
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer._csp_exempt = True
    return answer
