"""Writing the knowledge base."""

from django.db import transaction
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm import htmx
from crm.access import fetch, require
from tickets.forms import ArticleForm, CategoryForm
from tickets.models import Article, Category
from tickets.services import articles


def edit(request, pk=None):
    """Write or change an article; readers see only its published state."""
    require(request.user, "article", "edit")
    article = (
        fetch(Article.objects.all(), request.user, pk, edit=True) if pk else Article(language=request.user.language)
    )
    form = ArticleForm(request.POST or None, instance=article)
    if request.method == "POST":
        with transaction.atomic():
            if form.is_valid():
                articles.keep(form.save(commit=False), by=request.user)
                return htmx.redirect(request, reverse("tickets:article_edit", args=[article.pk]), _("Saved."))
    context = {"form": form, "article": article, "has_categories": Category.objects.exists()}
    return render(request, "tickets/article_form.html", context, status=422 if form.errors else 200)


def categories(request):
    require(request.user, "article", "edit")
    form = CategoryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        return htmx.redirect(request, reverse("tickets:categories"), _("The category is there."))
    context = {"form": form, "rows": Category.objects.all()}
    return render(request, "tickets/category_list.html", context, status=422 if form.errors else 200)
