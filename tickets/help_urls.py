"""Public routes of the knowledge base and of ratings."""

from django.urls import path

from tickets.views import help

app_name = "help"

urlpatterns = [
    path("", help.index, name="index"),
    path("categories/<int:pk>/", help.category, name="category"),
    path("articles/<int:pk>/", help.article, name="article_plain"),
    path("articles/<int:pk>/votes/", help.vote, name="vote"),
    path("articles/<int:pk>/<str:slug>/", help.article, name="article"),
    path("ratings/<str:token>/", help.rating, name="rating"),
]
