"""Whose an address is: letters to and from it count as one's own, so nobody may name that of a customer or colleague."""

from django.utils.translation import gettext as _

from contacts.models import ContactPoint, PersonalMailbox
from crm.mail.own import own_addresses
from crm.models import User
from crm.text import norm_email


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
