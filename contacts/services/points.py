"""Contact points: how a person is reached, and the primary ones repeated on the contact for lists."""

from django.db import transaction
from django.utils.translation import gettext as _

from contacts.models import Contact, ContactPoint
from crm.models import Workspace
from crm.text import digits_reversed, norm_email, norm_phone


class PointRefused(ValueError):
    """The address cannot be used; the message says why."""


def normalise(kind, value, region=None):
    """The form in which an address is compared. Raises PointRefused with a sentence."""
    if kind == ContactPoint.Kind.EMAIL:
        norm = norm_email(value)
        if not norm or " " in norm or len(norm) > 254:
            raise PointRefused(
                _("“%(value)s” is not an email address. Write it like name@example.com.") % {"value": value}
            )
        return norm
    if kind == ContactPoint.Kind.PHONE:
        norm = norm_phone(value, region or Workspace.get().country)
        if not norm:
            raise PointRefused(
                _("“%(value)s” is not a phone number. Write it with the country code: +49 30 …") % {"value": value}
            )
        return norm
    return value.strip().casefold()


@transaction.atomic
def add_point(contact, kind, value, *, primary=False, label=""):
    """Add an address; the first of its kind is the primary one. An address that is there is not added twice."""
    norm = normalise(kind, value)
    Contact.objects.select_for_update().get(pk=contact.pk)
    mine = ContactPoint.objects.filter(contact=contact, kind=kind)
    if primary:
        mine.update(is_primary=False)
    point, _new = ContactPoint.objects.get_or_create(
        contact=contact,
        kind=kind,
        norm=norm,
        defaults={
            "value": value.strip(),
            "label": label,
            "digits_reversed": digits_reversed(norm)[:40] if kind == ContactPoint.Kind.PHONE else "",
            "is_primary": primary or not mine.filter(is_primary=True).exists(),
        },
    )
    if primary and not point.is_primary:
        ContactPoint.objects.filter(pk=point.pk).update(is_primary=True)
    repeat_primary(contact)
    return point


@transaction.atomic
def remove_point(point):
    """Remove an address; the oldest of those left becomes primary."""
    contact = point.contact
    point.delete()
    left = ContactPoint.objects.filter(contact=contact, kind=point.kind)
    if not left.filter(is_primary=True).exists() and (oldest := left.order_by("pk").first()):
        ContactPoint.objects.filter(pk=oldest.pk).update(is_primary=True)
    repeat_primary(contact)


def set_primary(contact, kind, value):
    """Make this the primary address of its kind; "" removes the present primary one."""
    if value.strip():
        add_point(contact, kind, value, primary=True)
    elif point := ContactPoint.objects.filter(contact=contact, kind=kind, is_primary=True).first():
        remove_point(point)


def repeat_primary(contact):
    """Write the primary email and phone onto the contact."""
    primary = dict(ContactPoint.objects.filter(contact=contact, is_primary=True).values_list("kind", "value"))
    contact.email = norm_email(primary.get("email", ""))
    contact.phone = primary.get("phone", "")[:40]
    Contact.objects.filter(pk=contact.pk).update(email=contact.email, phone=contact.phone)


def points_of(contact):
    """All addresses, the main one of each kind first."""
    return contact.points.order_by("kind", "-is_primary", "pk")


def same_people(user, *, email="", phone="", exclude=None):
    """Contacts the user may see that share the email or the phone: at most five."""
    norms = [norm_email(email), norm_phone(phone, Workspace.get().country)]
    if not any(norms):
        return []
    found = Contact.objects.visible_to(user).filter(points__norm__in=[norm for norm in norms if norm])
    return list(found.exclude(pk=exclude).distinct()[:5])
