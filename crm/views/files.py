"""Downloads: never rendered by the browser as a page."""

from django.http import FileResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.files import FileRefused, fetch_file, store
from crm.views import errors


@require_POST
def create(request):
    """Keep one uploaded file until the form it belongs to is sent; the answer is its line in that form."""
    uploaded = request.FILES.get("file")
    try:
        if uploaded is None:
            raise FileRefused(_("No file arrived. Choose one and try again."))
        file = store(uploaded, uploaded.name, by=request.user, kind="upload")
    except FileRefused as refusal:
        return render(request, "crm/_upload.html", {"error": str(refusal)}, status=422)
    return render(request, "crm/_upload.html", {"file": file})


def show(request, uuid):
    """The file as a download. Its own policy forbids everything, should a browser open it all the same."""
    file = fetch_file(request.user, uuid)
    try:
        content = file.content.open("rb")
    except (FileNotFoundError, ValueError):  # a file whose content was taken away has no path
        return errors.file_gone(request, file)
    if file.trouble == file.Trouble.CHANGED or file.content.size != file.size:
        content.close()
        return errors.file_damaged(request, file)
    answer = FileResponse(content, as_attachment=True, filename=file.name)
    answer.headers["Content-Type"] = "application/octet-stream"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
