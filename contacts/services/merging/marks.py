"""How far the tables had got at the moment of a merge: what has a higher key has arrived since."""

from django.db import connection

from contacts.services.merging.pointers import references


def marks(model):
    """{label of a model: highest key}, for all that can point at a record and is counted by numbers."""
    found = {}
    with connection.cursor() as cursor:
        for reference in references(model):
            meta = reference.model._meta
            if reference.label == "crm.event":
                cursor.execute("SELECT last_value FROM crm_event_id_seq")
            elif reference.key and meta.pk.get_internal_type() in ("BigAutoField", "AutoField", "BigIntegerField"):
                cursor.execute(f'SELECT max("{reference.key}") FROM "{meta.db_table}"')
            else:
                continue
            found[reference.label] = cursor.fetchone()[0] or 0
    return found
