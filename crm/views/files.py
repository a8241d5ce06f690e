"""Downloads: never rendered by the browser as a page."""

from django.http import FileResponse

from crm.files import fetch_file


def show(request, uuid):
    """The file as a download. Its own policy forbids everything, should a browser open it all the same."""
    file = fetch_file(request.user, uuid)
    answer = FileResponse(file.content.open("rb"), as_attachment=True, filename=file.name)
    answer.headers["Content-Type"] = "application/octet-stream"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
