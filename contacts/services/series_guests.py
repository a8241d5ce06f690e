"""People outside who were invited to all of what repeats: one entry with its rule in their calendar (RFC 5546).

What each of them knows stands in the people of the rule: "told" is the revision last sent, "answer" what came back and
"answered" when. An occurrence that becomes a row takes it over.
"""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from contacts.models import Contact, Participant, Recurrence
from contacts.services import ical_series, invitations, letters, occurrences
from contacts.services import invitation_letters as letters_out
from crm import recurrence as rules

Answer = Participant.Answer
KNOWN = ("told", "answer", "answered")


def told_to(row, email):
    """The revision of a rule that somebody knows; -1 for none."""
    return next((p.get("told", -1) for p in row.people if p["email"].lower() == email), -1)


def untold(row):
    """Those outside who do not know the rule as it is now."""
    return [p for p in row.people if not p.get("user") and p.get("told", -1) < row.revision]


@transaction.atomic
def send(task, *, by):
    """Invite everybody outside to all of what a task is an occurrence of. Returns how many letters that made.

    Raises LetterRefused when a person must not be written to; nobody is then.
    """
    row = Recurrence.objects.select_for_update(of=["self"]).get(pk=task.recurrence_id)
    guests = untold(row)
    for person, contact in _with_contacts(guests):
        if contact and (why := letters.refusal(contact)):
            raise letters.LetterRefused(f"{person['name'] or person['email']}: {why}")
    _withdraw_single_ones(row, {person["email"].lower() for person in guests} - letters_out.known_to(row), by)
    _tell(row, task, guests, by)
    guests = [person for person in guests if person.get("told") == row.revision]
    for person in guests:
        person["answer"] = Answer.ASKED.value
        person.pop("answered", None)
    row.save(update_fields=["people"])
    for held in row.occurrences.filter(done_at=None):
        mine = held.participants.filter(email__in=[person["email"].lower() for person in guests])
        mine.update(told=held.revision, answer=Answer.ASKED, answered_at=None)
    if guests:
        names = ", ".join(person["name"] or person["email"] for person in guests)
        letters_out.note("task.invited", task, by, to=names)
    return len(guests)


def tell_changed(row, task, by):
    """Let those who have the rule in their calendar know at once that it ends earlier, or that nothing is left of it."""
    _tell(row, task, _knowing(row), by, held=True)
    row.save(update_fields=["people"])


def cancel(row, task, by, *, only=None):
    """Tell those who have the rule in their calendar that nothing of it takes place, or not for them."""
    for person, contact in _with_contacts(_knowing(row)):
        if only is None or person["email"].lower() in only:
            _call_off(row, task, person, contact, by)


def carry_over(row, people):
    """The people a rule is to have, with what those know who had it before."""
    before = {person["email"].lower(): person for person in row.people}
    return [
        p | {n: before[p["email"].lower()][n] for n in KNOWN if n in before.get(p["email"].lower(), {})} for p in people
    ]


def asked(uid, entry, sender):
    """(task, guest) that an answer is about which names a rule: one occurrence of it, or the first that is open for all.
    None when it names no rule of ours."""
    row = Recurrence.objects.filter(uid=uid).exclude(uid="").first()
    if row is None:
        return None
    slot = entry.decoded("recurrence-id", None)
    if slot is None:
        task = (
            row.occurrences.filter(done_at=None).order_by("slot").first() or row.occurrences.order_by("-slot").first()
        )
    else:
        task = _occurrence(row, slot)
    guest = task and task.participants.filter(email=sender.lower(), user=None).first()
    return task, guest


@transaction.atomic
def answer_all(task, guest, value, *, text, at):
    """Let an answer to all of a rule hold for what is open of it and for what is to come; the owner is told. One older
    than the answer we have changes nothing, as with a single occurrence. Says whether it changed anything."""
    row = Recurrence.objects.select_for_update(of=["self"]).get(pk=task.recurrence_id)
    stamp, is_news = at.isoformat(), False
    for person in row.people:
        if person["email"].lower() == guest.email:
            if person.get("answered", "") > stamp:
                return False
            is_news = person.get("answer") != value
            person.update(answer=value, answered=stamp)
    row.save(update_fields=["people"])
    open_ones = Participant.objects.filter(task__recurrence=row, task__done_at=None, email=guest.email)
    if not invitations.take_up(open_ones, value, at) and not is_news:
        return False
    guest.answer = value
    invitations.tell_answer(task, guest, text=text, at=at)
    return True


def _occurrence(row, slot):
    """The row of an occurrence that a calendar names by its time; None when there is none."""
    wall = (
        rules.wall_of(slot, row.zone)
        if hasattr(slot, "hour")
        else row.first.replace(year=slot.year, month=slot.month, day=slot.day)
    )
    try:
        return occurrences.occurrence(row, rules.slot_text(wall))
    except ValueError:
        return None


def _withdraw_single_ones(row, emails, by):
    """Who was invited to single occurrences before gets all of it under one name: the single ones go."""
    for task in row.occurrences.filter(done_at=None):
        invitations.cancel(task, by=by, only=task.participants.filter(email__in=emails), hold=False)


def _knowing(row):
    return [person for person in row.people if person.get("told", -1) >= 0]


def _tell(row, task, people, by, *, held=False):
    """Give each the rule as it is for him now; to whom nothing of it is left, that it does not take place."""
    for person, contact in _with_contacts(people):
        guest = _guest(person, contact)
        if entries := _entries_for(guest, row):
            known, new = gettext_noop("Changed: %(title)s"), gettext_noop("Invitation: %(title)s")
            _queue(row, task, guest, "REQUEST", known if guest.told >= 0 else new, by, entries, held=held)
        elif guest.told >= 0:
            _call_off(row, task, person, contact, by)
        else:
            continue
        person["told"] = row.revision


def _call_off(row, task, person, contact, by):
    if person.get("answer") != Answer.DECLINED:
        name = {"uid": ical_series.uid_of(row), "zone": row.zone, "revision": row.revision}
        entry = letters_out.entry_for_guests(occurrences.unsaved(row, row.first), status="CANCELLED", **name)
        _queue(
            row, task, _guest(person, contact), "CANCEL", gettext_noop("Cancelled: %(title)s"), by, [entry], held=True
        )


def _with_contacts(people):
    contacts = Contact.objects.in_bulk({person["contact"] for person in people if person.get("contact")})
    return [(person, contacts.get(person.get("contact"))) for person in people]


def _guest(person, contact):
    """A person of the rule, as letters take a participant."""
    return Participant(
        name=person.get("name", ""), email=person["email"].lower(), contact=contact, told=person.get("told", -1)
    )


def _entries_for(guest, row):
    """What stands in the calendar of a guest: those occurrences in which he takes part, whoever of us holds them."""
    theirs = Q(pk__in=Participant.objects.filter(email=guest.email, user=None).values("task"))
    found = ical_series.entries([row], since=row.instant(row.first), draw=letters_out.entry_for_guests, theirs=theirs)
    # What the rule does not know has a name of its own, and invitations of its own.
    return [entry for entry in found if str(entry["uid"]).startswith(f"{ical_series.uid_of(row)}@")]


def _queue(row, task, guest, method, subject, by, entries, *, held):
    wall = next(rules.slots(row.rule, row.first), None)
    letters_out.queue(
        task, guest, method, subject, by, entries=entries, held=held,
        first=occurrences.unsaved(row, wall or row.first), rule=row.rule if wall else "",
        key=f"invitation:series:{row.pk}:{guest.email}:{method}:{row.revision}", refs={"series": row.pk},
    )  # fmt: skip
