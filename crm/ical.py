"""Calendars as other programs read them (RFC 5545, RFC 5546). What happens once is written in UTC, so that no client's
table of zones can move it; what repeats stands in the zone of its rule, which goes along; whole days are mere dates. The
library folds lines at 75 octets and escapes. It is loaded when a calendar is written or read: most web processes never do.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from crm import recurrence
from crm.ical_zones import component

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
    events = list(events)
    for name, year in sorted(_zones(events).items()):
        found.add_component(component(name, year))
    for entry in events:
        found.add_component(entry)
    return found.to_ical()


def event(uid, *, title, start, end, stamp, zone="", sequence=0, status="CONFIRMED", text="", place="", url=""):
    """One entry. `start`, `end` and `stamp` are aware; with dates instead of instants it takes whole days, `end` being the
    day behind it. `zone` writes the times on the clock of that zone."""
    from icalendar import Event

    entry = Event()
    entry.add("uid", uid)
    entry.add("dtstamp", _utc(stamp))
    entry.add("dtstart", _time(start, zone))
    entry.add("dtend", _time(end, zone))
    entry.add("summary", _clean(title))
    entry.add("sequence", sequence)
    entry.add("status", status)
    for name, value in (("description", text), ("location", place), ("url", url)):
        if value:
            entry.add(name, _clean(value))
    return entry


def repeat(entry, rule, zone, *, until=None, without=()):
    """Let an entry repeat by a rule of `crm.recurrence`. `until` is the wall time of the last one where that is known
    better than the rule says, `without` are those of the ones left out. A rule that is counted needs `until`."""
    whole = not isinstance(entry.decoded("dtstart"), datetime)
    parts = recurrence.parse(rule)
    until = until or (recurrence.until_of(parts) if "UNTIL" in parts else None)
    found = {name: value.split(",") for name, value in parts.items() if name not in {"COUNT", "UNTIL"}}
    if until:
        # As RFC 5545 wants it: an instant when the entry has times, a day when it has none.
        found["UNTIL"] = [until.date() if whole else recurrence.instant(until, zone)]
    entry.add("rrule", found)
    if without:
        entry.add("exdate", [_wall(wall, zone, whole) for wall in sorted(without)])
    return entry


def instead(entry, wall, zone, *, whole=False):
    """Say of which occurrence of what repeats under the same name an entry takes the place; `whole` when that repeats by
    whole days."""
    entry.add("recurrence-id", _wall(wall, zone, whole))
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


def _zones(events):
    """{zone: first year} of the zones in which times of these entries stand."""
    found = {}
    for entry in events:
        for name in ("dtstart", "recurrence-id"):
            value = entry.decoded(name, None)
            if isinstance(value, datetime) and value.tzinfo is not UTC:
                key = value.tzinfo.key
                found[key] = min(found.get(key, value.year), value.year)
    return found


def _time(value, zone):
    if not isinstance(value, datetime):
        return value
    return value.astimezone(ZoneInfo(zone)).replace(microsecond=0) if zone else _utc(value)


def _wall(wall, zone, whole):
    return wall.date() if whole else wall.replace(tzinfo=ZoneInfo(zone))


def _utc(moment):
    return moment.astimezone(UTC).replace(microsecond=0)


def _clean(text):
    """Without control characters, which no calendar may hold."""
    return "".join(
        c for c in str(text).replace("\r\n", "\n").replace("\r", "\n") if c == "\n" or c.isprintable() or c == "\t"
    )
