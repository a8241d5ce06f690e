"""The knowledge base: kept, rendered, found.

Search reads words in the article's language and exact terms beside them, forgives typing errors and the wrong keyboard
layout. "не" counts: PostgreSQL's Russian drops it, so negated words are kept as terms of their own.
"""

import re

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector, TrigramWordSimilarity
from django.db.models import F, Q, Value
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from crm.search import other_layout
from crm.text import sort_key
from tickets.models import Article

CONFIG = {"en": "english", "ru": "russian"}
# Two slips in a short word ("преинтер" for "принтер") give 0.55; PostgreSQL would stop at 0.6.
ALIKE = 0.5
_BREAK = SafeString("<br>")
_NEGATED = re.compile(r"\b(не|нет|not|no|cannot)\s+(\w+)", re.IGNORECASE)


def keep(article, *, by):
    """Save an article and what it is found by."""
    article.author = article.author or by
    article.save()
    index(Article.objects.filter(pk=article.pk))
    return article


def index(rows):
    """Write the search words of articles: title above summary above text, exact terms beside the stems."""
    for article in rows:
        config = CONFIG[article.language]
        title, summary, body = (terms(part) for part in (article.title, article.summary, article.body))
        # "Does not work" in a title is also found by "works", but stands behind the title that says "works".
        affirmed = _NEGATED.sub(" ", title)
        Article.objects.filter(pk=article.pk).update(
            search=SearchVector(Value(affirmed), weight="A", config=config)
            + SearchVector(Value(affirmed), weight="A", config="simple")
            + SearchVector(Value(title), weight="D", config=config)
            + SearchVector(Value(summary), weight="B", config=config)
            + SearchVector(Value(body), weight="C", config=config)
            + SearchVector(Value(body), weight="D", config="simple")
        )


def terms(text):
    """A text for indexing: ё as е, negated words joined ("не работает" is also "неработает"), codes kept whole."""
    text = text.casefold().replace("ё", "е")
    joined = " ".join(a + b for a, b in _NEGATED.findall(text))
    codes = " ".join(re.sub(r"\W", "", code) for code in re.findall(r"\S*\d\S*|\S+\+\+|\S+#", text))
    codes += " ".join(" " + code.replace("+", "plus").replace("#", "sharp") for code in re.findall(r"\S*[+#]\S*", text))
    return f"{text} {joined} {codes}"


def find(rows, text, *, limit=20):
    """Articles of `rows` for a text, best first; looser and looser until something is found."""
    text = text.replace("\x00", "").strip()[:200]
    if not text:
        return []
    for attempt in dict.fromkeys([text, other_layout(text.casefold())]):
        if found := _by_words(rows, attempt, limit):
            return found
    for attempt in dict.fromkeys([text, other_layout(text.casefold())]):
        key = sort_key(attempt)
        alike = rows.annotate(likeness=TrigramWordSimilarity(key, "title_key"))
        alike = alike.filter(Q(title_key__contains=key) | Q(likeness__gte=ALIKE))
        if found := list(alike.order_by("-likeness", "title_key")[:limit]):
            return found
    return []


def suggest(text, *, limit=3):
    """Published articles that may answer a request, for the agent."""
    rows = Article.objects.published()
    words = list(re.findall(r"\w{4,}", text))[:8]
    return _by_words(rows, " ".join(words), limit, match_any=True) if words else []


def _by_words(rows, text, limit, *, match_any=False):
    """Rows that hold all words of a text (or any), in the stems of either language or as written."""
    query = None
    for config in ("english", "russian", "simple"):
        part = None
        for word in terms_of_query(text):
            one = SearchQuery(word, config=config, search_type="plain")
            part = one if part is None else part | one if match_any else part & one
        query = part if query is None else query | part
    found = rows.filter(search=query).annotate(rank=SearchRank(F("search"), query))
    return list(found.order_by("-rank", "pk")[:limit])


def terms_of_query(text):
    """Words to look for: a negation is looked for together with its word, a code as one."""
    text = text.casefold().replace("ё", "е")
    found = ["".join(pair) for pair in _NEGATED.findall(text)]
    rest = _NEGATED.sub(" ", text)
    for word in rest.split():
        bare = re.sub(r"\W", "", word)
        if re.search(r"[+#]", word):
            found.append(word.replace("+", "plus").replace("#", "sharp"))
        elif bare:
            found.append(bare if any(c.isdigit() for c in word) else word.strip(".,;:!?«»\"'()"))
    return found or [text]


def rendered(body):
    """An article's text as HTML: paragraphs, lists (-), numbered steps (1.) and headings (#). All else is text."""
    blocks = [block.strip().split("\n") for block in re.split(r"\n\s*\n", body.strip())]
    return format_html_join("\n", "{}", ((_block(lines),) for lines in blocks if lines != [""]))


def _block(lines):
    if all(line.startswith("- ") for line in lines):
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((line[2:],) for line in lines)))
    if all(re.match(r"\d+\. ", line) for line in lines):
        steps = ((re.sub(r"^\d+\. ", "", line),) for line in lines)
        return format_html("<ol>{}</ol>", format_html_join("", "<li>{}</li>", steps))
    if lines[0].startswith("# "):
        head = format_html("<h2>{}</h2>", lines[0][2:])
        return format_html("{}{}", head, _block(lines[1:])) if lines[1:] else head
    return format_html("<p>{}</p>", format_html_join(_BREAK, "{}", ((line,) for line in lines)))
