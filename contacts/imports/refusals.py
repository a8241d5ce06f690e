"""What a file says of people who want no letters: noted at their addresses and stated in the ledger, with the line as proof."""

from django.utils.translation import gettext as _

from contacts.models import Consent, Contact, ContactPoint
from contacts.services import consents, ledger
from crm import bulk

Purpose, Way = Consent.Purpose, Consent.Way


def write(run, changed, now):
    """Write the refusals of changed people, given as Person. Yields (person, data of the event) for each statement.

    Of whom the ledger says so already nothing is stated again. What is on its way to people who were known is stopped.
    """
    refusing = [person for person in changed if person.refused_in]
    if not refusing:
        return
    keys = bulk.among([person.contact.pk for person in refusing], "bigint")
    mail = ContactPoint.objects.filter(contact__in=keys, kind="email", opted_out_at=None)
    mail.update(opted_out_at=now)
    withdrawn = Contact.objects.filter(consents.withdrawn(Purpose.ADVERTISING), pk__in=keys)
    said_before = set(withdrawn.values_list("pk", flat=True))
    # Of the instant that the line leaves on the record, by which an undo finds it.
    stated = {
        person: _statement(run, person, max(now, person.contact.updated_at))
        for person in refusing
        if person.contact.pk not in said_before
    }
    ledger.write_apart(stated.values())
    for person, consent in stated.items():
        if not person.is_new:
            consents.obey(consent)
        about = [Purpose.ADVERTISING, Consent.Channel.EMAIL]
        yield (
            person,
            {"purpose": consents.said(*about), "about": about, "source": consent.source, "consent": consent.pk},
        )


def take_back(contact_ids, stamps):
    """Let people have said nothing: those of a batch that is undone, by the instants it left."""
    stated = Consent.objects.filter(contact__in=contact_ids, way=Way.IMPORT, at__in=stamps)
    ledger.take_away(stated)
    ContactPoint.objects.filter(contact__in=contact_ids, kind="email", opted_out_at__in=stamps).update(
        opted_out_at=None
    )


def _statement(run, person, now):
    row = person.refused_in
    column = next((int(index) for index, name in run.mapping.items() if name == "opted_out"), None)
    proof = {
        "line": row.line,
        "column": run.headers[column] if column is not None and column < len(run.headers) else "",
        "value": row.cells[column] if column is not None and column < len(row.cells) else "",
    }
    return Consent(
        contact=person.contact, purpose=Purpose.ADVERTISING, channel=Consent.Channel.EMAIL, is_given=False, way=Way.IMPORT, at=now,
        source=(_("Import: %(file)s") % {"file": run.file.name})[:200], point=person.contact.email, by=run.by,
        by_name=f"{run.by} <{run.by.email}>"[:200],
        note=(_("Line %(line)s, column “%(column)s”: %(value)s") % proof)[:300],
    )  # fmt: skip
