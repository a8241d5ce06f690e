"""Everybody compared with everybody, in blocks that the database makes, batch by batch.

A job that may be run again: candidates stand in a table of their own, and the checkpoint says whose they are and up to
which they have been weighed. People who have not changed since the last scan are compared only with those who have.
"""

import uuid
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import Candidate, CompanyPair, Contact, ContactPair, DuplicateSettings
from contacts.services.duplicates import companies, lookup, pairing
from contacts.services.duplicates.sharing import couples

BATCH = 20_000
# Each brings together people who share a key; an error in one field leaves the others.
_KEYS = {
    "address": "SELECT contact_id, kind || norm FROM contacts_contactpoint WHERE contact_id IS NOT NULL",
    "mailbox": "SELECT id, split_part(email, '@', 1) FROM contacts_contact WHERE length(split_part(email, '@', 1)) > 7",
    "sound": "SELECT id, code FROM {coded} WHERE code LIKE '% %'",
    "sound, birthday": "SELECT id, code || birthday_on FROM {coded} WHERE birthday_on IS NOT NULL",
    "sound, company": "SELECT id, code || ' ' || company_id FROM {coded} WHERE company_id IS NOT NULL",
    "sound, city": "SELECT id, code || ' ' || upper(city) FROM {coded} WHERE city <> '' AND code LIKE '% %'",
    "birthday, name": "SELECT id, birthday_on || left(name_key, 3) FROM contacts_contact WHERE birthday_on IS NOT NULL",
    "birthday, other name": "SELECT id, birthday_on || left(split_part(name_key, ' ', 2), 3) FROM contacts_contact"
    " WHERE birthday_on IS NOT NULL AND name_key LIKE '% %'",
    "company, name": "SELECT id, company_id || left(name_key, 4) FROM contacts_contact WHERE company_id IS NOT NULL",
}
_CODED = "(SELECT id, contacts_name_code(name_key) AS code, birthday_on, company_id, city FROM contacts_contact WHERE name_key <> '') c"
_TAKEN = "INSERT INTO contacts_candidate (run, first_id, second_id) SELECT %(run)s::uuid, f.* FROM ({found}) f ON CONFLICT DO NOTHING"
_CHANGED = """AND bool_or(id IN (SELECT id FROM contacts_contact WHERE updated_at >= %(since)s
  UNION ALL SELECT contact_id FROM contacts_contactpoint WHERE created_at >= %(since)s AND contact_id IS NOT NULL))"""


def scan(run, *, whole=False):
    """The work of the job. Returns its result: how many pairs stand open, how many were merged."""
    settings = DuplicateSettings.get()
    began = run.checkpoint.get("began") or timezone.now().isoformat()
    since = None if whole else settings.scanned_to
    mine = run.checkpoint.get("run")
    if "weighed" not in run.checkpoint:
        mine = str(uuid.uuid4())
        run.start(len(_KEYS) + 1)
        _collect(run, since, mine)
    run.row.done = run.checkpoint.get("weighed_n", 0)
    run.start(Candidate.objects.filter(run=mine).count() + run.row.done)
    _weigh(run, {"began": began, "weighed": True, "run": mine})
    companies.scan()
    pairing.note_clusters(ContactPair)
    pairing.note_clusters(CompanyPair)
    merged = pairing.merge_certain(settings) if settings.is_automatic else 0
    DuplicateSettings.objects.update_or_create(pk=1, defaults={"scanned_to": began})
    open_pairs = ContactPair.objects.open().count() + CompanyPair.objects.open().count()
    return {"rows": [[_("Pairs to decide"), open_pairs], [_("Merged by themselves"), merged]]}


def _collect(run, since, mine):
    """Candidates of every key, one key a transaction."""
    changed = _CHANGED if since else ""
    for keys in _KEYS.values():
        found = couples(keys.format(coded=_CODED), "contacts_contactpair", having=changed)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '256MB'")
            cursor.execute(_TAKEN.format(found=found), {"since": since, "run": mine})
            run.advance()
    _forget(since)


def _forget(since):
    """Open pairs of people who have changed are judged anew, without a moment all of them."""
    if since is None:
        ContactPair.objects.open().delete()
        return
    changed = Contact.objects.filter(updated_at__gte=since - timedelta(seconds=1)).values("pk")
    ContactPair.objects.open().filter(first__in=changed).delete()
    ContactPair.objects.open().filter(second__in=changed).delete()


def _weigh(run, place):
    """Weigh the candidates in the order of their keys, a batch a transaction."""
    frequent = pairing.Frequencies.counted()
    mine = Candidate.objects.filter(run=place["run"])
    while rows := list(mine.order_by("pk").values_list("pk", "first_id", "second_id")[:BATCH]):
        with transaction.atomic():
            found = pairing.keep([(first, second) for _pk, first, second in rows], frequent)
            mine.filter(pk__lte=rows[-1][0]).delete()
            done = run.checkpoint.get("weighed_n", 0) + len(rows)
            run.advance(len(rows), checkpoint=place | {"weighed_n": done}, found=found)


def look_at(contact):
    """Keep the likely duplicates of somebody who has just come, by a letter, a form or a hand. Returns how many."""
    record = {
        name: getattr(contact, name) for name in ("first_name", "last_name", "email", "phone", "birthday_on", "city")
    }
    record["company"] = contact.company.name if contact.company else ""
    matches = lookup.likely_duplicates([record], exclude=contact.pk).get(0, [])
    couples = [(match.record.pk, contact.pk) for match in matches]
    if not couples:
        return 0
    settled = ContactPair.objects.filter(second=contact, state=ContactPair.State.NEVER).values_list("first", flat=True)
    return pairing.keep([c for c in couples if c[0] not in set(settled)], pairing.Frequencies.usual())
