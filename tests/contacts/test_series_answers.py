"""What guests answer to all of what repeats: it holds where it is news, and nothing else overwrites single answers."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar, Event, vCalAddress, vText

from contacts.models import Participant, Recurrence
from contacts.services import occurrences, series, series_guests, tasks
from contacts.services.invitation_replies import take_reply
from crm.models import Event as Noted

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 23, 7, 0, tzinfo=UTC)  # a Monday, 8:00 in Berlin
DUE = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _morning(workspace, time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def weekly(alice, ann):
    """Three Mondays are rows; Ann knows the rule and has declined the second of them."""
    guests = [{"contact": ann.pk, "name": "Ann Lee", "email": "ann@client.test"}]
    task = tasks.create_task(owner=alice, by=alice, title="Round", kind="meeting", due_at=DUE, guests=guests)
    occurrences.begin(task, "FREQ=WEEKLY", "Europe/Berlin", people=guests)
    for slot in ("2026-03-30T09:00", "2026-04-06T09:00"):
        occurrences.occurrence(task.recurrence, slot)
    series_guests.send(task, by=alice)
    assert _reply("DECLINED", slot="20260330T070000Z") == "answer to an invitation: declined"
    return task


def _reply(partstat, *, slot="", sequence=0, method="REPLY", at=NOW):
    """The verdict on a letter of Ann's about the rule."""
    entry = Event()
    entry.add("uid", f"{Recurrence.objects.get().uid}@halden.test")
    entry.add("dtstamp", at)
    entry.add("dtstart", DUE + timedelta(hours=3))
    entry.add("sequence", sequence)
    if slot:
        entry["recurrence-id"] = slot
    guest = vCalAddress("mailto:ann@client.test")
    if partstat:
        guest.params["PARTSTAT"] = vText(partstat)
    entry.add("attendee", guest, encode=0)
    found = Calendar()
    found.add("method", method)
    found.add_component(entry)
    head = f"Content-Type: text/calendar; method={method}; charset=utf-8\r\n\r\n".encode()
    return take_reply(head + found.to_ical(), "ann@client.test")


def _answers():
    """Of the rule, then of its rows."""
    rows = Participant.objects.order_by("task__slot").values_list("answer", flat=True)
    return [Recurrence.objects.get().people[0]["answer"], *rows]


@pytest.mark.parametrize(
    ("partstat", "more", "verdict"),
    [
        ("ACCEPTED", {"method": "COUNTER"}, "another time was proposed"),
        ("NEEDS-ACTION", {}, "an answer that says neither yes nor no"),
        ("", {}, "an answer that says neither yes nor no"),
        ("ACCEPTED", {"sequence": 0}, "an answer to an earlier version of the invitation"),
    ],
)
def test_what_is_no_answer_leaves_the_answers_as_they_are(weekly, alice, partstat, more, verdict):
    if "sequence" in more:
        series.change(
            weekly, "all", {}, wall=datetime(2026, 3, 23, 10), minutes=None, rule=None, minutes_before=[], by=alice
        )
        weekly.refresh_from_db()
        series_guests.send(weekly, by=alice)
        _reply("DECLINED", slot="20260330T080000Z", sequence=2)

    assert _reply(partstat, **more) == verdict

    assert _answers() == ["asked", "asked", "declined", "asked"]


def test_an_answer_to_all_holds_for_all_also_where_the_first_had_it_already(weekly):
    _reply("TENTATIVE", slot="20260323T080000Z")

    assert _reply("TENTATIVE", at=NOW) == "answer to an invitation: tentative"
    assert _reply("TENTATIVE", at=NOW) == "known already"

    assert _answers() == ["tentative"] * 4
    # The one declined, the one to the first, the one to all: each is noted once.
    assert Noted.objects.filter(kind="task.answered").count() == 3


def test_what_was_answered_later_counts_whichever_letter_comes_first(weekly, time_machine):
    time_machine.move_to(NOW + timedelta(hours=1), tick=False)
    assert _reply("ACCEPTED", slot="20260406T070000Z", at=NOW + timedelta(minutes=30)) != "known already"

    assert _reply("DECLINED", at=NOW + timedelta(minutes=20)) == "answer to an invitation: declined"
    assert _reply("TENTATIVE", at=NOW + timedelta(minutes=10)) == "known already"

    assert _answers() == ["declined", "declined", "declined", "accepted"]
