"""Erasing a person: step by step, so that it goes on where it was broken off, and once however often it is run.

A job that seemed dead may have a second at work beside it. So each step holds the row of the erasure and begins from what
the last one has left there; after the seal nobody goes on.

Rows without which nothing else can be found (the record and its addresses) go last, in one transaction with the seal. What
stays by law is made nobody's in the same transaction, and what others have a part in is left to them without the person. The audit trail writes nothing meanwhile.
"""

from contextlib import suppress
from datetime import timedelta
from functools import partial

import pgtrigger
from django.apps import apps
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from pghistory.models import Context
from pghistory.models import Event as Version

from contacts.models import Contact, ContactPoint, Erasure, ImportedRow, ImportRun, PrivacyRequest, Task
from contacts.services import next_steps
from contacts.services.privacy import certificates, mentions, naming
from contacts.services.privacy.declaring import all_shares, stay_of
from contacts.services.privacy.files import by_name_alone, imports_with
from contacts.services.privacy.person import of_erasure
from contacts.services.privacy.ties import gather, in_order, key_of, rows_of
from crm import audit, vocabulary
from crm.models import StoredFile

BATCH = 500
# In a plan before the label of a model: rows in which others have a part.
_SHARED = "shared:"


class _Sealed(Exception):
    """Somebody else has brought the erasure to its end."""


def _resume(erasure):
    """Lock the row of an erasure for one step and take over what the last step has left. Raises _Sealed."""
    erasure.refresh_from_db(from_queryset=Erasure.objects.select_for_update(no_key=True))
    if erasure.digest:
        raise _Sealed


@transaction.atomic
def _planned(erasure, person, found):
    """What was found when the erasure began, and what has come since; written down before the first row goes."""
    _resume(erasure)
    for label, keys in erasure.plan.items():
        if label.startswith(_SHARED):
            found.shared.setdefault(apps.get_model(label.removeprefix(_SHARED)), set()).update(keys)
        else:
            found.take(apps.get_model(label), keys)
    erasure.plan = {model._meta.label_lower: sorted(keys) for model, keys in found.items()}
    erasure.plan |= {_SHARED + model._meta.label_lower: sorted(keys) for model, keys in found.shared.items()}
    erasure.save(update_fields=["plan"])
    return found


def last_models():
    """What goes at the very end: without it nothing could be found any more."""
    return [audit.versions(ContactPoint).model, ContactPoint, audit.versions(Contact).model, Contact]


def erase(erasure, tell=lambda done, total: None):
    """Carry an erasure out, or on. Returns it, sealed.

    `tell(rows done, rows in all)` hears of each batch, and that the work goes on wherever whole tables are read.
    """
    if not erasure.digest:
        with suppress(_Sealed):
            _carry_out(erasure, tell)
    _settle(erasure)
    return erasure


def _carry_out(erasure, tell):
    person = of_erasure(erasure)
    alive = partial(tell, 0, 0)
    holding = imports_with([*person.telling, *person.names], alive)
    unsure = _empty_imports(erasure, person, holding, by_name_alone(person, holding, alive))
    found = _planned(erasure, person, gather(person, alive))
    first = [m for m in in_order(found) if m not in last_models() and not stay_of(m)]
    total = sum(len(found[m]) for m in first)
    done = 0
    for model in first:
        keys = sorted(found[model])
        for start in range(0, len(keys), BATCH):
            _delete(erasure, model, keys[start : start + BATCH])
            done += len(keys[start : start + BATCH])
            tell(done, total)
    named = {}
    # Looking through every table takes its time: not while the record is locked.
    if erasure.cause != Erasure.Cause.RULE:
        named = mentions.left(person, found, without=last_models(), step=partial(tell, done, total))
    if unsure:
        label = ImportRun._meta.label_lower
        named[label] = named.get(label, 0) + unsure
    _finish(erasure, person, named)


def settle_all():
    """Files and certificates of erasures that were killed after the seal."""
    lately = Q(finished_at__gte=timezone.now() - timedelta(days=2))
    for erasure in Erasure.objects.exclude(digest="").filter(lately | ~Q(leftover=[])):
        _settle(erasure)


def _settle(erasure):
    certificates.write(erasure)
    _remove_files(erasure)


@transaction.atomic
def _delete(erasure, model, keys):
    """Take away one batch, count it and remember the files behind it."""
    _resume(erasure)
    with pgtrigger.ignore():
        rows = rows_of(model, keys)
        gone = list(rows) if model is Task else []
        if model is StoredFile:
            erasure.leftover += [name for name in rows.values_list("content", flat=True) if name]
        if issubclass(model, Version):
            _forget_visitors(rows)
        _deleted, kinds = rows.delete()
        next_steps.refresh(*gone)
    # What goes along by the database's own rules was found by itself as well.
    _count(erasure, model, "erased", kinds.get(model._meta.label, 0))


