"""What will become of everything, counted before it is done, by the code that finds it for the erasure.

Some tables are read whole for that, so it is a job; it keeps numbers of rows by kind and nothing of the person.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.apps import apps
from django.utils import timezone
from pghistory.models import Event as Version

from contacts.models import PrivacyRequest
from contacts.services.privacy import naming
from contacts.services.privacy.certificates import name_of
from contacts.services.privacy.declaring import share_of, stay_of
from contacts.services.privacy.person import person_of
from contacts.services.privacy.ties import gather
from crm import jobs
from crm.models import Job

KIND = "contacts.erasure_preview"
# What was counted longer ago is counted anew before anybody erases.
GOOD_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class Line:
    """So many rows of one kind; `why` is the reason for which they stay, without the person."""

    name: str
    n: int
    why: str = ""


def count(contact, step=lambda: None):
    """{"goes", "stays", "shared": {label: rows}, "earlier": rows in the history}, as JSON."""
    person = person_of(contact)
    found = gather(person, step)
    said = {"goes": {}, "stays": {}, "shared": {}, "earlier": 0}
    for model, keys in found.items():
        if issubclass(model, Version):
            said["earlier"] += len(keys)
        elif model is not PrivacyRequest:
            said["stays" if stay_of(model) else "goes"][model._meta.label_lower] = len(keys)
    for model, keys in [*found.shared.items(), *((model, keys) for model, _field, keys in naming.rows_naming(person))]:
        if not issubclass(model, Version):
            label = model._meta.label_lower
            said["shared"][label] = said["shared"].get(label, 0) + len(keys)
    return said


def lines(said):
    """(lines that go, lines that stay anonymous or with the others) of what was counted, most first."""
    goes = [Line(_name(label), n) for label, n in said["goes"].items()]
    stays = [Line(_name(label), n, str(stay_of(apps.get_model(label)).why)) for label, n in said["stays"].items()]
    stays += [Line(_name(label), n, _why_shared(label)) for label, n in said["shared"].items()]
    return _most_first(goes), _most_first(stays)


def _name(label):
    return name_of(apps.get_model(label))


def _why_shared(label):
    share = share_of(apps.get_model(label))
    return str(share.why if share else naming.WHY)


def _most_first(found):
    return sorted(found, key=lambda line: (-line.n, line.name))


def start(row, *, by):
    """Begin to count for a request; what is being counted goes on. Returns the Job."""
    running = last(row, by)
    if running and not running.is_over:
        return running
    return jobs.start(KIND, by=by, params={"request": row.pk, "quiet": True}, subject=f"№ {row.pk}")


def last(row, by):
    """The last counting for a request that somebody began and that is not too old; None when there is none."""
    since = timezone.now() - GOOD_FOR
    return Job.objects.filter(by=by, kind=KIND, params__request=row.pk, created_at__gte=since).order_by("-created_at", "-pk").first()  # fmt: skip
