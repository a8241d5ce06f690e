"""Indexes of custom fields: built and dropped beside the running work, never in its way.

A field marked as filterable gets one index of the very expression by which it is compared and sorted; one found by
the search gets one for the beginnings of words. Building is a job: CONCURRENTLY, outside a transaction, and again
from the start when it failed half-way.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import connection, models
from django.db.models.functions import Upper
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm import jobs
from crm.custom import definitions, sql
from crm.models import CustomField

Kind, State = CustomField.Kind, CustomField.Index
JOB = "custom.index"
NOT_INDEXED = {Kind.LONG, Kind.FILE, Kind.YES_NO, Kind.FORMULA}


def wanted(field):
    """The indexes that a field should have."""
    found = []
    if field.is_retired:
        return found
    if field.is_filterable and field.kind not in NOT_INDEXED:
        found.append(_index(field))
    if field.is_searchable and field.kind in {Kind.TEXT, Kind.LINK}:
        word = OpClass(Upper(sql.stored(field)), name="text_pattern_ops")
        found.append(models.Index(word, name=f"{_prefix(field)}find", condition=_condition(field)))
    return found


def _index(field):
    name, only = f"{_prefix(field)}{field.kind}", _condition(field)
    if field.kind == Kind.CHOICES:
        return GinIndex(sql.value(field), name=name, condition=only)
    if field.kind in {Kind.TEXT, Kind.LINK}:
        return models.Index(sql.order(field), "id", name=name, condition=only)
    return models.Index(sql.value(field), "id", name=name, condition=only)


def _condition(field):
    """Where several kinds of record share a table, each index holds those of its own kind."""
    return definitions.target_of(field.subject).condition


def _prefix(field):
    return f"custom_{field.pk}_"


def keep(field, *, by):
    """Start a job when the indexes of a field are not as they should be. Returns it, or None."""
    there = _there(field)
    if {index.name for index in wanted(field)} == {name for name, is_valid in there.items() if is_valid}:
        _note(field, State.READY if there else State.NONE)
        return None
    _note(field, State.BUILDING)
    return jobs.start(JOB, by=by, params={"field": field.pk}, subject=field.label)


@jobs.job(JOB, gettext_lazy("Index of a field"), icon="bolt")
def run(run):
    """Make the indexes of a field what they should be. What is there already stays."""
    field = CustomField.objects.filter(pk=run.params["field"]).first()
    if field is None:
        return {}
    target, right = definitions.target_of(field.subject), {index.name: index for index in wanted(field)}
    there = _there(field)
    stale = [name for name, is_valid in there.items() if name not in right or not is_valid]
    missing = [index for name, index in right.items() if not there.get(name)]
    run.start(len(stale) + len(missing))
    try:
        for name in stale:
            _execute(f"DROP INDEX CONCURRENTLY IF EXISTS {connection.ops.quote_name(name)}")
            run.advance()
        for index in missing:
            with connection.schema_editor(atomic=False) as editor:
                editor.add_index(target.model, index, concurrently=True)
            run.advance()
    except Exception as error:
        for index in missing:
            # What is left of a failed build would still be kept up, and make every write pay or fail.
            _execute(f"DROP INDEX CONCURRENTLY IF EXISTS {connection.ops.quote_name(index.name)}")
        _note(field, State.FAILED, str(error))
        raise jobs.JobFailed(_("The index could not be built. The field works without it; try again later.")) from error
    _note(field, State.READY if right else State.NONE)
    return {"rows": [[str(_("Indexes")), len(right)]]}


def build_now(field):
    """Make the indexes of a new field at once, in the caller's transaction: where nobody works yet."""
    model = definitions.target_of(field.subject).model
    with connection.schema_editor(atomic=False) as editor:
        for index in wanted(field):
            editor.add_index(model, index)
    _note(field, State.READY if wanted(field) else State.NONE)


def drop_now(field):
    """Take the indexes of a field away at once: where nobody works any more."""
    for name in _there(field):
        _execute(f"DROP INDEX IF EXISTS {connection.ops.quote_name(name)}")


def _there(field):
    """{name: whether it is valid} of the indexes that a field has in the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE starts_with(c.relname, %s) AND pg_table_is_visible(c.oid)",
            [_prefix(field)],
        )
        return dict(cursor.fetchall())


def _execute(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _note(field, state, error=""):
    CustomField.objects.filter(pk=field.pk).update(index_state=state, index_error=error[:300])
    field.index_state, field.index_error = state, error[:300]
