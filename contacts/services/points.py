"""Contact points: how a person or a company is reached, and the primary ones repeated on the record for lists."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import Contact, ContactPoint
from crm.field_access import may_see
from crm.models import Workspace
from crm.text import digits_reversed, norm_email, norm_phone

# What is known of an address, each kept as the instant since when.
MARKS = ("verified_at", "bounced_at", "opted_out_at")


class PointRefused(ValueError):
    """The address cannot be used; the message says why."""


def normalise(kind, value, region=None):
    """The form in which an address is compared. `region` is the country of a phone that names none.

    Raises PointRefused with a sentence.
    """
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
    norm = value.strip().casefold()
    if not norm:
        raise PointRefused(_("Write the address first."))
    return norm


@transaction.atomic
def add_point(owner, kind, value, *, primary=False, label=""):
    """Add an address of a person or a company; the first of its kind is the primary one.

    An address that is there is not added twice.
    """
    norm = normalise(kind, value, owner.country)
    mine = _locked(owner).filter(kind=kind)
    if primary:
        mine.update(is_primary=False)
    point, _new = ContactPoint.objects.get_or_create(
        **_link(owner),
        kind=kind,
        norm=norm,
        defaults={
            "value": value.strip(),
            "label": label,
            "digits_reversed": _digits_reversed(kind, norm),
            "is_primary": primary or not mine.filter(is_primary=True).exists(),
        },
    )
    if primary and not point.is_primary:
        ContactPoint.objects.filter(pk=point.pk).update(is_primary=True)
    repeat_primary(owner)
    return point


@transaction.atomic
def change_point(point, *, value, label, primary, **marks):
    """Write an address anew. `marks` are truth values named in MARKS; the instant of one that stood already stays.

    Another address is not verified, not bounced and not opted out by what was known of the one before.
    """
    owner = point.contact or point.company
    norm = normalise(point.kind, value, owner.country)
    mine = _locked(owner).filter(kind=point.kind)
    if mine.filter(norm=norm).exclude(pk=point.pk).exists():
        raise PointRefused(_("“%(value)s” stands here already.") % {"value": value})
    for name in MARKS:
        known = marks[name] and norm == point.norm
        setattr(point, name, (getattr(point, name) or timezone.now()) if known else None)
    point.value, point.norm, point.label = value.strip(), norm, label
    point.digits_reversed = _digits_reversed(point.kind, norm)
    if primary and not point.is_primary:
        mine.update(is_primary=False)
        point.is_primary = True
    point.save()
    repeat_primary(owner)
    return point


@transaction.atomic
def remove_point(point):
    """Remove an address; the oldest of those left becomes primary."""
    owner, kind = point.contact or point.company, point.kind
    mine = _locked(owner).filter(kind=kind)
    point.delete()
    if not mine.filter(is_primary=True).exists() and (oldest := mine.order_by("pk").first()):
        ContactPoint.objects.filter(pk=oldest.pk).update(is_primary=True)
    repeat_primary(owner)


def set_primary(owner, kind, value):
    """Make this the primary address of its kind; "" removes the present primary one."""
    if value.strip():
        add_point(owner, kind, value, primary=True)
    elif point := ContactPoint.objects.filter(**_link(owner), kind=kind, is_primary=True).first():
        remove_point(point)
    else:
        repeat_primary(owner)


def repeat_primary(owner):
    """Write the primary email and phone onto the person or company."""
    points = ContactPoint.objects.filter(**_link(owner), is_primary=True)
    primary = dict(points.values_list("kind", "value"))
    owner.email = norm_email(primary.get("email", ""))
    owner.phone = primary.get("phone", "")[:40]
    type(owner).objects.filter(pk=owner.pk).update(email=owner.email, phone=owner.phone)


def points_of(owner):
    """All addresses, the main one of each kind first."""
    return owner.points.order_by("kind", "-is_primary", "pk")


def same_people(user, *, email="", phone="", exclude=None, region=""):
    """Contacts the user may see that share the email or the phone: at most five.

    By an address that is hidden from the user nobody is found: a guess would be answered.
    """
    norms = [norm_email(email) if may_see(user, "contact", "email") else ""]
    norms += [norm_phone(phone, region or Workspace.get().country) if may_see(user, "contact", "phone") else ""]
    if not any(norms):
        return []
    found = Contact.objects.visible_to(user).filter(points__norm__in=[norm for norm in norms if norm])
    return list(found.exclude(pk=exclude).distinct()[:5])


def _link(owner):
    return {"contact": owner} if isinstance(owner, Contact) else {"company": owner}


def _locked(owner):
    """The addresses of a record that nobody else changes until the transaction ends."""
    type(owner).objects.select_for_update().get(pk=owner.pk)
    return ContactPoint.objects.filter(**_link(owner))


def _digits_reversed(kind, norm):
    return digits_reversed(norm)[:40] if kind == ContactPoint.Kind.PHONE else ""
