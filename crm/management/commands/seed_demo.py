"""Writes the demo company."""

import json
import time
from datetime import UTC, datetime, timedelta

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from crm import events, registry
from crm.embedded.place import write_private
from crm.models import User
from crm.seeding import Plan

# From this size on, indexes are built after the rows: much faster, and the same in the end.
LARGE = 50_000


class Command(BaseCommand):
    help = "Writes a believable company with two years of history. The same seed gives the same data."

    def add_arguments(self, parser):
        parser.add_argument("--contacts", type=int, default=2000)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--passwords", help="file for the sign-ins (role, email, password), readable by its owner only"
        )
        parser.add_argument("--force", action="store_true", help="write although there are users already")

    def handle(self, *args, contacts, seed, passwords, force, **options):
        if contacts < 100:
            raise CommandError("A company needs at least 100 contacts.")
        if User.objects.exists() and not force:
            raise CommandError("This database has users already. Use an empty one, or --force.")
        # The history ends with the present hour, so that what is due is due now.
        now = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        plan = Plan(contacts, seed, now, months=36 if contacts >= LARGE else 24)
        events.make_partitions(plan.start.date() - timedelta(days=31), (now + timedelta(days=95)).date())
        self._write(plan)
        if passwords:
            write_private(passwords, json.dumps(plan.passwords, indent=2))

    def _write(self, plan):
        started = datetime.now(UTC)
        with transaction.atomic(), connection.cursor() as cursor:
            # Triggers would write the whole load into the audit trail.
            cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            if cursor.fetchone()[0]:
                cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("SET LOCAL work_mem = '256MB'")
            cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
            dropped = _drop_indexes(cursor) if plan.contacts >= LARGE else []
            for name, write in registry.seeders():
                at = time.monotonic()
                write(plan)
                self.stdout.write(f"{name}: {time.monotonic() - at:.1f} s")
            for definition in dropped:
                cursor.execute(definition)
        with connection.cursor() as cursor:
            # A vacuum lets counts be read from the indexes alone; it cannot run inside somebody's transaction.
            cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)")
        self.stdout.write(f"{plan.contacts} contacts in {(datetime.now(UTC) - started).total_seconds():.0f} s")


def _drop_indexes(cursor):
    """Drop the plain indexes of the large tables; returns their definitions."""
    cursor.execute(
        """
        SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_class t ON t.oid = i.indrelid
        WHERE t.relname IN ('contacts_contact', 'contacts_contactpoint', 'contacts_consent', 'contacts_employment', 'contacts_company',
            'deals_deal', 'deals_stagestay', 'deals_order', 'deals_orderline', 'tickets_ticket', 'tickets_ticketmessage', 'crm_event')
          AND NOT i.indisunique AND NOT EXISTS (SELECT 1 FROM pg_constraint x WHERE x.conindid = i.indexrelid)
        """
    )
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
    return [definition.replace(" ON ONLY ", " ON ") for _name, definition in found]
