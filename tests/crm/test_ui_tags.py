"""Small parts of the interface, in both languages."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone, translation

from crm.templatetags import ui

NOW = timezone.datetime(2026, 11, 24, 10, 0, tzinfo=timezone.get_fixed_timezone(0))


@pytest.fixture(autouse=True)
def _tuesday():
    with time_machine.travel(NOW, tick=False), timezone.override("UTC"):
        yield


@pytest.mark.parametrize(
    ("language", "delta", "words"),
    [
        ("en", timedelta(days=-3), "Sat, 3 days late"),
        ("en", timedelta(days=-1), "Mon, 1 day late"),
        ("en", timedelta(days=-30), "30 days late"),
        ("en", timedelta(hours=4), "14:00"),
        ("en", timedelta(days=1), "tomorrow"),
        ("en", timedelta(days=9), "3 Dec"),
        ("en", timedelta(days=60), "23 Jan 2027"),
        ("ru", timedelta(days=-3), "сб, просрочка 3 дня"),
        ("ru", timedelta(days=-1), "пн, просрочка 1 день"),
        ("ru", timedelta(days=1), "завтра"),
        ("ru", timedelta(days=9), "3 дек"),
    ],
)
def test_due_times_are_said_as_people_say_them(language, delta, words):
    with translation.override(language):
        assert ui.due_words(NOW + delta) == words


def test_russian_days_decline_the_month():
    with translation.override("ru"):
        assert ui.long_day(NOW) == "Вторник, 24 ноября"
    assert ui.long_day(NOW) == "Tuesday 24 November"


def test_a_name_is_never_markup():
    assert "<b>" not in ui.chip("<b>x</b>")
    assert ui.mark_match("<b>Weber</b>", "weber") == "&lt;b&gt;<mark>Weber</mark>&lt;/b&gt;"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("curl/8.5", "curl/8.5"),
        ("", ""),
    ],
)
def test_a_session_is_named_by_browser_and_system(agent, name):
    assert ui.browser_name(agent) == name


def test_unknown_is_a_dash_and_not_a_nought():
    assert (ui.whole(None), ui.day(None), ui.ago(None), ui.seconds(None)) == ("–", "–", "–", "–")


def test_thousands_are_parted():
    assert ui.whole(12345) == "12,345"
    with translation.override("ru"):
        assert ui.whole(12345) == "12\xa0345"


def test_the_tint_of_a_person_follows_from_the_key(alice):
    assert ui.avatar(alice) == ui.avatar(alice)
    assert f"c{alice.pk % 6 + 1}" in ui.avatar(alice)
    assert ">A<" in ui.avatar(alice)
