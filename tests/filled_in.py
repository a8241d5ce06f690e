"""What a browser sends for a form of a page when nobody touches it."""

from django.test.html import Element, parse_html


def untouched(page, form="pane"):
    """{name: value} of the first form of that class in the text of a page, the boxes as they are shown."""
    found = next(tag for tag in _tags(parse_html(page)) if tag.name == "form" and _of(tag).get("class") == form)
    sent = {}
    for tag in _tags(found):
        name, said = _of(tag).get("name"), _of(tag)
        if not name or "disabled" in said:
            continue
        if tag.name == "input" and said.get("type") in {"checkbox", "radio"}:
            if "checked" in said:
                sent.setdefault(name, []).append(said["value"])
        elif tag.name == "input" and said.get("type") != "file":
            sent[name] = said.get("value", "")
        elif tag.name == "select":
            offered = [_of(option) for option in _tags(tag) if option.name == "option"]
            chosen = [option for option in offered if "selected" in option] or offered[:1]
            sent[name] = chosen[0].get("value", "")
        elif tag.name == "textarea":
            sent[name] = "".join(child for child in tag.children if isinstance(child, str)).strip()
    return sent


def _of(tag):
    return dict(tag.attributes)


def _tags(tag):
    for child in tag.children:
        if isinstance(child, Element):
            yield child
            yield from _tags(child)
