"""The jobs: counting, packing a copy, erasing, rules of retention, the chain. Each may be killed and run again."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.models import Contact, PrivacyRequest, RetentionRule
from contacts.models.privacy import EXPORT_KEPT
from contacts.services.privacy import certificates, chain, preview, requests, retention
from contacts.services.privacy.copying import pack
from contacts.services.privacy.erasing import erase
from contacts.services.privacy.ties import steps
from crm import access, conditions, files, jobs
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
    """Let the request name its copy; one that was packed before goes.

    So does this one when the request is over: a second run of the job was quicker, or the person was erased meanwhile.
    """
    row = PrivacyRequest.objects.select_for_update().get(pk=row.pk)
    if row.state != State.RUNNING:
        files.remove(file)
        return
    former, row.file, row.file_until = row.file, file, timezone.now() + EXPORT_KEPT
    row.state, row.closed_at = State.DONE, timezone.now()
    row.save(update_fields=["file", "file_until", "state", "closed_at"])
    if former:
        files.remove(former)
    record("privacy.copied", contact=row.contact, target=row, actor=by)


@jobs.job("contacts.erasure", gettext_lazy("Erasure of a person"), icon="eraser")
def erase_person(run):
    """Goes on where it was broken off: what is gone is counted already."""
    row = PrivacyRequest.objects.select_related("erasure").get(pk=run.params["request"])
    erasure = erase(row.erasure, _teller(run))
    return {
        "rows": [
            [str(_("Rows erased")), erasure.rows_gone],
            [str(_("Rows made anonymous")), erasure.rows_anonymised],
            [str(_("Rows left to others")), erasure.rows_redacted],
        ],
        "url": erasure.get_absolute_url(),
        "url_label": str(_("Certificate")),
    }


def _teller(run):
    """`advance` by what has been done since: a job that began anew starts again from what is left."""
    said = {"done": 0, "total": 0}

    def tell(done, total):
        # As long as nothing is counted it says no more than that the work goes on.
        if total and not said["total"]:
            said["total"] = total
            run.row.done = 0
            run.start(total)
        run.advance(done - said["done"])
        said["done"] = done

    return tell


@jobs.job(preview.KIND, gettext_lazy("What an erasure will take"), icon="list-search")
def count_rows(run):
    """Changes nothing; the same questions as those of the erasure."""
    row = PrivacyRequest.objects.filter(pk=run.params["request"]).first()
    contact = row and requests.person_behind(row, run.by)
    if contact is None:
        raise jobs.JobFailed(_("The person is not there any more."))
    run.start(steps())
    said = preview.count(contact, run.advance)
    url = reverse("contacts:privacy_erase", args=[row.pk])
    return {"found": said, "url": url, "url_label": str(_("See what will go"))}


@jobs.job("contacts.retention", gettext_lazy("Rules of retention"), icon="clock-x")
def sweep_rules(run):
    """Each rule that is on, up to its limit a day; may run twice a day without doing more than that."""
    rules, lines = RetentionRule.objects.filter(is_on=True), []
    run.start(sum(rule.daily for rule in rules))
    for key in [rule.pk for rule in rules]:
        # As it stands when its turn comes: those before it may have taken hours.
        rule = rules.filter(pk=key).first()
        if rule is None:
            continue
        swept = retention.sweep(rule, tell=run.advance)
        lines.append([rule.name, swept.done])
        if swept.fault:
            lines.append([f"{rule.name}: {_('stopped')}", swept.get_fault_display()])
        if swept.left:
            lines.append([f"{rule.name}: {_('had to be left')}", len(swept.left)])
    return {"rows": lines, "url": reverse("contacts:retention")}


@jobs.job(retention.TRIAL, gettext_lazy("Trial of a rule of retention"), icon="list-check")
def try_rule(run):
    rule = RetentionRule.objects.filter(pk=run.params["rule"]).first()
    if rule is None:
        raise jobs.JobFailed(_("The rule is gone."))
    run.start(retention.STEPS)
    try:
        tried, sample = retention.trial(rule, step=run.advance)
    except conditions.ConditionError as error:
        raise jobs.JobFailed(error.message) from error
    if tried is None:
        raise jobs.JobFailed(_("The rule was changed meanwhile. Try it again."))
    return {
        "run": tried.pk,
        "sample": sample,
        "rows": [[str(_("Would go")), tried.found], [str(_("Spared")), tried.spared]],
        "url": rule.get_absolute_url(),
    }


@jobs.job(chain.KIND, gettext_lazy("Check of the certificates"), icon="link")
def check_chain(run):
    """Walk the chain; administrators hear of what is wrong."""
    run.start(certificates.sealed().count())
    n, faults = chain.faults(run.advance)
    if faults:
        chain.tell()
    return {
        "certificates": n,
        "faults": [[fault.number, fault.what] for fault in faults],
        "rows": [[str(_("Certificates")), n], [str(_("Faults")), len(faults)]],
        "url": reverse("contacts:erasures"),
    }
