"""The knowledge base."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from crm import audit
from crm.access import OwnedQuerySet
from crm.text import sort_key


class Category(models.Model):
    name = models.CharField(_("name"), max_length=100)
    language = models.CharField(
        _("language"), max_length=2, choices=[("en", "English"), ("ru", "Русский")], default="en"
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["language", "position", "name"]

    def __str__(self):
        return self.name


class ArticleQuerySet(OwnedQuerySet):
    def published(self):
        """What everybody may read."""
        return self.filter(state=Article.State.PUBLISHED)


@audit.tracked(exclude=["title_key", "search", "helpful", "unhelpful", "updated_at"])
class Article(models.Model):
    """One answer in one language. Only published articles leave the house."""

    access_kind = "article"

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        INTERNAL = "internal", _("for colleagues")
        PUBLISHED = "published", _("published")

    category = models.ForeignKey(Category, models.PROTECT, verbose_name=_("category"), related_name="articles")
    language = models.CharField(
        _("language"), max_length=2, choices=[("en", "English"), ("ru", "Русский")], default="en"
    )
    title = models.CharField(_("title"), max_length=200)
    title_key = models.CharField(max_length=200, editable=False, default="", db_collation="C")
    summary = models.CharField(_("in one sentence"), max_length=300, blank=True)
    body = models.TextField(
        _("text"),
        help_text=_("An empty line begins a new paragraph; lines that begin with - are a list, those with # headings."),
    )
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.DRAFT)
    search = SearchVectorField(null=True, editable=False)
    helpful = models.PositiveIntegerField(default=0, editable=False)
    unhelpful = models.PositiveIntegerField(default=0, editable=False)
    author = models.ForeignKey("crm.User", models.SET_NULL, null=True, blank=True, related_name="+", editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        indexes = [
            GinIndex(fields=["search"], name="article_words"),
            GinIndex(name="article_title_trgm", fields=["title_key"], opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self):
        return self.title

    def save(self, *args, **kwargs):
        self.title_key = sort_key(self.title)
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("tickets:article_edit", args=[self.pk])

    @property
    def public_url(self):
        return reverse("help:article", args=[self.pk, slugify(self.title, allow_unicode=True) or "article"])
