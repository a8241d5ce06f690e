"""Postal addresses: which one is the main."""

from django.db import transaction

from contacts.models import Address
from contacts.models.address import PARTS


@transaction.atomic
def make_main(address):
    """Let a further address and the main one, which stands on the record itself, change places."""
    owner = address.contact or address.company
    owner = type(owner).objects.select_for_update().get(pk=owner.pk)
    before = {part: getattr(owner, part) for part in PARTS}
    for part in PARTS:
        setattr(owner, part, getattr(address, part))
    owner.save(update_fields=[*PARTS, "updated_at"])
    if any(before.values()):
        Address.objects.filter(pk=address.pk).update(**before)
    else:
        address.delete()
