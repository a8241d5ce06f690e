"""Requests about personal data: noted with their deadline, answered, refused; somebody is reminded in time."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import Contact, Erasure, LegalHold, PrivacyRequest
from contacts.models.consent import Law
from contacts.services.consents import law_for
from contacts.services.privacy import copying
from contacts.services.privacy.beginning import begin
from crm import files, jobs
from crm.clock import Hours, add_business_days, parse_week
from crm.events import record
from crm.models import BusinessCalendar, Job, StoredFile, User, Workspace
from crm.notify import notify

# GDPR art. 12 (3): one month; 152-FZ art. 20: ten working days.
DAYS, WORKING_DAYS = 30, 10
REMIND = timedelta(days=5)
# A copy is named by its request in the moment in which it is stored, unless the worker dies just then.
UNNAMED = timedelta(hours=1)
State, Kind = PrivacyRequest.State, PrivacyRequest.Kind


def due_on(law, received_on):
    """The last day on which the law lets a request be answered."""
    if law == Law.GDPR:
        return received_on + timedelta(days=DAYS)
    calendar = BusinessCalendar.objects.prefetch_related("days").first()
    hours = calendar.hours() if calendar else Hours("UTC", parse_week("0-4 09:00-18:00"), {})
    return add_business_days(hours, received_on, WORKING_DAYS)


def language_of(contact):
    return contact.language if contact.language in {"en", "ru"} else Workspace.get().language


@transaction.atomic
def note_request(contact, kind, *, by, **values):
    """Note that somebody asked; the event stands in the person's timeline. Returns the PrivacyRequest."""
    law = values.pop("law", None) or law_for(contact)
    received_on = values.pop("received_on", None) or timezone.localdate()
    row = PrivacyRequest.objects.create(
        kind=kind,
        contact=contact,
        person=str(contact)[:320],
        law=law,
        language=values.pop("language", "") or language_of(contact),
        received_on=received_on,
        due_on=due_on(law, received_on),
        owner=values.pop("owner", None) or by,
        by=by,
        **values,
    )
    record("privacy.requested", contact=contact, target=row, actor=by, what=row.kind)
    return row


@transaction.atomic
def start_copy(row, *, by):
    """Begin to pack the copy; one that is being packed goes on. Returns the Job."""
    row = PrivacyRequest.objects.select_for_update().get(pk=row.pk)
    if row.job and not row.job.is_over:
        return row.job
    job = jobs.start("contacts.personal_data", by=by, params={"request": row.pk}, subject=f"№ {row.pk}")
    _take_up(row, job)
    record("privacy.copy_started", contact=row.contact, target=row, actor=by)
    return job


@transaction.atomic
def start_erasure(row, *, by):
    """Begin to erase; nothing more is sent to the person from this moment. Returns the Job.

    Where another request of the person is at work already its job is this one's too: it ends both.
    Raises ErasureRefused while a legal hold lies on the record, and when it is gone.
    """
    # The record first, as where an erasure ends.
    erasure = begin(row.contact, by=by)
    row = PrivacyRequest.objects.select_for_update().get(pk=row.pk)
    if row.job and not row.job.is_over:
        return row.job
    row.erasure = erasure
    at_work = Job.objects.filter(pk__in=erasure.requests.values("job"), state__in=[Job.State.QUEUED, Job.State.RUNNING])
    job = at_work.first() or jobs.start("contacts.erasure", by=by, params={"request": row.pk}, subject=f"№ {row.pk}")
    _take_up(row, job)
    return job


def _take_up(row, job):
    row.job, row.state = job, State.RUNNING
    row.save(update_fields=["job", "state", "erasure"])


@transaction.atomic
def refuse(row, reason, *, by):
    """The request is not granted; the law wants the reason."""
    rows = PrivacyRequest.objects.filter(pk=row.pk, state=State.OPEN)
    if rows.update(state=State.REFUSED, answer=reason, closed_at=timezone.now()):
        record("privacy.refused", contact=row.contact, target=row, actor=by, why=reason)


class HoldRefused(ValueError):
    """The hold cannot be laid: one lies there, or the erasure has begun. The message says which."""


@transaction.atomic
def lay_hold(contact, reason, *, by):
    """Lay a legal hold: nothing of the person is erased while it lies. Raises HoldRefused.

    The record is locked, as it is where an erasure begins: one of the two is the first.
    """
    contact = Contact.objects.select_for_update().get(pk=contact.pk)
    if Erasure.objects.filter(digest="", numbers__contains=[contact.pk]).exists():
        raise HoldRefused(_("The erasure of this person has begun: a hold would keep the rest of it only."))
    if LegalHold.objects.filter(contact=contact).exists():
        raise HoldRefused(_("A hold lies on this person already, and it stays. Lift it first to give another reason."))
    LegalHold.objects.create(contact=contact, by=by, reason=reason)
    record("privacy.held", contact=contact, actor=by, why=reason)


@transaction.atomic
def lift_hold(contact, number, *, by):
    """Lift the hold of that number (text); says whether it lay there. A newer one stays: it has a reason of its own."""
    hold = LegalHold.objects.select_for_update().filter(contact=contact).first()
    if hold is None or str(hold.pk) != number:
        return False
    hold.delete()
    record("privacy.hold_lifted", contact=contact, actor=by)
    return True


def remind(now=None):
    """Tell those who see to requests that the day is near; once for each request and again when it has passed."""
    today = timezone.localdate(now)
    rows = PrivacyRequest.objects.filter(state__in=PrivacyRequest.OPEN, due_on__lte=today + REMIND)
    for row in rows.select_related("owner"):
        for user in [row.owner] if row.owner and row.owner.is_active else _administrators():
            with override(user.language):
                text = (
                    _("The request %(n)s about personal data is late.")
                    if row.due_on < today
                    else _("The request %(n)s about personal data is to be answered by %(day)s.")
                ) % {"n": row.pk, "day": row.due_on}
                key = f"{row.pk}:{'late' if row.due_on < today else 'near'}"
                notify(user, "privacy.due", text, row.get_absolute_url(), key=key)


def _administrators():
    return User.objects.filter(is_active=True, is_superuser=True)


@transaction.atomic
def drop_copies(now=None):
    """Take away copies that nobody may fetch any more, and those that no request names. Returns how many."""
    now = now or timezone.now()
    PrivacyRequest.objects.filter(file__isnull=False, file_until__lte=now).update(file=None)
    named = PrivacyRequest.objects.filter(file__isnull=False).values("file")
    rows = StoredFile.objects.filter(kind=copying.KIND, created_at__lt=now - UNNAMED).exclude(pk__in=named)
    keys = list(rows.values_list("pk", flat=True))
    files.remove_many(StoredFile.objects.filter(pk__in=keys))
    return len(keys)


def person_behind(row, user):
    """The contact of a request as far as the user sees it, else None."""
    return Contact.objects.visible_to(user).with_rights(user).filter(pk=row.contact_id).first()
