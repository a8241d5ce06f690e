"""Jobs: progress, cancel, result."""

from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import files, htmx, jobs


def index(request):
    """The user's jobs, newest first."""
    rows = [(row, jobs.kind_named(row.kind)) for row in jobs.of_user(request.user)[:50]]
    return render(request, "crm/job_list.html", {"rows": rows})


def show(request, pk):
    return render(request, "crm/job.html", _context(request, pk))


def progress(request, pk):
    """The part of the page that asks for itself every second."""
    return render(request, "components/job_progress.html", _context(request, pk))


@require_POST
def cancel(request, pk):
    job = get_object_or_404(jobs.of_user(request.user), pk=pk)
    jobs.cancel(job)
    return htmx.redirect(request, job.get_absolute_url(), _("The job stops at its next step. What is finished stays."))


def _context(request, pk):
    job = get_object_or_404(jobs.of_user(request.user), pk=pk)
    file = files.StoredFile.objects.filter(pk=job.result.get("file")).first() if job.result.get("file") else None
    return {"job": job, "job_label": jobs.kind_named(job.kind).label, "job_file": file}
