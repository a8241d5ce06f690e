from django.urls import path

from tickets.views import articles, desk, letters, lists, settings

app_name = "tickets"

urlpatterns = [
    path("", lists.tickets, name="index"),
    path("desk/", lists.desk, name="desk"),
    path("new/", desk.new, name="new"),
    path("<int:pk>/", desk.show, name="show"),
    path("<int:pk>/replies/", desk.reply, name="reply"),
    path("<int:pk>/assignments/", desk.assign, name="assign"),
    path("<int:pk>/priorities/", desk.prioritise, name="prioritise"),
    path("<int:pk>/statuses/", desk.move, name="move"),
    path("<int:pk>/presence/", desk.presence, name="presence"),
    path("<int:pk>/messages/<int:message_pk>/", desk.message, name="message"),
    path("<int:pk>/messages/<int:message_pk>/raw/", letters.message_raw, name="message_raw"),
    path("<int:pk>/messages/<int:message_pk>/pictures/", desk.pictures, name="pictures"),
    path("<int:pk>/tags/", desk.tag, name="tag"),
    path("letters/", letters.index, name="letters"),
    path("letters/takes/", letters.take, name="letters_take"),
    path("letters/<int:pk>/takes/", letters.take, name="letter_take"),
    path("letters/<int:pk>/dismissals/", letters.dismiss, name="letter_dismiss"),
    path("letters/<int:pk>/raw/", letters.raw, name="letter_raw"),
    path("rules/", settings.rules, name="rules"),
    path("articles/", lists.articles, name="articles"),
    path("articles/new/", articles.edit, name="article_new"),
    path("articles/<int:pk>/", articles.edit, name="article_edit"),
    path("categories/", articles.categories, name="categories"),
    path("mailboxes/", settings.mailboxes, name="mailboxes"),
    path("mailboxes/new/", settings.mailbox, name="mailbox_new"),
    path("mailboxes/<int:pk>/", settings.mailbox, name="mailbox_edit"),
    path("promises/", settings.promises, name="promises"),
    path("promises/<slug:priority>/", settings.promise, name="promise_edit"),
    path("calendars/new/", settings.calendar, name="calendar_new"),
    path("calendars/<int:pk>/", settings.calendar, name="calendar_edit"),
    path("calendars/<int:pk>/days/", settings.special_day, name="special_day_new"),
    path("days/<int:pk>/delete/", settings.special_day_delete, name="special_day_delete"),
    path("macros/", settings.macros, name="macros"),
    path("macros/new/", settings.macro, name="macro_new"),
    path("macros/<int:pk>/", settings.macro, name="macro_edit"),
]
