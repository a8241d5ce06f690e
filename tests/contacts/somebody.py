"""A person with a row in every table that can hold one, every text of them marked."""

from datetime import timedelta
from itertools import count

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.utils import timezone
from pghistory.models import Event as Version

from contacts.models import Contact
from contacts.services.privacy import declaring, erasing, ties
from crm import events, files
from crm.models import Event, StoredFile
from tests.contacts.one_of_each import row_of

MARK = "zq7"
EMAIL = f"{MARK}mail@example.test"
_numbers = count(10**9)
_texts = count(1)


def somebody(**fields):
    """The contact; every model that the program says can hold a person's data has rows of theirs."""
    contact = row_of(Contact, {"created_at": timezone.now() - timedelta(days=9)} | fields)
    _mark(contact)
    Contact.objects.filter(pk=contact.pk).update(email=EMAIL, first_name=f"{MARK}first", last_name=f"{MARK}last")
    shared, done, waiting = {Contact: contact}, {Contact}, [(Contact, contact.pk)]
    while waiting:
        parent, key = waiting.pop(0)
        for tied in ties.ties_to(parent):
            row = _row(tied, key, shared)
            shared.setdefault(tied.model, row)
            if tied.model not in done:
                done.add(tied.model)
                waiting.append((tied.model, getattr(row, ties.key_of(tied.model))))
    for label in {*declaring.finders, *declaring.followers}:
        _found_otherwise(apps.get_model(label), contact, shared)
    return Contact.objects.get(pk=contact.pk)


def marked_columns():
    """{(table, column)} in which a mark can still be read, of all tables of the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        )
        found = set()
        for (table,) in cursor.fetchall():
            cursor.execute(
                f'SELECT DISTINCT j.key FROM "{table}" t, jsonb_each_text(to_jsonb(t)) j'  # noqa: S608
                f" WHERE j.value ILIKE '%{MARK}%'"
            )
            found |= {(table, column) for (column,) in cursor.fetchall()}
        return found


def marked_files(root):
    """Files below a folder in which a mark stands."""
    return [path for path in root.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()]


def _row(tied, key, shared):
    model = tied.model
    given = {tied.column: key} | _needed(tied)
    if model is StoredFile:
        row = files.store(f"{MARK} inside".encode(), f"{MARK}.txt")
        StoredFile.objects.filter(pk=row.pk).update(target_type=given["target_type"], target_id=key)
        return row
    row = row_of(model, given, shared)
    _mark(row)
    return row


def _needed(tied):
    model, target = tied.model, {"target_type": tied.parent._meta.label_lower} if tied.pair else {}
    if model is Event:
        events.make_partitions(timezone.now().date(), timezone.now().date())
        return {"id": next(_numbers), "occurred_at": timezone.now(), "kind": "x"} | target
    label = model._meta.label_lower
    if label == "contacts.contactpair":
        other = row_of(Contact)
        if tied.column == "second_id":
            Contact.objects.filter(pk=other.pk).delete()
            other = row_of(Contact, {"id": -other.pk})
        return {({"first_id", "second_id"} - {tied.column}).pop(): other.pk}
    needed = {
        "contacts.lifecyclestay": {"left_at": timezone.now() + timedelta(days=1)},
        "contacts.merge": {"kept_id": 1, "gone_id": 2},
        "deals.order": {"paid_at": timezone.now()},
        "crm.delivery": {"state": "sent"},
    }
    return target | needed.get(label, {})


def _mark(row):
    """Write a mark into each text of a row that may say anything."""
    model, values = type(row), {}
    for field in model._meta.concrete_fields:
        if field.name not in ("target_type", "chain", "state", "kind", "time_zone") and erasing.is_text(field):
            value = _marked(field)
            if value is not None:
                values[field.attname] = value
    if values:
        with connection.cursor() as cursor:
            # Sealed rows and the audit trail are written as nobody may.
            cursor.execute("SET session_replication_role = replica")
            ties.rows_of(model, [getattr(row, ties.key_of(model))]).update(**values)
            cursor.execute("SET session_replication_role = origin")


def _marked(field):
    text = f"{MARK}{next(_texts):06}"
    if isinstance(field, models.JSONField):
        return {"said": text}
    if field.get_internal_type() == "ArrayField":
        return [text] if isinstance(field.base_field, models.CharField | models.TextField) else None
    if isinstance(field, models.CharField | models.TextField):
        return text if (field.max_length or 99) >= len(text) else None
    return None


def _found_otherwise(model, contact, shared):
    """Rows without a key to the person, in which the address can be read."""
    label = model._meta.label_lower
    given = {
        "contacts.candidate": {"first_id": contact.pk, "second_id": contact.pk + 10**6},
        "admin.logentry": {
            "content_type_id": ContentType.objects.get_for_model(Contact).pk, "object_id": str(contact.pk), "object_repr": MARK,
        },
        "contacts.fixrun": {"subject": "contact", "acts": [{"pk": contact.pk, "changes": [MARK]}]},
        "contacts.merge": {"kept_id": 1, "gone_id": contact.pk, "contact_id": row_of(Contact).pk},
    }.get(label, {})  # fmt: skip
    if model is StoredFile:
        files.store(f"name,mail\n{MARK},{EMAIL}\n".encode(), "people.csv", kind="export")
        return
    # Records of own kinds are found by their ties, which were made above.
    if issubclass(model, Version) or label == "crm.objectrecord":
        return
    row = row_of(model, given, shared)
    if not given:
        columns = [
            f for f in model._meta.concrete_fields if erasing.is_text(f) and f.name not in ("target_type", "kind")
        ]
        texts = {f.attname: _with_address(f) for f in columns}
        ties.rows_of(model, [row.pk]).update(**{name: text for name, text in texts.items() if text is not None})


def _with_address(field):
    if isinstance(field, models.JSONField):
        return {"to": EMAIL}
    if field.get_internal_type() == "ArrayField":
        return None
    text = f"{EMAIL} {next(_texts)}"
    return (
        text
        if isinstance(field, models.CharField | models.TextField) and (field.max_length or 999) >= len(text)
        else None
    )
