"""A tree while somebody is changing it: half-filled, read from a form and drawn as one.

A form field is named by the place of its node: "c" is the root, "c.0.1" the second part of its first part, "c.0.w"
the conditions on what is counted. The form itself is the whole state, so the builder works without script.

    draft = builder.read(request.POST) if request.POST else builder.load(tree)
    builder.act(draft, request.POST.get("act", ""))          # add, group, remove, join, not, where
    context = {"builder": builder.show(draft, "contact", user=request.user), "named": subject_named("contact")}
    # {% include "crm/conditions/_builder.html" %} inside the page's form, whose first button is its default one
    tree = conditions.parse(builder.dump(draft), "contact", user=request.user)
"""

from django.utils.translation import gettext as _

from crm import field_access
from crm.conditions import fields
from crm.conditions.operators import PERIODS, TIMES, UNITS
from crm.conditions.sentence import record_names
from crm.conditions.tree import MAX_DEPTH, MAX_NODES
from crm.conditions.widgets import menu
from crm.text import sort_key

ROOT = "c"
CHOICES_SHOWN = 300


def load(tree):
    """The draft of a tree: its root is always a group."""
    draft = _load(tree) if tree and tree != {"all": []} else _group([])
    return draft if "nodes" in draft else _group([draft])


def _load(node):
    negated = "not" in node
    node = node["not"] if negated else node
    for join in ("all", "any"):
        if join in node:
            return {"join": join, "not": negated, "nodes": [_load(child) for child in node[join]]}
    key = next(k for k in ("field", "did", "has") if k in node)
    leaf = {"what": f"{key}:{node[key]}", "not": negated}
    for name in ("op", "value", "within_days", "since", "until"):
        if name in node:
            leaf[name] = node[name]
    if "times" in node:
        leaf |= {"times": node["times"]["op"], "times_n": node["times"]["n"]}
    if "sum" in node:
        leaf["sum"] = node["sum"]["at_least"]
    if "where" in node:
        leaf["where"] = load(node["where"])
    return leaf


def dump(draft):
    """The raw tree of a draft, for `conditions.parse`."""
    if "nodes" in draft:
        node = {draft["join"]: [dump(child) for child in draft["nodes"]]}
        return {"not": node} if draft["not"] else node
    key, _sep, name = draft["what"].partition(":")
    node = {key: name} if key in {"field", "did", "has"} else {}
    for part in ("op", "value") if key == "field" else ("within_days", "since", "until"):
        if draft.get(part) not in (None, ""):
            node[part] = draft[part]
    if draft.get("times"):
        node["times"] = {"op": draft["times"], "n": draft.get("times_n", "")}
    if draft.get("sum"):
        node["sum"] = {"at_least": draft["sum"]}
    if draft.get("where") and draft["where"]["nodes"]:
        node["where"] = dump(draft["where"])
    return {"not": node} if draft["not"] else node


def read(data, subject, path=ROOT, depth=0):
    """The draft that a submitted form holds."""
    negated = data.get(f"{path}.not") == "1"
    if data.get(f"{path}.t") == "leaf":
        return _read_leaf(data, subject, path, depth) | {"not": negated}
    nodes = []
    while depth <= MAX_DEPTH and len(nodes) < MAX_NODES and f"{path}.{len(nodes)}.t" in data:
        nodes.append(read(data, subject, f"{path}.{len(nodes)}", depth + 1))
    return {"join": "any" if data.get(f"{path}.join") == "any" else "all", "not": negated, "nodes": nodes}


def _read_leaf(data, subject, path, depth):
    what = data.get(f"{path}.what", "")
    leaf = {"what": what}
    if what.startswith("field:"):
        item = fields.field_named(subject, what[6:])
        operators = item.operators if item else {}
        operator = operators.get(data.get(f"{path}.op")) or next(iter(operators.values()), None)
        if operator:
            leaf |= {"op": operator.name, "value": _read_value(data, path, item, operator)}
        return leaf | {"find": data.get(f"{path}.find", "")}
    for name in ("times", "times_n", "within_days", "since", "until", "sum"):
        leaf[name] = data.get(f"{path}.{name}", "").strip()
    if f"{path}.w.t" in data and depth <= MAX_DEPTH:
        leaf["where"] = read(data, _below(what, subject), f"{path}.w", depth + 1)
    return leaf


def _read_value(data, path, item, operator):
    values = [v for v in data.getlist(f"{path}.v") if v != ""]
    if operator.shape == "span":
        return {"n": data.get(f"{path}.n", ""), "unit": data.get(f"{path}.unit", "day")}
    if operator.shape == "two":
        return [data.get(f"{path}.v", ""), data.get(f"{path}.v2", "")]
    if operator.shape == "many":
        typed = item.kind in {"text", "tags"} and not item.options()
        return [part.strip() for v in values for part in v.split(",") if part.strip()] if typed else values
    return values[0] if values else ""


def act(draft, text):
    """Do what a button says: "add:c" ("add:c:field:city"), "group:c.0", "remove:c.1", "join:c", "not:c.2", "where:c.0"."""
    verb, _sep, rest = text.partition(":")
    path, _sep, detail = rest.partition(":")
    node, parent, index = _find(draft, path)
    if node is None:
        return
    if verb == "add" and "nodes" in node:
        node["nodes"].append({"what": detail, "not": False})
    elif verb == "group" and "nodes" in node:
        join = "any" if node["join"] == "all" else "all"
        node["nodes"].append({"join": join, "not": False, "nodes": [{"what": "", "not": False}]})
    elif verb == "remove" and parent is not None:
        if index == "w":
            del parent["where"]
        else:
            parent["nodes"].pop(index)
    elif verb == "join" and "nodes" in node:
        node["join"] = "any" if node["join"] == "all" else "all"
    elif verb == "not":
        node["not"] = not node["not"]
    elif verb == "where" and "nodes" not in node:
        node["where"] = _group([{"what": "", "not": False}])


