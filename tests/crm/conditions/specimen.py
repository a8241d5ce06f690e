"""A subject of our own on the contact table, so that these tests do not depend on what apps register."""

from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Length

from contacts.models import Contact, ContactPoint, Task
from crm import conditions
from crm.conditions import Behaviour, Field, Relation, Subject

LISTS = [("1", "First list"), ("2", "Second list")]


def _in_lists(values, context):
    wanted = [int(v) for v in values]
    return Exists(ContactPoint.objects.filter(contact=OuterRef("pk"), kind="messenger", label__in=map(str, wanted)))


def _first_point():
    rows = ContactPoint.objects.filter(contact=OuterRef("pk"), kind="phone").order_by("norm")
    return Subquery(rows.values("norm")[:1])


def register():
    conditions.subject(Subject("specimen", Contact, "People", event_link="contact_id"))
    conditions.subject(Subject("specimen_task", Task, "Tasks"))
    conditions.field("specimen_task", Field("title", "Title", "text"))
    for field in [
        Field("city", "City", "text"),
        Field("name", "Name", "text", key="name_key"),
        Field("email", "Email", "text", exact=True),
        Field("stage", "Stage", "choice", choices=Contact.Stage.choices),
        Field("score", "Score", "number"),
        Field("birthday", "Birthday", "date", path="birthday_on"),
        Field("touched", "Last touch", "datetime", path="last_touch_at"),
        Field("owner", "Owner", "person", path="owner_id"),
        Field("company", "Company", "record", path="company_id", subject="company"),
        Field("company_city", "Company's city", "text", path="company__city"),
        Field("tags", "Tags", "tags"),
        Field("floor", "Floor", "number", json="custom"),
        Field("colour", "Colour", "text", json="custom"),
        Field("vip", "VIP", "boolean", json="custom"),
        Field("interests", "Interests", "choices", json="custom", choices=[("a", "A"), ("b", "B")]),
        Field("signed", "Signed", "date", json="custom"),
        Field("phone", "First phone", "text", expression=_first_point),
        Field("length", "Length", "number", expression=lambda: Length("first_name")),
        Field("list", "list", "membership", choices=LISTS, match=_in_lists),
        Field("secret", "Secret", "text", path="city", kind_needed="deal"),
    ]:
        conditions.field("specimen", field)
    conditions.relation(
        "specimen",
        Relation(
            "tasks", "Tasks", "specimen_task", link="contact_id", at="due_at", says="has a task", says_not="has no task"
        ),
    )
    conditions.relation(
        "specimen",
        Relation("paid", "Paid", "specimen_task", link="contact_id", at="created_at", amount="target_id"),
    )
    conditions.behaviour(
        Behaviour(
            "specimen.downloaded",
            "Downloaded a guide",
            says="downloaded a guide",
            says_not="did not download a guide",
            fields=[Field("guide", "guide", "text"), Field("pages", "pages", "number")],
        )
    )
