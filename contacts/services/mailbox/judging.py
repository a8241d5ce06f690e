"""What becomes of a letter, judged by its head alone: what nobody here is concerned by is not even fetched."""

from dataclasses import dataclass, field

from contacts.models import Company, Contact, ContactPoint, MailFolder, PersonalLetter, SeenLetter
from crm.mail.incoming import guard
from crm.mail.marks import delivery_id_of
from crm.mail.own import own_addresses
from crm.models import Delivery
from crm.text import norm_email

Reason = SeenLetter.Reason
# A letter to more people is a circular: it belongs to no conversation with each of them.
MOST_PARTIES = 20


@dataclass
class Verdict:
    """Skipped for a `reason`; stored when there is none, for `parties`, or because it is `letter` already."""

    reason: str = ""
    parties: list = field(default_factory=list)
    letter: PersonalLetter | None = None


def judge(head, mailbox, folder, *, is_late=False):
    """The Verdict on a letter's head. `is_late`: it came after the first look, so an old date means an old letter."""
    ours = Delivery.objects.filter(pk=delivery_id_of(head.headers.get("x-rapport", "")), message_id=head.message_id)
    if delivery := ours.first():
        letter = PersonalLetter.objects.filter(mailbox=mailbox, delivery_id=delivery.pk).first()
        return Verdict(letter=letter) if letter else Verdict(Reason.OURS)
    if known := PersonalLetter.objects.filter(mailbox=mailbox, message_id=head.message_id).first():
        stored = SeenLetter.objects.filter(letter=known, state=SeenLetter.State.STORED, gone_at=None)
        return Verdict(Reason.DUPLICATE, letter=known) if stored.exists() else Verdict(letter=known)
    others = others_in(head, mailbox, folder)
    if guard.is_report(head) and not is_out(head, mailbox, folder):
        return Verdict(Reason.REPORT)
    strangers = [address for address in others if address not in own_addresses()]
    if not strangers:
        return Verdict(Reason.INTERNAL if others else Reason.UNKNOWN)
    if any(is_excluded(address, mailbox.excluded) for address in strangers):
        return Verdict(Reason.EXCLUDED)
    if head.sent_at < mailbox.since and is_late:
        return Verdict(Reason.OLD)
    parties = parties_of(strangers, mailbox.user)
    return Verdict(parties=parties) if parties else Verdict(Reason.UNKNOWN)


def is_out(head, mailbox, folder):
    """Whether the owner of the mailbox wrote it."""
    return folder.role == MailFolder.Role.SENT or head.sender in mine(mailbox)


def mine(mailbox):
    """Addresses under which the owner writes; not one of which anybody could say that it is theirs."""
    proved = {norm_email(mailbox.address)} if mailbox.is_proved else set()
    return proved | {norm_email(mailbox.user.email)}


def others_in(head, mailbox, folder):
    """Addresses of everybody else in the letter, each once."""
    addresses = [address for _name, address in head.recipients]
    if not is_out(head, mailbox, folder):
        addresses = [head.sender, *addresses]
    return list(dict.fromkeys(a for a in addresses if a and a not in mine(mailbox)))


def is_excluded(address, rules):
    """Whether a rule names the address or its domain: `ann@example.com`, `example.com`, `*.example.com`."""
    domain = address.rpartition("@")[2]
    for rule in rules:
        if "@" in rule:
            if rule == address:
                return True
        elif rule.startswith("*."):
            if domain == rule[2:] or domain.endswith(rule[1:]):
                return True
        elif rule == domain:
            return True
    return False


def parties_of(addresses, user):
    """People and companies with these addresses, as far as the user may see them: in a colleague's client nobody is
    found, so that the mailbox tells nothing about records of others."""
    addresses = addresses[:MOST_PARTIES]
    points = ContactPoint.objects.filter(kind=ContactPoint.Kind.EMAIL, norm__in=addresses)
    people = Contact.objects.visible_to(user).filter(pk__in=points.values("contact")).select_related("company")
    companies = Company.objects.visible_to(user).filter(pk__in=points.values("company"))
    return [*people.order_by("pk")[:MOST_PARTIES], *companies.order_by("pk")[:MOST_PARTIES]]
