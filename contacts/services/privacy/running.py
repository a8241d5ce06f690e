"""The jobs: packing a copy, erasing a person. Both may be killed and run again."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.models import Contact, PrivacyRequest, RetentionRule
from contacts.models.privacy import EXPORT_KEPT
from contacts.services.privacy import retention
from contacts.services.privacy.copying import pack
from contacts.services.privacy.erasing import erase
from crm import access, jobs
from crm.events import record

State = PrivacyRequest.State


@jobs.job("contacts.personal_data", gettext_lazy("Copy of personal data"), icon="file-zip")
def copy_data(run):
    row = PrivacyRequest.objects.get(pk=run.params["request"])
    if not access.may(run.by, "privacy", "export"):
        raise jobs.JobFailed(_("You have no right to take away personal data any more."))
    contact = Contact.objects.visible_to(run.by).filter(pk=row.contact_id).first()
    if contact is None:
        raise jobs.JobFailed(_("The person is not there any more."))
    counts = {}
    if row.state == State.RUNNING:
        file, counts = pack(contact, row.language, by=run.by, tell=_teller(run))
        _keep(row, file, run.by)
    return {
        "rows": [[str(_("Rows")), sum(counts.values())], [str(_("Tables")), len(counts)]],
        "url": row.get_absolute_url(),
    }


@transaction.atomic
def _keep(row, file, by):
    row.refresh_from_db()
    row.file, row.file_until = file, timezone.now() + EXPORT_KEPT
    row.state, row.closed_at = State.DONE, timezone.now()
    row.save(update_fields=["file", "file_until", "state", "closed_at"])
    record("privacy.copied", contact=row.contact, target=row, actor=by)


@jobs.job("contacts.erasure", gettext_lazy("Erasure of a person"), icon="eraser")
def erase_person(run):
    """Goes on where it was broken off: what is gone is counted already."""
    row = PrivacyRequest.objects.select_related("erasure").get(pk=run.params["request"])
    erasure = erase(row.erasure, _teller(run))
    return {
        "rows": [[str(_("Rows erased")), erasure.rows_gone], [str(_("Rows made anonymous")), erasure.rows_anonymised]],
        "url": erasure.get_absolute_url(),
        "url_label": str(_("Certificate")),
    }


def _teller(run):
    """`advance` by what has been done since: a job that began anew starts again from what is left."""
    said = {"done": 0, "total": 0}

    def tell(done, total):
        if not said["total"]:
            said["total"] = total
            run.row.done = 0
            run.start(total)
        run.advance(done - said["done"])
        said["done"] = done

    return tell


@jobs.job("contacts.retention", gettext_lazy("Rules of retention"), icon="clock-x")
def sweep_rules(run):
    """Each rule that is on, up to its limit a day; may run twice a day without doing more than that."""
    rules, lines = list(RetentionRule.objects.filter(is_on=True)), []
    run.start(sum(rule.daily for rule in rules))
    for rule in rules:
        done = retention.sweep(rule, tell=run.advance)
        lines.append([rule.name, done.done])
    return {"rows": lines, "url": reverse("contacts:retention")}
