"""A tree as a sentence, in the active language, and a leaf as the parts a filter bar shows."""

import re
from datetime import date
from decimal import Decimal

from django.utils import formats
from django.utils.translation import get_language, ngettext, npgettext
from django.utils.translation import gettext as _

from crm.conditions import fields
from crm.conditions.clauses import tell
from crm.conditions.operators import PERIODS
from crm.money import format_money

_SLOTS = re.compile(r"(\{field\}|\{value\})")
SHOWN_VALUES = 4


def sentence(tree, subject, *, user=None):
    """ "People in Berlin who bought nothing in the last 90 days." An empty tree: "People, all of them."."""
    named = fields.subject_named(subject)
    if not tree or tree == {"all": []}:
        return _("%(subject)s, all of them.") % {"subject": named.label}
    if named.who:

        def words(node, value_only=False):
            if value_only:
                item = fields.field_named(subject, node["field"])
                return value_text(item, item.operators[node["op"]], node, user)
            return phrase(node, subject, user=user)

        return tell(tree, named, words)
    words = {"subject": named.label, "conditions": phrase(tree, subject, user=user)}
    return _("%(subject)s where %(conditions)s.") % words


def phrase(node, subject, *, user=None, inner=False):
    """The words of one node."""
    for key, joiner in (("all", _("and")), ("any", _("or"))):
        if key in node:
            parts = [phrase(child, subject, user=user, inner=len(node[key]) > 1) for child in node[key]]
            text = f" {joiner} ".join(parts)
            return f"({text})" if inner and len(parts) > 1 else text
    if "not" in node:
        if {"did", "has"} & node["not"].keys():
            return _happening(node["not"], subject, user, negated=True)
        return _("not (%(condition)s)") % {"condition": phrase(node["not"], subject, user=user)}
    if "field" in node:
        return "".join(text for _role, text in parts_of(node, subject, user=user))
    return _happening(node, subject, user)


def parts_of(node, subject, *, user=None):
    """A field's leaf in reading order: [("field", "city"), ("op", " is "), ("value", "Berlin")]."""
    item = fields.field_named(subject, node["field"])
    if item is None:
        return [("field", _("a field that is gone"))]
    operator = item.operators[node["op"]]
    template = str(item.says.get(operator.name) or operator.says)
    slots = {"{field}": ("field", _lower(item.label)), "{value}": ("value", value_text(item, operator, node, user))}
    return [slots.get(piece) or ("op", piece) for piece in _SLOTS.split(template) if piece]


def value_text(item, operator, node, user=None):
    """The value of a leaf as people read it."""
    if operator.shape == "none":
        return ""
    value = node.get("value")
    if operator.shape == "span":
        return span_text(value)
    if operator.shape == "period":
        return str(PERIODS[value])
    if operator.shape == "two":
        return _("%(low)s and %(high)s") % dict(zip(("low", "high"), _shown(item, value, user), strict=True))
    if operator.shape == "one":
        return _shown(item, [value], user)[0]
    shown = _shown(item, value[:SHOWN_VALUES], user)
    more = len(value) - len(shown)
    if more:
        return ngettext("%(values)s and %(n)d more", "%(values)s and %(n)d more", more) % {
            "values": ", ".join(shown),
            "n": more,
        }
    last = _(" and ") if operator.name == "has_all" else _(" or ")
    return last.join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def span_text(span):
    """ "6 weeks"; one unit alone is "1 day"."""
    n = span["n"]
    return {
        "day": npgettext("span", "%(n)d day", "%(n)d days", n),
        "week": npgettext("span", "%(n)d week", "%(n)d weeks", n),
        "month": npgettext("span", "%(n)d month", "%(n)d months", n),
        "year": npgettext("span", "%(n)d year", "%(n)d years", n),
    }[span["unit"]] % {"n": n}


def _shown(item, values, user):
    if item.kind in {"choice", "choices", "membership"}:
        labels = dict(item.options())
        return [str(labels.get(v, v)) for v in values]
    if item.kind == "boolean":
        return [_("yes") if v else _("no") for v in values]
    if item.kind == "person":
        names = people_names([v for v in values if isinstance(v, int)])
        return [{"me": _("me"), "my_team": _("my team")}.get(v) or names.get(v, "–") for v in values]
    if item.kind == "record":
        names = record_names(item, values, user)
        return [names.get(v, "–") for v in values]
    if item.kind in {"date", "datetime"}:
        return [_day(v) for v in values]
    if item.kind == "money":
        from crm.models import Workspace

        currency = item.currency or Workspace.get().currency
        return [format_money(Decimal(v), currency, get_language() or "en") for v in values]
    if item.kind == "number":
        return [formats.number_format(Decimal(v), use_l10n=True, force_grouping=True) for v in values]
    return [str(v) for v in values]


def people_names(keys):
    """{key: name} of users."""
    from crm.models import User

    return {u.pk: str(u) for u in User.objects.filter(pk__in=keys)} if keys else {}


def record_names(item, keys, user):
    """{key: name} of the records a field points to, as far as the user may see them."""
    named = fields.subject_named(item.subject)
    if named is None:
        return {}
    rows = named.all().filter(pk__in=keys)
    if user is not None and hasattr(rows, "visible_to"):
        rows = rows.visible_to(user)
    return {row.pk: str(row) for row in rows}


def _happening(node, subject, user, negated=False):
    if "did" in node:
        item, below = fields.behaviour_named(node["did"]), f"event:{node['did']}"
    else:
        item = fields.relation_named(subject, node["has"])
        below = item.subject if item else ""
    if item is None:
        return _("something that is gone")
    words = [_verb(item, node, negated)]
    if times := node.get("times"):
        words.append(_times(times))
    if "sum" in node:
        from crm.models import Workspace

        amount = format_money(Decimal(node["sum"]["at_least"]), Workspace.get().currency, get_language() or "en")
        words.append(_("for at least %(amount)s") % {"amount": amount})
    if "within_days" in node:
        words.append(_("in the last %(span)s") % {"span": span_text({"n": node["within_days"], "unit": "day"})})
    for key, template in (("since", _("since %(day)s")), ("until", _("until %(day)s"))):
        if key in node:
            words.append(template % {"day": _day(node[key])})
    deed = " ".join(words)
    if "where" not in node:
        return deed
    inside = phrase(node["where"], below, user=user, inner=True)
    return _("%(deed)s where %(condition)s") % {"deed": deed, "condition": inside}


def _verb(item, node, negated):
    plain = str(item.says or _lower(item.label))
    if not negated:
        return plain
    bare = not {"times", "sum", "where"} & node.keys()
    return str(item.says_not) if item.says_not and bare else _("not: %(what)s") % {"what": plain}


def _times(times):
    n = times["n"]
    return {
        "at_least": ngettext("at least once", "at least %(n)d times", n),
        "at_most": ngettext("at most once", "at most %(n)d times", n),
        "exactly": ngettext("exactly once", "exactly %(n)d times", n),
    }[times["op"]] % {"n": n}


def _day(text):
    # In Russian the month of a date stands in the genitive.
    return formats.date_format(date.fromisoformat(text), "j E Y" if get_language() == "ru" else "j F Y")


def _lower(label):
    label = str(label)
    # Abbreviations such as INN keep their capitals.
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
