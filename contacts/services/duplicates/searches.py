"""The search for duplicates as a job: one at a time."""

from django.db import connection, transaction

from contacts.models import Candidate
from crm import jobs
from crm.models import Job

KIND = "contacts.duplicates"


@transaction.atomic
def start(*, by, **params):
    """Begin to search; what is being searched goes on. Returns the Job, which may be that of another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('contacts.duplicates'))")
    under_way = Job.objects.filter(kind=KIND, state__in=[Job.State.QUEUED, Job.State.RUNNING])
    if running := under_way.order_by("-pk").first():
        return running
    # What a search that broke off has not weighed is of no use to anybody.
    Candidate.objects.all().delete()
    return jobs.start(KIND, by=by, params=params)
