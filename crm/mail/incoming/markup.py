"""HTML of strangers: what runs, loads, overlays or asks is taken out; what is left is bounded in time."""

import re
from html import unescape

import nh3

MOST_PICTURES = 50
LONGEST = 2_000_000
# The parser's time grows with the square of the depth. Letters that people send stay below a hundred.
DEEPEST = 2_000
_ALLOWED = {
    "a", "b", "strong", "i", "em", "u", "s", "p", "br", "div", "span", "ul", "ol", "li", "blockquote", "pre", "code",
    "table", "thead", "tbody", "tr", "td", "th", "h1", "h2", "h3", "h4", "hr", "img",
}  # fmt: skip
_SILENT = {"script", "style", "title", "noscript"}
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Tags that hold nothing, or that the next of their kind ends.
_NOT_NESTED = {
    "area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr", "p", "li", "dt", "dd", "td", "th",
    "tr", "thead", "tbody", "tfoot", "option", "html", "head", "body",
}  # fmt: skip
_BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d|/blockquote|/pre)\b[^<>]{0,500}>", re.I)
_CELLS = re.compile(r"</t[dh]\b[^<>]{0,500}>", re.I)
_NAMED = re.compile(r"cid:|remote:\d+\Z", re.I)


def bounded(html):
    """The HTML as far as it is read; "" when it is nested so deeply that no browser drew it either."""
    html = html[:LONGEST]
    depth = deepest = 0
    for closes, name in _TAG.findall(html):
        if name.lower() not in _NOT_NESTED:
            depth = max(0, depth - 1) if closes else depth + 1
            deepest = max(deepest, depth)
    return html if deepest <= DEEPEST else ""


def sanitised(html, source=None):
    """HTML without anything that runs, loads, overlays or asks: text, structure, links, and names of pictures."""
    html = bounded(html)
    if not html:
        return ""
    return nh3.clean(
        html.replace("\x00", ""),
        tags=_ALLOWED,
        attributes={"a": {"href"}, "img": {"src", "alt"}},
        attribute_filter=source or _named_pictures,
        url_schemes={"http", "https", "mailto", "tel", "cid", "remote"},
        clean_content_tags=_SILENT,
        link_rel="noopener noreferrer nofollow",
    )


def without_remote(html, names=()):
    """(HTML that loads nothing, addresses of the pictures it would load).

    `names` are the pictures that came along. Some programs point at them without "cid:".
    """
    urls = []

    def source(tag, name, value):
        if name != "src":
            return re.sub(r"[<>]", "", value)[:300] if tag == "img" else value
        value = value.strip()
        if value[:4].lower() == "cid:":
            return value[:250]
        if value in names:
            return f"cid:{value}"[:250]
        if re.match(r"remote:\d+\Z", value) or not re.match(r"(?i)https?://", value) or len(urls) >= MOST_PICTURES:
            return None
        value = value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()[:2000]
        if value not in urls:
            urls.append(value)
        return f"remote:{urls.index(value)}"

    return sanitised(html, source), urls


def words_of(html):
    """Plain words of an HTML body."""
    broken = _CELLS.sub("\t", _BREAKS.sub("\n", html[:LONGEST]))
    if bounded(broken):
        broken = nh3.clean(broken, tags=set(), clean_content_tags=_SILENT)
    else:
        broken = re.sub(r"<[^<>]{0,2000}>", " ", broken)
    return unescape(broken).replace("\xa0", " ")


def _named_pictures(tag, name, value):
    """Of pictures only those that stand for one of ours keep their source."""
    return value if name != "src" or _NAMED.match(value) else None
