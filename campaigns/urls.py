from django.urls import path

from campaigns.views import permissions, segments, sequence_people, sequences, settings, steps

app_name = "campaigns"

urlpatterns = [
    path("segments/", segments.index, name="segments"),
    path("segments/new/", segments.new, name="segment_new"),
    path("segments/create/", segments.save, name="segment_create"),
    path("segments/people/", segments.people, name="segment_people"),
    path("segments/<int:pk>/", segments.show, name="segment_show"),
    path("segments/<int:pk>/save/", segments.save, name="segment_save"),
    path("segments/<int:pk>/delete/", segments.destroy, name="segment_delete"),
    path("sequences/", sequences.index, name="sequences"),
    path("sequences/new/", sequences.edit, name="sequence_new"),
    path("sequences/<int:pk>/", sequences.show, name="sequence_show"),
    path("sequences/<int:pk>/edit/", sequences.edit, name="sequence_edit"),
    path("sequences/<int:pk>/start/", sequences.move, {"verb": "start"}, name="sequence_start"),
    path("sequences/<int:pk>/pause/", sequences.move, {"verb": "pause"}, name="sequence_pause"),
    path("sequences/<int:pk>/resume/", sequences.move, {"verb": "resume"}, name="sequence_resume"),
    path("sequences/<int:pk>/stop/", sequences.move, {"verb": "stop"}, name="sequence_stop"),
    path("sequences/<int:pk>/letters/new/", steps.letter, name="letter_new"),
    path("sequences/<int:pk>/letters/<int:step_pk>/", steps.letter, name="letter_edit"),
    path("sequences/<int:pk>/letters/<int:step_pk>/preview/", steps.preview, name="letter_preview"),
    path("sequences/<int:pk>/letters/<int:step_pk>/tests/", steps.test, name="letter_test"),
    path("sequences/<int:pk>/waits/", steps.wait, name="wait_create"),
    path("sequences/<int:pk>/waits/<int:step_pk>/", steps.wait, name="wait_edit"),
    path("sequences/<int:pk>/steps/<int:step_pk>/delete/", steps.destroy, name="step_delete"),
    path("sequences/<int:pk>/numbers/", sequences.numbers, name="sequence_numbers"),
    path("sequences/<int:pk>/people/", sequence_people.index, name="sequence_people"),
    path("sequences/<int:pk>/people/<int:contact_pk>/", sequence_people.why, name="why"),
    path("guides/", settings.guides, name="guides"),
    path("guides/new/", settings.guide, name="guide_new"),
    path("guides/<int:pk>/", settings.guide, name="guide_edit"),
    path("scores/", settings.scores, name="scores"),
    path("scores/<int:pk>/", settings.score, name="score_edit"),
    path("handoff/", settings.handoff, name="handoff"),
    path("letters/", settings.deliveries, name="deliveries"),
    path("letters/<int:pk>/permission/", permissions.show, name="delivery_permission"),
    path("letters/<int:pk>/again/", settings.delivery_again, name="delivery_again"),
    path("letters/<int:pk>/sent/", settings.delivery_sent, name="delivery_sent"),
]
