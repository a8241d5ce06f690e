"""The seal of erasures and the list of them that lives outside the database."""

import json
from datetime import UTC, timedelta

from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from pghistory.models import Event as Version

from contacts.models import Erasure
from crm import keys

FOLDER = "erasures"
# No two are sealed in the same moment, whatever the clock does.
_TICK = timedelta(microseconds=1)
_SAID = (
    "uuid",
    "numbers",
    "prints",
    "digests",
    "cause",
    "by_name",
    "started_at",
    "finished_at",
    "counts",
    "mentions",
    "previous",
)


def seal(erasure):
    """Put a finished erasure at the end of the chain. The caller holds the transaction.

    One at a time: whoever waits for the lock sees the end that the other one has committed. The hour is set under the lock,
    so that the order of the hours is the order of the chain.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('contacts_erasure_chain'))")
    last = sealed().last()
    erasure.finished_at = max(timezone.now(), last.finished_at + _TICK) if last else timezone.now()
    erasure.previous = last.digest if last else ""
    erasure.digest = digest_of(erasure)
    erasure.save()


def sealed():
    """The certificates in the order in which they were sealed."""
    return Erasure.objects.exclude(digest="").order_by("finished_at", "pk")


def digest_of(erasure):
    """The keyed hash of all that a certificate says."""
    return keys.lasting_digest("erasure" + json.dumps(content(erasure), sort_keys=True))


def content(erasure):
    """What a certificate says, as JSON: nothing of it is the person's data."""
    return {name: _plain(getattr(erasure, name)) for name in _SAID}


def is_sound(erasure):
    """Whether a certificate still says what was sealed."""
    return bool(erasure.digest) and erasure.digest == digest_of(erasure)


def document(erasure):
    """The certificate as it is handed out and kept outside."""
    return {**content(erasure), "digest": erasure.digest}


def write(erasure):
    """Keep the certificate beside the files: a backup of the database that is older does not know of it."""
    name = f"{FOLDER}/{erasure.uuid}.json"
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(json.dumps(document(erasure)).encode()))


def written(*, without=()):
    """The certificates in the storage, oldest first; those with a number in `without` are not read."""
    try:
        _folders, names = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return []
    found = []
    for name in names:
        if name.endswith(".json") and name.removesuffix(".json") not in without:
            with default_storage.open(f"{FOLDER}/{name}") as file:
                found.append(json.load(file))
    return sorted(found, key=lambda one: one["finished_at"])


def _plain(value):
    if hasattr(value, "astimezone"):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value if isinstance(value, list | dict | str) else str(value)


def lines(erasure):
    """[(name of the kind, {act: rows})] as people read it, most first."""
    found = [(_name(label), acts) for label, acts in erasure.counts.items()]
    return sorted(found, key=lambda line: (-sum(line[1].values()), line[0]))


def _name(label):
    try:
        return name_of(apps.get_model(label))
    except LookupError:
        return label


def name_of(model):
    """What rows of a model are called; those of the audit trail after what they tell of."""
    if issubclass(model, Version):
        return _("Earlier: %(name)s") % {"name": model.pgh_tracked_model._meta.verbose_name_plural}
    return str(model._meta.verbose_name_plural)
