"""What may be asked about people, companies and tasks."""

from functools import partial

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.models import (
    ActivityType,
    Company,
    Consent,
    Contact,
    ContactPoint,
    Employment,
    LifecycleStay,
    QualityRule,
    Task,
    Topic,
)
from contacts.models.lifecycle import HOW
from contacts.models.quality import Dimension
from contacts.models.task import DUE_STRAYS, due_by_here
from contacts.services import consents
from contacts.services.quality.rules import with_gaps
from crm import conditions
from crm.conditions import Field, Relation, Subject
from crm.text import norm_email

conditions.subject(
    Subject("contact", Contact, _("People"), event_link="contact_id", who=_("who %(what)s"), whose=_("whose %(what)s"))
)
for field in (
    Field("name", _("Name"), "text", path="name_key", key="name_key"),
    Field("owner", _("Owner"), "person", path="owner_id"),
    Field("stage", _("Lifecycle stage"), "choice", choices=Contact.Stage.choices),
    Field("city", _("City"), "text", place=_("in {value}")),
    Field("country", _("Country"), "text", exact=True),
    Field("region", _("Region"), "text"),
    Field("postcode", _("Postcode"), "text"),
    Field("time_zone", _("Time zone"), "text", exact=True),
    Field("language", _("Language"), "choice", choices=[("en", "English"), ("ru", "Русский"), ("de", "Deutsch")]),
    Field("company", _("Company"), "record", path="company_id", subject="company"),
    Field("job_title", _("Job title"), "text"),
    Field("email", _("Email"), "text", normal=lambda text: norm_email(text) or text.strip().lower()),
    Field("phone", _("Phone"), "text"),
    Field("source", _("Source"), "text"),
    Field("tags", _("Tags"), "tags"),
    Field("score", _("Score"), "number"),
    Field("quality", _("Data quality"), "number"),
    Field("birthday", _("Birthday"), "date", path="birthday_on", whole_if="birthday_has_year"),
    Field("created", _("Added"), "datetime", path="created_at"),
    Field("last_touch", _("Last touch"), "datetime", path="last_touch_at"),
    Field("next_step", _("Next step"), "datetime", path="next_step_at"),
):
    conditions.field("contact", field)


def _consents():
    """What a consent may be asked about: [(value, words)]."""
    topics = [(f"topic:{topic.code}", topic.name) for topic in Topic.objects.all()]
    channels = [(channel.value, f"{Consent.Purpose.ADVERTISING.label}: {channel.label}") for channel in Consent.Channel]
    return [(Consent.Purpose.PERSONAL_DATA.value, Consent.Purpose.PERSONAL_DATA.label), *channels, *topics]


def _stated(state):
    """A membership test: for any of the values the statement that counts is of that state."""

    def match(values, context):
        asked = Q()
        for value in values:
            if value == Consent.Purpose.PERSONAL_DATA:
                asked |= Q(state(Consent.Purpose.PERSONAL_DATA))
            elif value.startswith("topic:"):
                asked |= Q(state(Consent.Purpose.ADVERTISING, topic=value[6:]))
            else:
                asked |= Q(state(Consent.Purpose.ADVERTISING, channel=value))
        return asked

    return match


def _gaps(subject):
    """The rules a record can break: [(value, words)]."""
    return [(str(rule.pk), str(rule)) for rule in QualityRule.objects.filter(subject=subject, is_on=True)]


conditions.field(
    "contact", Field("consent", _("Consent given"), "membership", choices=_consents, match=_stated(consents.given))
)
conditions.field(
    "contact",
    Field("refusal", _("Consent withdrawn"), "membership", choices=_consents, match=_stated(consents.withdrawn)),
)
conditions.relation(
    "contact",
    Relation(
        "tasks", _("Tasks"), "task", link="contact_id", at="due_at", says=_("have a task"), says_not=_("have no task")
    ),
)

conditions.subject(Subject("stay", LifecycleStay, _("Stays in stages")))
for field in (
    Field("stage", _("Lifecycle stage"), "choice", choices=Contact.Stage.choices),
    Field("entered", _("Entered"), "datetime", path="entered_at"),
    Field("left", _("Left the stage"), "datetime", path="left_at"),
    Field("by", _("Who"), "person", path="by_id"),
    Field("how", _("How"), "choice", choices=list(HOW.items())),
):
    conditions.field("stay", field)
