"""The tree of a group of companies."""

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from contacts.models import Company
from contacts.services.people import FieldRefused
from crm.events import record

# A tree deeper or wider than this is shown up to here.
DEPTH, WIDTH = 20, 1000


class RingRefused(FieldRefused):
    """A company cannot stand below itself; the message says so."""


@transaction.atomic
def put_below(company, parent, *, by):
    """Make `parent` (or None) the one above. Raises RingRefused when that would close a ring."""
    if company.parent_id == (parent.pk if parent else None):
        return
    try:
        with transaction.atomic():
            Company.objects.filter(pk=company.pk).update(parent=parent)
    except IntegrityError as error:
        if "below itself" not in str(error):
            raise
        raise RingRefused(
            _("%(parent)s stands below %(company)s already. Take it out there first.")
            % {"parent": parent, "company": company}
        )
    company.parent = parent
    record("company.regrouped", company=company, target=company, actor=by, to=str(parent or "–"))


def top_of(company):
    """The company at the head of the tree."""
    while company.parent_id:
        company = company.parent
    return company


def branch_ids(company):
    """Keys of a company and of all below it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE branch AS ("
            " SELECT id, 0 AS depth FROM contacts_company WHERE id = %s"
            " UNION SELECT c.id, depth + 1 FROM contacts_company c JOIN branch b ON c.parent_id = b.id WHERE depth < %s"
            ") SELECT id FROM branch ORDER BY depth, id LIMIT %s",
            [company.pk, DEPTH, WIDTH],
        )
        return [pk for (pk,) in cursor.fetchall()]


def tree_of(company, user):
    """The whole group as (depth, company) in the order of the tree, as far as the user may see it."""
    rows = {c.pk: c for c in Company.objects.visible_to(user).filter(pk__in=branch_ids(top_of(company)))}
    below = {}
    for row in sorted(rows.values(), key=lambda c: c.name_key):
        below.setdefault(row.parent_id if row.parent_id in rows else None, []).append(row)
    found, waiting = [], [(0, c) for c in reversed(below.get(None, []))]
    while waiting:
        depth, row = waiting.pop()
        found.append((depth, row))
        waiting += [(depth + 1, child) for child in reversed(below.get(row.pk, []))]
    return found