def _find(draft, path):
    """(node, parent, index) at a path, or three Nones."""
    steps = path.split(".")
    node, parent, index = draft, None, None
    if steps[0] != ROOT:
        return None, None, None
    for step in steps[1:]:
        parent = node
        if step == "w" and "where" in node:
            node, index = node["where"], "w"
        elif step.isdecimal() and int(step) < len(node.get("nodes", ())):
            index = int(step)
            node = node["nodes"][index]
        else:
            return None, None, None
    return node, parent, index


def show(draft, subject, *, user=None, path=ROOT, depth=1):
    """What the templates draw."""
    if "nodes" in draft:
        children = [
            show(child, subject, user=user, path=f"{path}.{i}", depth=depth + 1)
            for i, child in enumerate(draft["nodes"])
        ]
        return {
            "path": path,
            "is_group": True,
            "join": draft["join"],
            "negated": draft["not"],
            "nodes": children,
            "deep": depth >= MAX_DEPTH - 1,
            "root": path == ROOT,
        }
    return _show_leaf(draft, subject, user, path, depth)


def _show_leaf(leaf, subject, user, path, depth):
    key, _sep, name = leaf["what"].partition(":")
    row = {"path": path, "what": leaf["what"], "menu": menu(subject, user=user), "negated": leaf["not"], "key": key}
    if key == "field" and (item := fields.field_named(subject, name, user)):
        return row | _show_field(leaf, item, user)
    item = None
    if key == "did":
        item = fields.behaviour_named(name)
    elif key == "has":
        item = fields.relation_named(subject, name, user)
    if item is None:
        return row | {"key": ""}
    row |= {part: leaf.get(part, "") for part in ("times", "times_n", "within_days", "since", "until", "sum")}
    row |= {"all_times": TIMES.items(), "has_when": key == "did" or bool(item.at)}
    row |= {"has_sum": key == "has" and bool(item.amount)}
    below = _below(leaf["what"], subject)
    row["can_where"] = bool(fields.fields_of(below, user)) and depth < MAX_DEPTH - 1
    if leaf.get("where"):
        row["where"] = show(leaf["where"], below, user=user, path=f"{path}.w", depth=depth + 1)
        row["where"]["inner"] = True
    return row


def _show_field(leaf, item, user):
    operator = item.operators.get(leaf.get("op")) or next(iter(item.operators.values()))
    value = leaf.get("value", "")
    values = value if isinstance(value, list) else [value]
    chosen = {str(v) for v in values if not isinstance(v, dict)}
    row = {
        "label": item.label,
        "kind": item.kind,
        "op": operator.name,
        "ops": [(o.name, o.label) for o in item.operators.values()],
        "shape": operator.shape,
        "find": leaf.get("find", ""),
        "chosen": chosen,
        "typed": ", ".join(str(v) for v in values if not isinstance(v, dict)),
        "low": str(values[0]) if values and not isinstance(values[0], dict) else "",
        "high": str(values[1]) if len(values) > 1 else "",
        "span": value if isinstance(value, dict) else {"n": "30", "unit": "day"},
        "units": UNITS.items(),
        "periods": PERIODS.items(),
    }
    return row | {"options": _options(item, row, user)}


def _options(item, row, user):
    """(value, label) pairs to pick from; empty where the value is typed."""
    if row["shape"] not in {"one", "many"}:
        return []
    if item.kind == "boolean":
        return [("true", _("yes")), ("false", _("no"))]
    if item.kind == "person":
        return [("me", _("me")), ("my_team", _("my team")), *_everybody()]
    if item.kind == "record":
        return _records(item, row, user)
    return [(str(value), label) for value, label in item.options()[:CHOICES_SHOWN]]


def _everybody():
    from crm.models import User

    rows = User.objects.filter(is_active=True).order_by("name").values_list("pk", "name")
    return [(str(pk), name) for pk, name in rows[:CHOICES_SHOWN]]


def _records(item, row, user):
    """Those chosen, then the first whose name holds what was typed."""
    keys = [int(v) for v in row["chosen"] if v.isdecimal()]
    found = {str(k): v for k, v in record_names(item, keys, user).items()}
    named = fields.subject_named(item.subject)
    rows = named.all()
    if user is not None and hasattr(rows, "visible_to"):
        rows = rows.visible_to(user)
    if any(f.name == "name_key" for f in named.model._meta.fields):
        rows = rows.filter(field_access.findable(user, named.model, "name_key"))
        rows = rows.filter(name_key__contains=sort_key(row["find"])).order_by("name_key", "pk")
    found |= {str(record.pk): str(record) for record in rows[:25]}
    return list(found.items())


def _below(what, subject):
    """The subject that conditions inside a leaf speak of."""
    key, _sep, name = what.partition(":")
    if key == "did":
        return f"event:{name}"
    item = fields.relation_named(subject, name) if key == "has" else None
    return item.subject if item else subject


def _group(nodes):
    return {"join": "all", "not": False, "nodes": nodes}
