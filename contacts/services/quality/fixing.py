"""“Fix the next 20”: one record at a time with only what is wrong, so that a heap is mended without opening pages.

A record in hand is held for a few minutes on the database's clock, so that two people never get the same one; who comes
back later goes on when nobody else has taken it. Every value is written with what the page showed: somebody else's change
is never written over unseen.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import FixRun
from contacts.services import people
from contacts.services.quality.lines import WRITERS
from contacts.services.quality.measuring import measure
from contacts.services.quality.rules import MODELS
from contacts.services.quality.verifying import verify
from crm.outbox import Clock

SIZE = 20
HELD = timedelta(minutes=5)


class FixRefused(Exception):
    """The act cannot be done; the message says why and what happens instead."""


class Clash(Exception):
    """Somebody else changed fields meanwhile: {field: what stands there now}."""

    def __init__(self, found):
        self.found = found


class Wrong(Exception):
    """Values that cannot stand there: {field: message}."""

    def __init__(self, found):
        self.found = found


@transaction.atomic
def begin(user, subject, *, rule=None, size=SIZE):
    """Start a round and take the first record. Rounds that were left open are closed."""
    for old in FixRun.objects.select_for_update().filter(by=user, finished_at=None):
        _finish(old)
    run = FixRun.objects.create(by=user, subject=subject, rule=rule, size=size)
    _take(run)
    return run


def waiting(user, subject, rule=None):
    """Records of a kind that the user may change and that have gaps, the worst first."""
    model, _quality = MODELS[subject]
    rows = model.objects.editable_by(user)
    wrong = Q(measured__gaps__contains=[rule.pk]) if rule else ~Q(measured__gaps=[])
    return rows.filter(wrong, measured__isnull=False).order_by("measured__total", "pk")


def current(run):
    """The record in hand with its measured row; None when the round is over or the record is gone."""
    if run.current is None:
        return None
    model, _quality = MODELS[run.subject]
    record = model.objects.for_card().editable_by(run.by).filter(pk=run.current).select_related("measured").first()
    return record if record and hasattr(record, "measured") else None


def accept(run, typed, was):
    """Write what the fields say now, as {field: text}, where it differs from what stood there; then the next record.

    Nothing changed means: it is right as it is. Raises FixRefused when the record is not in hand any more, and takes the
    next one; Clash when somebody else wrote a field, Wrong for values that cannot stand there: then nothing is written.
    """
    with transaction.atomic():
        asked, run = run.current, _locked(run)
        # A press that came twice has waited here for the first: its fields are those of the record before.
        if run.current != asked:
            raise FixRefused(_("This record is done already."))
        if record := _in_hand(run):
            return _accept(run, record, typed, was)
        _take(run)
    raise FixRefused(_("Somebody else is at this record now. Here is the next one."))


def _accept(run, record, typed, was):
    changes = {name: text for name, text in typed.items() if text.strip() != was.get(name, "").strip()}
    if not changes:
        verify(record, by=run.by)
        return _note(run, record, "right", [])
    forms = {name: _form(record, name, text, run.by) for name, text in changes.items()}
    if wrong := {name: " ".join(form.errors.get(name, [])) for name, form in forms.items() if not form.is_valid()}:
        raise Wrong(wrong)
    done = _write(record, forms, was, run.by)
    return _note(run, record, "mended", done)


def _form(record, name, text, by):
    """The form of that one field; raises Wrong for a field that this person cannot write."""
    form = WRITERS[record._meta.model_name][0]
    if name not in form.base_fields:
        raise Wrong({name: _("This field cannot be changed here.")})
    return form({name: text}, instance=record, only=name, by=by)


def _write(record, forms, was, by):
    """Write all fields or none; [[field, before, after]]."""
    change, done, clash = WRITERS[record._meta.model_name][1], [], {}
    with transaction.atomic():
        for name, form in forms.items():
            before = people.shown_value(record, name)
            try:
                after = change(record, form, name, was=was.get(name), by=by)
            except people.Conflict as conflict:
                clash[name] = conflict.current
                continue
            except people.FieldRefused as refusal:
                raise Wrong({name: str(refusal)}) from None
            done.append([name, before, people.shown_value(after, name)])
        if clash:
            raise Clash(clash)
    return done


@transaction.atomic
def skip(run):
    """Leave the record as it is; it does not come again in this round."""
    asked, run = run.current, _locked(run)
    if run.current is not None and run.current == asked:
        _note(run, None, "skipped", [])
    return run


@transaction.atomic
def undo(run):
    """Take the last act back and put its record into the hand again. Raises FixRefused when it cannot be."""
    run = _locked(run)
    if not run.acts:
        raise FixRefused(_("There is nothing to take back."))
    last = run.acts[-1]
    model, _quality = MODELS[run.subject]
    record = model.objects.for_card().editable_by(run.by).filter(pk=last["pk"]).first()
    if record is None:
        raise FixRefused(_("This record is not there any more, or not yours."))
    for name, before, after in reversed(last["changes"]):
        form = _form(record, name, before, run.by)
        if not form.is_valid():
            raise FixRefused(_("What stood there before cannot be written again: “%(value)s”.") % {"value": before})
        try:
            with transaction.atomic():
                record = WRITERS[run.subject][1](record, form, name, was=after, by=run.by)
        except people.Conflict:
            raise FixRefused(_("Somebody has changed it since. Open the record to look.")) from None
        except people.FieldRefused as refusal:
            raise FixRefused(str(refusal)) from None
    _release(run)
    run.acts, run.finished_at, run.current = run.acts[:-1], None, last["pk"]
    _hold(run)
    run.save()
    measure(record)
    return run


@transaction.atomic
def finish(run):
    """End the round before its end."""
    run = _locked(run)
    _finish(run)
    return run


def _locked(run):
    return FixRun.objects.select_for_update(of=["self"]).select_related("by", "rule").get(pk=run.pk)


def _in_hand(run):
    """The record, held for this person again; None when it is gone or somebody else has taken it meanwhile."""
    record = current(run)
    return record if record and _hold(run) else None


def _hold(run):
    """Hold the current record, unless another person does."""
    _model, quality = MODELS[run.subject]
    free = Q(held_by=run.by_id) | Q(held_by=None) | Q(held_until__lt=Clock())
    held = quality.objects.filter(free, pk=run.current)
    return bool(held.update(held_by=run.by_id, held_until=Clock() + HELD))


def _release(run):
    _model, quality = MODELS[run.subject]
    quality.objects.filter(pk=run.current, held_by=run.by_id).update(held_by=None, held_until=None)


def _note(run, record, did, changes):
    run.acts = [*run.acts, {"pk": record.pk if record else run.current, "did": did, "changes": changes}]
    _take(run)
    return run


def _take(run):
    """Let go what is in hand and take the next record, or end the round."""
    _release(run)
    _model, quality = MODELS[run.subject]
    run.current = None
    if run.done < run.size:
        rows = waiting(run.by, run.subject, run.rule).exclude(pk__in=[act["pk"] for act in run.acts])
        free = Q(measured__held_by=None) | Q(measured__held_until__lt=Clock()) | Q(measured__held_by=run.by_id)
        keys = rows.filter(free).values("pk")
        held = quality.objects.filter(pk__in=list(keys[:50].values_list("pk", flat=True))).order_by("total", "pk")
        found = held.filter(Q(held_by=None) | Q(held_until__lt=Clock())).select_for_update(skip_locked=True).first()
        run.current = found.pk if found else None
    if run.current is None:
        run.finished_at = timezone.now()
    else:
        _hold(run)
    run.save()


def _finish(run):
    _release(run)
    run.current, run.finished_at = None, timezone.now()
    run.save()
