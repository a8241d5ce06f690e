"""The public side: knowledge base and ratings."""

from django.core.exceptions import BadRequest
from django.db.models import Count, F, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, override
from django.views.decorators.http import require_POST

from crm.access import public
from crm.limits import too_often
from tickets.forms import RatingForm
from tickets.models import Article, Category
from tickets.services import articles, surveys

# An office behind one address may have several readers; a thousand votes are none of theirs.
VOTES_OF_ADDRESS = 10


@public
def index(request):
    """Search first, then the categories of the reader's language."""
    language = _language(request)
    text = request.GET.get("q", "").strip()[:200]
    published = Article.objects.published()
    found = articles.find(published, text, limit=20) if text else []
    # The reader's own language stands first; an answer in the other one is better than none.
    found.sort(key=lambda article: article.language != language)
    context = {"text": text, "found": found, "categories": _categories(language), "language": language}
    template = "help/_found.html" if request.htmx else "help/index.html"
    with override(language):
        answer = render(request, template, context)
    answer.headers["Vary"] = "HX-Request, Cookie"
    return answer


@public
def category(request, pk):
    found = get_object_or_404(Category, pk=pk)
    rows = Article.objects.published().filter(category=found).order_by("title_key")
    if not rows:
        raise Http404
    with override(found.language):
        return render(request, "help/category.html", {"category": found, "rows": rows, "language": found.language})


@public
def article(request, pk, slug=""):
    found = get_object_or_404(Article.objects.published().select_related("category"), pk=pk)
    context = {"article": found, "body": articles.rendered(found.body), "language": found.language}
    with override(found.language):
        return render(request, "help/article.html", context | {"voted": str(pk) in _votes(request)})


@public
@require_POST
def vote(request, pk):
    """Was it helpful? One vote for each reader and article."""
    found = get_object_or_404(Article.objects.published(), pk=pk)
    column = {"1": "helpful", "0": "unhelpful"}.get(request.POST.get("helpful"))
    if column is None:
        raise BadRequest
    votes = _votes(request)
    if str(pk) not in votes and not _stuffed(request, pk):
        Article.objects.published().filter(pk=pk).update(**{column: F(column) + 1})
        request.session["votes"] = [*votes, str(pk)][-200:]
    return redirect(found.public_url)


@public
def rating(request, token):
    """The client's word on a solution. Opening the link changes nothing; the last sent word counts."""
    found = surveys.ticket_of(token)
    if found is None:
        raise Http404
    ticket, number = found
    form = RatingForm(request.POST or None)
    given = ticket.ratings.filter(round=number).first()
    language = (
        ticket.requester.language if ticket.requester and ticket.requester.language == "ru" else _language(request)
    )
    with override(language):
        if request.method == "POST" and form.is_valid():
            given = surveys.rate(ticket, number, form.cleaned_data["score"], form.cleaned_data["comment"])
            return render(request, "help/rating_done.html", {"rating": given, "token": token})
        context = {"ticket": ticket, "form": form, "given": given, "stars": range(1, 6)}
        return render(request, "help/rating.html", context, status=422 if form.errors else 200)


def _categories(language):
    """(category, number of published articles) of a language, empty ones left out."""
    counted = Category.objects.filter(language=language).annotate(n=Count("articles", Q(articles__state="published")))
    return [row for row in counted if row.n]


def _language(request):
    wish = request.GET.get("lang") or (get_language() or "en")[:2]
    return wish if wish in {"en", "ru"} else "en"


def _stuffed(request, pk):
    """Whether too many votes on an article came from one address today: a script forgets its session, not its address."""
    return too_often(f"vote:{pk}", request.META.get("REMOTE_ADDR", ""), limit=VOTES_OF_ADDRESS, seconds=24 * 3600)


def _votes(request):
    return request.session.get("votes", [])
