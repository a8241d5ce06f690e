"""A tree as a sentence about somebody: "People in Berlin who bought nothing in the last 90 days and downloaded a guide."

What somebody did follows "who", what he is follows "whose", a place stands right behind the subject, and what is not
so is excepted at the end. Clauses of one kind share their pronoun.
"""

from django.utils.translation import gettext as _

from crm.conditions import fields

_WHO, _WHOSE, _EXCEPT, _GROUP = range(4)


def tell(tree, named, words):
    """The sentence, with its full stop. `words(node, inner=False)` gives the words of a leaf."""
    places, rest = _places(tree, named, words)
    subject = _with_places(str(named.label), places)
    if not rest:
        return _("%(subject)s.") % {"subject": subject}
    clauses = _clauses({"all": rest} if "all" in tree else rest[0], named, words, top=True)
    return _("%(subject)s %(clauses)s.") % {"subject": subject, "clauses": clauses}


def _with_places(subject, places):
    for place in places:
        subject = _("%(subject)s %(place)s") % {"subject": subject, "place": place}
    return subject


def _places(tree, named, words):
    """(places in words, the other nodes): of conditions that must all hold, those that say where."""
    nodes = tree.get("all", [tree])
    places, rest = [], []
    for node in nodes:
        item = fields.field_named(named.name, node["field"]) if "field" in node else None
        if item is not None and item.place and node["op"] in {"is", "any_of"} and not places:
            places.append(str(item.place).replace("{value}", words(node, value_only=True)))
        else:
            rest.append(node)
    return places, rest


def _clauses(node, named, words, *, top=False, inner=False):
    """A node and what is below it as clauses that follow the subject."""
    key = "any" if "any" in node else "all"
    children = node.get(key, [node])
    told = [(_kind(child), child) for child in children]
    if key == "all":
        # Deeds first, then properties, then groups, then who is left out.
        told.sort(key=lambda pair: (_WHO, _WHOSE, _GROUP, _EXCEPT).index(pair[0]))
    text, before = "", None
    for kind, child in told:
        piece = _clause(kind, child, named, words, top and key == "all", alone=len(told) == 1)
        if kind in {_WHO, _WHOSE} and kind != before:
            piece = (named.who if kind == _WHO else named.whose) % {"what": piece}
        if not text:
            text = piece
        elif kind == _EXCEPT and top and key == "all":
            text = _("%(clauses)s, %(exception)s") % {"clauses": text, "exception": piece}
        else:
            joined = _("%(one)s and %(other)s") if key == "all" else _("%(one)s or %(other)s")
            text = joined % {"one": text, "other": piece}
        before = kind
    return f"({text})" if inner and len(told) > 1 else text


def _kind(node):
    if "all" in node or "any" in node:
        return _GROUP
    if "not" in node:
        return _EXCEPT if not {"did", "has"} & node["not"].keys() or _is_detailed(node["not"]) else _WHO
    return _WHOSE if "field" in node else _WHO


def _is_detailed(node):
    """Whether a deed says how often, for how much or where: its denial has no words of its own then."""
    return bool({"times", "sum", "where"} & node.keys())


def _clause(kind, node, named, words, top, alone):
    if kind == _GROUP:
        return _clauses(node, named, words, inner=not alone)
    if kind != _EXCEPT:
        return words(node)
    inside = _clauses(node["not"], named, words, inner=True)
    return (_("except those %(clauses)s") if top else _("not those %(clauses)s")) % {"clauses": inside}
