"""Whose an address is: letters to and from it count as one's own, so nobody may name that of a customer or colleague.

An address other than that of the account here is proved by a letter to it: the mailbox in which it turns up gets letters
to the address, and so does whoever follows the link in it.
"""

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import ContactPoint, PersonalMailbox
from crm.mail import queue_mail
from crm.mail.marks import delivery_id_of
from crm.mail.own import own_addresses
from crm.models import Delivery, User, Workspace
from crm.text import norm_email

PURPOSE = "contacts.mailbox_proof"
SALT = "contacts.mailbox_proof"
GOOD_FOR = timedelta(days=7)
# Nobody is to be bothered with letters by this.
A_DAY = 5


def stands_against(address, user):
    """Why the user may not have this address as that of their mailbox; "" when nothing is known against it.

    One sentence for all cases: it tells nothing about records that the user does not see.
    """
    norm = norm_email(address)
    if norm == norm_email(user.email):
        return ""
    if _is_known(norm, user):
        return _("%(address)s belongs to a customer, a colleague or a shared mailbox. Write your own address.") % {
            "address": address
        }
    return ""


def _is_known(norm, user):
    mine = set(PersonalMailbox.objects.filter(user=user).values_list("address", flat=True))
    of_others = PersonalMailbox.objects.exclude(user=user).exclude(state=PersonalMailbox.State.OFF)
    colleagues = User.objects.exclude(pk=user.pk)
    return (
        norm in own_addresses() - {norm_email(address) for address in mine}
        or colleagues.filter(email__iexact=norm).exists()
        or of_others.filter(address__iexact=norm).exists()
        or ContactPoint.objects.filter(kind=ContactPoint.Kind.EMAIL, norm=norm).exists()
    )


def ask(mailbox):
    """Send a letter by which the address is proved. Returns whether one goes: not for one that is proved, nor too often."""
    today = Delivery.objects.filter(
        purpose=PURPOSE, by=mailbox.user_id, created_at__gt=timezone.now() - timedelta(days=1)
    )
    if mailbox.is_proved or today.count() >= A_DAY:
        return False
    address = norm_email(mailbox.address)
    token = signing.dumps([mailbox.pk, address], salt=SALT)
    with override(mailbox.user.language):
        words = {
            "name": mailbox.user.name,
            "address": mailbox.address,
            "company": Workspace.get().name,
            "url": settings.BASE_URL + reverse("contacts:mailbox_proof", args=[token]),
        }
        queue_mail(
            to=address,
            subject=_("Your mailbox in %(company)s") % words,
            text=_(
                "%(name)s has connected the mailbox %(address)s.\n\nWhere letters of this mailbox are read, this one says by itself "
                "that the address is right: nothing need be done.\n\nIf it is not noticed within some minutes, open this page:"
                "\n%(url)s\n\nYou have connected nothing? Then leave this letter alone: without it the address counts as nobody's."
            )
            % words,
            by=mailbox.user,
            purpose=PURPOSE,
            refs={"mailbox": mailbox.pk, "address": address},
        )
    return True


def learn(mailbox, head):
    """A letter of ours lies in the mailbox: if it is the one that proves the address, it does."""
    rows = Delivery.objects.filter(pk=delivery_id_of(head.headers.get("x-rapport", "")), purpose=PURPOSE)
    asked = rows.filter(message_id=head.message_id).first()
    if asked and asked.refs == {"mailbox": mailbox.pk, "address": norm_email(mailbox.address)}:
        prove(mailbox)


def mailbox_asked(token, user):
    """The user's mailbox that a link is about; None when it is another's, foreign, too old, or of another address."""
    try:
        pk, address = signing.loads(token, salt=SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        return None
    mailbox = PersonalMailbox.objects.select_related("user").filter(pk=pk, user=user).first()
    return mailbox if mailbox and norm_email(mailbox.address) == address else None


def prove(mailbox):
    mailbox.proved_at = timezone.now()
    PersonalMailbox.objects.filter(pk=mailbox.pk, address=mailbox.address).update(proved_at=mailbox.proved_at)
