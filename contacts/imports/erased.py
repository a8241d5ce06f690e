"""Rows of people who were erased: an import does not bring them back."""

from django.utils import formats
from django.utils.translation import gettext as _

from contacts.models import ErasedAddress


def refuse(rows):
    """Give the rows of erased people that reason, and forget what they say: it would be kept with the refusal.

    A phone counts only where it stands alone: colleagues share one.
    """
    told = {row.line: _addresses(row) for row in rows if not row.reasons}
    known = ErasedAddress.known({norm for norms in told.values() for norm in norms})
    for row in rows:
        if day := next((known[norm] for norm in told.get(row.line, ()) if norm in known), None):
            row.cells = []
            row.reasons.append(
                _("This person was erased on %(day)s. Add them by hand once they have agreed anew.")
                % {"day": formats.date_format(day)}
            )


def _addresses(row):
    emails = [norm for kind, _value, norm in row.points if kind == "email"]
    return emails or [norm for kind, _value, norm in row.points if kind == "phone"]
