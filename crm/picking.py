"""Naming a record in a text box: thousands of names in a select would make a page heavy."""

from django.db.models import Q
from django.utils.translation import gettext as _

from crm import field_access, sight
from crm.text import sort_key


def find_record(model, raw, user=None):
    """The record that was named by its number, as "Name #12", or by a name that only one has.

    Only among what the user may see; without a user, among all. Raises ValueError with a sentence.
    """
    return find_in(model.objects.all() if user is None else model.objects.visible_to(user), raw)


def find_in(rows, raw):
    """The same among these rows."""
    text = str(raw).replace("\x00", "").strip()[:250]
    key = text.rpartition("#")[2].strip()
    if key.isdecimal() and len(key) < 18 and (found := rows.filter(pk=int(key)).first()):
        return found
    names = list(_holding(rows, text)[:20])
    exact = [row for row in names if _words(row.name_key) == _words(sort_key(text))]
    if len(exact) == 1 or len(names) == 1:
        return (exact or names)[0]
    raise ValueError(_("Nobody of that name was found. Choose one from the list."))


def suggestions(rows, text, *, limit=10):
    """Rows whose name begins with what was typed, then those that hold its words."""
    typed = text[:100].rpartition("#")[0] or text[:100]
    begins = rows.filter(_findable(rows), name_key__startswith=sort_key(typed))
    found = list(begins.order_by("name_key", "pk")[:limit])
    if len(found) < limit and len(typed.strip()) > 2:
        others = _holding(rows, typed).exclude(pk__in=[row.pk for row in found])
        found += others[: limit - len(found)]
    return found


def _holding(rows, text):
    """Rows whose names hold every word of a text, in any order: people write first names first."""
    words = _words(sort_key(text))
    return rows.filter(_findable(rows), *[Q(name_key__contains=word) for word in words]) if words else rows.none()


def _findable(rows):
    return field_access.findable(sight.viewer(), rows.model, "name_key")


def _words(key):
    return sorted(key.split())
