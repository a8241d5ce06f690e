"""A letter becomes a row with its people, its files and its place in their timelines."""

from django.db import transaction

from contacts.models import Contact, LetterParty, PersonalLetter, PersonalMailbox
from contacts.services.people import touch
from contacts.services.replies import note_campaign_reply
from crm.events import EventRow, record_many
from crm.mail.incoming import guard
from crm.mail.incoming.keeping import keep_files

State = PersonalLetter.State


@transaction.atomic
def store(letter, mailbox, parties, *, is_out):
    """Keep a letter read from the mailbox. Returns the PersonalLetter."""
    row = PersonalLetter.objects.create(
        mailbox=mailbox,
        owner=mailbox.user,
        state=State.SENT if is_out else State.RECEIVED,
        message_id=letter.message_id,
        references=letter.references,
        thread=thread_of(mailbox, letter.message_id, letter.references),
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        images=[{"url": url, "file": ""} for url in letter.images],
        sender=letter.sender,
        sender_name=letter.sender_name,
        recipients=[[name, address] for name, address in letter.recipients][:100],
        is_automatic=guard.is_automatic(letter),
        sent_at=letter.sent_at,
    )
    add_parties(row, parties)
    row.missing = " ".join(keep_files(letter, row))[:300]
    row.save(update_fields=["missing"])
    tell(row, parties)
    if not is_out:
        for party in parties:
            if isinstance(party, Contact) and row.sender in _addresses(party):
                note_campaign_reply(letter, party, private=True)
    return row


def add_parties(row, parties):
    LetterParty.objects.bulk_create(
        [
            LetterParty(letter=row, **({"contact": party} if isinstance(party, Contact) else {"company": party}))
            for party in parties
        ],
        ignore_conflicts=True,
    )


def tell(row, parties):
    """Note in the stream that a letter was exchanged. No word of it stands there: who may read it is asked anew each
    time the entry is shown, so a letter that becomes private is private everywhere."""
    kind = "mail.sent" if row.is_out else "mail.received"
    told, events = set(), []
    for party in parties:
        company = party.company_id if isinstance(party, Contact) else party.pk
        events.append(
            EventRow(
                kind,
                contact_id=party.pk if isinstance(party, Contact) else None,
                company_id=company if company not in told else None,
                target_type=PersonalLetter._meta.label_lower,
                target_id=row.pk,
                actor_id=row.owner_id,
                at=row.sent_at,
            )
        )
        told.add(company)
        # A date on the card would give away what nobody is to know of.
        if row.mailbox.shown != PersonalMailbox.Shown.NOTHING:
            touch(party, row.sent_at)
    record_many([event for event in events if event.contact_id or event.company_id])


def thread_of(mailbox, message_id, references):
    """The conversation a letter belongs to: that of the nearest letter known here, else the first that it names."""
    known = dict(
        PersonalLetter.objects.filter(mailbox=mailbox, message_id__in=references).values_list("message_id", "thread")
    )
    nearest = next((known[reference] for reference in references if known.get(reference)), "")
    return (nearest or (references[-1] if references else message_id))[:255]


def _addresses(contact):
    return set(contact.points.filter(kind="email").values_list("norm", flat=True))