conditions.relation(
    "contact",
    Relation(
        "stays", _("Stages passed"), "stay", link="contact_id", at="entered_at",
        says=_("passed a stage"), says_not=_("passed no stage"),
    ),
)  # fmt: skip
conditions.subject(Subject("employment", Employment, _("Roles in companies")))
for field in (
    Field("role", _("Role"), "text"),
    Field("company", _("Company"), "record", path="company_id", subject="company"),
    Field("since", _("Since"), "date", path="since_on"),
    Field("until", _("Until"), "date", path="until_on"),
    Field("has_left", _("Has left"), "boolean"),
    Field("main", _("Main role"), "boolean", path="is_primary"),
):
    conditions.field("employment", field)
conditions.relation(
    "contact",
    Relation(
        "employments", _("Roles in companies"), "employment", link="contact_id", at="since_on",
        says=_("have a role in a company"), says_not=_("have no role in a company"),
    ),
)  # fmt: skip
conditions.subject(Subject("point", ContactPoint, _("Addresses")))
for field in (
    Field("kind", _("Kind"), "choice", choices=ContactPoint.Kind.choices),
    Field("value", _("Address"), "text"),
    Field("label", _("Label"), "text"),
    Field("verified", _("Verified"), "datetime", path="verified_at"),
    Field("bounced", _("Bounced"), "datetime", path="bounced_at"),
    Field("opted_out", _("Opted out"), "datetime", path="opted_out_at"),
):
    conditions.field("point", field)
conditions.relation(
    "contact",
    Relation(
        "points", _("Addresses"), "point", link="contact_id", at="created_at",
        says=_("have an address"), says_not=_("have no address"),
    ),
)  # fmt: skip

conditions.subject(
    Subject(
        "company", Company, _("Companies"), event_link="company_id", who=_("that %(what)s"), whose=_("whose %(what)s")
    )
)
for field in (
    Field("name", _("Name"), "text", path="name_key", key="name_key"),
    Field("owner", _("Owner"), "person", path="owner_id"),
    Field("industry", _("Industry"), "text"),
    Field("city", _("City"), "text", place=_("in {value}")),
    Field("country", _("Country"), "text", exact=True),
    Field("part_of", _("Part of"), "record", path="parent_id", subject="company"),
    Field("inn", _("Taxpayer no."), "text", exact=True),
    Field("source", _("Source"), "text"),
    Field("staff", _("Staff"), "number"),
    Field("tags", _("Tags"), "tags"),
    Field("created", _("Added"), "datetime", path="created_at"),
    Field("last_touch", _("Last touch"), "datetime", path="last_touch_at"),
):
    conditions.field("company", field)
for subject, link in (("contact", "contact_id"), ("company", "company_id")):
    conditions.relation(
        subject,
        Relation(
            "open_tasks",
            _("Open tasks"),
            "task",
            link=link,
            at="due_at",
            says=_("have an open task"),
            says_not=_("have no open task"),
            rows=Task.objects.open,
            kind_needed="task",
        ),
    )
conditions.relation(
    "company",
    Relation("people", _("People"), "contact", link="company_id", says=_("have people"), says_not=_("have no people")),
)

conditions.field("company", Field("quality", _("Data quality"), "number"))
for subject in ("contact", "company"):
    conditions.field(
        subject, Field("verified", _("Looked through"), "datetime", path="verified_at", group=_("Data quality"))
    )
    for dimension in Dimension:
        path = f"measured__{dimension.value}"
        conditions.field(subject, Field(dimension.value, dimension.label, "number", path=path, group=_("Data quality")))
    conditions.field(
        subject,
        Field(
            "gap", _("Gap in the data"), "membership", choices=partial(_gaps, subject), group=_("Data quality"),
            match=lambda values, context: with_gaps(values, context.user),
        ),
    )  # fmt: skip


def _types():
    """Kinds of one's own, also those no longer offered: old tasks have them."""
    return [(row.pk, str(row)) for row in ActivityType.objects.all()]


conditions.subject(Subject("task", Task, _("Tasks")))
for field in (
    Field("title", _("What"), "text"),
    Field("owner", _("Owner"), "person", path="owner_id"),
    Field("kind", _("Kind"), "choice", choices=Task.Kind.choices),
    Field("type", _("Activity type"), "choice", path="type_id", choices=_types),
    Field("priority", _("Priority"), "choice", choices=Task.Priority.choices),
    Field("place", _("Place or link"), "text"),
    Field("due", _("Due"), "datetime", path="due_at", expression=due_by_here, strays=DUE_STRAYS),
    Field("done", _("Done"), "datetime", path="done_at"),
    Field("hot", _("Hot"), "boolean", path="is_hot"),
    Field("contact", _("Contact"), "record", path="contact_id", subject="contact"),
    Field("company", _("Company"), "record", path="company_id", subject="company"),
):
    conditions.field("task", field)
