"""The words of all names that the search looks in."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models


class SearchWord(models.Model):
    """A word of a name, and how it is spelled whatever the script: "Иван" and "Ivan" have one spelling.

    Triggers on the tables that are searched note the words (see `crm.vocabulary`). The table is no list of what there
    is: a word stays when its record goes, and two who write it at once note it twice. Neither harms a search.
    """

    word = models.CharField(max_length=60, db_collation="C")
    spelling = models.CharField(max_length=120, db_collation="C")

    class Meta:
        verbose_name = "word"
        indexes = [
            models.Index(fields=["word"], name="search_word"),
            models.Index(fields=["spelling"], name="search_word_spelling"),
            GinIndex(name="search_word_trgm", fields=["word"], opclasses=["gin_trgm_ops"]),
            GinIndex(name="search_spelling_trgm", fields=["spelling"], opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self):
        return self.word