def _count(erasure, model, act, n):
    if n:
        kinds = erasure.counts.setdefault(model._meta.label_lower, {})
        kinds[act] = kinds.get(act, 0) + n
    erasure.save(update_fields=["counts", "leftover"])


def _forget_visitors(versions):
    """The network address of a change that no colleague made is the person's own."""
    keys = set(versions.values_list("pgh_context", flat=True)) - {None}
    rows = Context.objects.filter(pk__in=keys)
    rows.filter(Q(metadata__user=None) | ~Q(metadata__has_key="user")).update(metadata={})


@transaction.atomic
def _finish(erasure, person, named):
    """What stays is made nobody's or the others', what came meanwhile goes, and at last the record; the seal is set.

    `named` is where the person can still be read. Whatever else the person has asked for is over as well.
    """
    _resume(erasure)
    list(Contact.objects.select_for_update().filter(pk__in=person.numbers))
    found = _planned(erasure, person, gather(person))
    words = vocabulary.words_in(found, rows_of)
    with pgtrigger.ignore():
        requests = PrivacyRequest.objects.filter(contact__in=person.numbers, state__in=PrivacyRequest.OPEN)
        requests.update(erasure=erasure)
        for model in found:
            if stay_of(model):
                _count(erasure, model, "anonymised", _make_nobodys(model, found[model]))
        # In the order in which they were declared: whoever else locks such rows takes them in the same.
        for model, share in all_shares():
            if keys := found.shared.get(model):
                rows = list(rows_of(model, keys).order_by(key_of(model)).select_for_update())
                share.redact(rows, person)
                _count(erasure, model, "redacted", len(rows))
        for model, n in naming.forget(person).items():
            _count(erasure, model, "redacted", n)
    for model in in_order(found):
        if not stay_of(model):
            _delete(erasure, model, sorted(found[model]))
    vocabulary.forget_words(words)
    erasure.plan, erasure.mentions = {}, named
    certificates.seal(erasure)
    erasure.requests.exclude(state="done").update(state="done", closed_at=erasure.finished_at)


def _make_nobodys(model, keys):
    """Empty the texts of rows that stay and cut what ties them to the person. Returns how many."""
    stay = stay_of(model)
    values = {f.name: blank(f) for f in model._meta.concrete_fields if is_text(f) and f.name not in stay.keep}
    values |= {f.name: None for f in model._meta.concrete_fields if f.is_relation and f.related_model is Contact}
    values = {name: value for name, value in values.items() if name not in stay.put}
    rows = rows_of(model, keys)
    return rows.update(**values, **stay.put) if values or stay.put else rows.count()


def is_text(field):
    """Whether a column can hold words of or about somebody."""
    if field.choices or field.is_relation or field.primary_key or field.generated:
        return False
    return isinstance(
        field, models.CharField | models.TextField | models.JSONField | models.GenericIPAddressField
    ) or field.get_internal_type() in {"ArrayField", "SearchVectorField"}


def blank(field):
    """What stands in a column that says nothing."""
    if isinstance(field, models.JSONField):
        return field.get_default() if field.has_default() else None if field.null else {}
    if field.get_internal_type() == "ArrayField":
        return []
    return None if field.null else ""


@transaction.atomic
def _empty_imports(erasure, person, holding, unsure):
    """The files of imports that brought the person, and those in which the person stands, are emptied: all others in them
    stand in the database, or can be uploaded again.

    Of imports in `unsure` only those that brought the person; returns how many of them are left.
    """
    _resume(erasure)
    brought = Q(pk__in=ImportedRow.objects.filter(contact__in=person.numbers).values("run"))
    held = (Q(file__in=holding) | Q(table__in=holding)) & ~Q(pk__in=unsure)
    runs = ImportRun.objects.filter(brought | held)
    files = StoredFile.objects.filter(pk__in={pk for pair in runs.values_list("file_id", "table_id") for pk in pair})
    for file in files.exclude(size=0):
        erasure.leftover.append(file.content.name)
        _count(erasure, StoredFile, "emptied", 1)
        StoredFile.objects.filter(pk=file.pk).update(content="", size=0, sha256="", name=_("removed"))
    return ImportRun.objects.filter(pk__in=unsure).exclude(brought).count()


def _remove_files(erasure):
    """What the storage still holds, now that the rows are gone for good."""
    storage = StoredFile._meta.get_field("content").storage
    for name in erasure.leftover:
        storage.delete(name)
    erasure.leftover = []
    erasure.save(update_fields=["leftover"])
