"""Calendars as other programs read them (RFC 5545, RFC 5546). All times are UTC, so that no client's table of zones
can move them; the library folds lines at 75 octets and escapes. It is loaded when a calendar is written or read: most web
processes never do.
"""

from datetime import UTC

PRODUCT = "-//Rapport//Rapport//EN"


def calendar(events, *, method="", name=""):
    """The bytes of a calendar. `method` is that of an invitation: REQUEST or CANCEL."""
    from icalendar import Calendar, vText

    found = Calendar()
    found.add("prodid", PRODUCT)
    found.add("version", "2.0")
    found.add("calscale", "GREGORIAN")
    if method:
        found.add("method", method)
    if name:
        found.add("x-wr-calname", name)
        found.add("refresh-interval", vText("PT15M"), parameters={"VALUE": "DURATION"})
    for entry in events:
        found.add_component(entry)
    return found.to_ical()


def event(uid, *, title, start, end, stamp, sequence=0, status="CONFIRMED", text="", place="", url=""):
    """One entry. `start`, `end` and `stamp` are aware."""
    from icalendar import Event

    entry = Event()
    entry.add("uid", uid)
    entry.add("dtstamp", _utc(stamp))
    entry.add("dtstart", _utc(start))
    entry.add("dtend", _utc(end))
    entry.add("summary", _clean(title))
    entry.add("sequence", sequence)
    entry.add("status", status)
    for name, value in (("description", text), ("location", place), ("url", url)):
        if value:
            entry.add(name, _clean(value))
    return entry


def invite(entry, *, organizer, guest):
    """Say who invites whom: each a pair (name, address)."""
    from icalendar import vText

    name, address = organizer
    entry["organizer"] = _person(name, address)
    person = _person(*guest)
    person.params |= {"ROLE": vText("REQ-PARTICIPANT"), "PARTSTAT": vText("NEEDS-ACTION"), "RSVP": vText("TRUE")}
    entry.add("attendee", person, encode=0)
    return entry


def read(text):
    """(method, [component VEVENT]) of a calendar. Raises ValueError when it is none."""
    from icalendar import Calendar

    found = Calendar.from_ical(text)
    return str(found.get("method", "")).upper(), found.walk("VEVENT")


def _person(name, address):
    from icalendar import vCalAddress, vText

    person = vCalAddress(f"mailto:{address}")
    # A quoted parameter cannot hold quotes or line ends (RFC 5545, 3.2).
    person.params["CN"] = vText(_clean(name).replace('"', "'").replace("\n", " ") or address)
    return person


def _utc(moment):
    return moment.astimezone(UTC).replace(microsecond=0)


def _clean(text):
    """Without control characters, which no calendar may hold."""
    return "".join(
        c for c in str(text).replace("\r\n", "\n").replace("\r", "\n") if c == "\n" or c.isprintable() or c == "\t"
    )
