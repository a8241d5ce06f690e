"""Records of the company's own kinds that are tied to a person: a car, a contract, a course.

One that is tied to nobody else is the person's and goes with them. Where another person, a company or a deal has a part in
it as well it stays, without the tie and without address, phone and name of the person.
"""

from django.apps import apps
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from contacts.models import ContactLink
from contacts.services.privacy.declaring import exempt, finder, share
from contacts.services.privacy.scanning import without
from crm import audit
from crm.models import Event, Link, ObjectRecord, RecordLink
from crm.objects.naming import LONGEST, name_of, unique_of
from crm.text import sort_key

exempt(
    "What the company has set up, and which of its records belongs to which company: numbers.",
    *("crm.objectkind", "crm.objectkindevent", "crm.objectrelation", "crm.objectrelationevent", "contacts.companylink"),
)

Version = audit.versions(ObjectRecord).model


@finder("crm.objectrecord")
def tied(person):
    """Records tied to the person."""
    return ObjectRecord.objects.filter(pk__in=ContactLink.objects.filter(target__in=person.numbers).values("record"))


def tied_to_others(person):
    """Those of them in which somebody else has a part."""
    somebody_else = Q()
    for model in apps.get_models():
        if issubclass(model, Link) and model is not RecordLink:
            links = model.objects.filter(record=OuterRef("pk"))
            somebody_else |= Exists(links.exclude(target__in=person.numbers) if model is ContactLink else links)
    return tied(person).filter(somebody_else)


def versions_of_those(person):
    return audit.versions(ObjectRecord).filter(pgh_obj_id__in=tied_to_others(person).values("pk"))


def take_out(records, person):
    """Leave of records, or of their earlier versions, what is the others'."""
    for record in records:
        record.title, record.custom = without(person.texts, record.title), without(person.texts, record.custom)
    if not records or isinstance(records[0], Version):
        Version._base_manager.bulk_update(records, ["title", "custom"], batch_size=500)
        return
    for record in records:
        record.title = without(person.texts, name_of(record))[:LONGEST]
        record.name_key, was, is_now = sort_key(record.title), record.unique_value, unique_of(record)
        # What was taken out leaves the same gap in several records, of which no two may be called the same.
        record.unique_value = is_now if is_now in (None, was) else f"{record.number} {is_now}"[:LONGEST]
        record.next_step = without(person.texts, record.next_step)
        record.version += 1
    columns = ["next_step", "title", "custom", "name_key", "unique_value", "version"]
    ObjectRecord._base_manager.bulk_update(records, columns, batch_size=500)


def events_of_those(person):
    """What the stream says of them, where it is not said of the person."""
    about = Event.objects.filter(target_type=ObjectRecord._meta.label_lower, target_id__in=tied_to_others(person))
    return about.exclude(contact_id__in=person.numbers)


def take_out_of_events(rows, person):
    for row in rows:
        Event.objects.filter(id=row.id, occurred_at=row.occurred_at).update(data=without(person.texts, row.data))


WHY = _("Others are tied to it too: the tie goes, and the person’s name and addresses.")
share("crm.objectrecord", tied_to_others, take_out, why=WHY)
share(Version._meta.label_lower, versions_of_those, take_out, why=WHY)
share("crm.event", events_of_those, take_out_of_events, why=WHY)
