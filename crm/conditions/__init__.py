"""The condition language: one tree for list filters, saved views, segments, workflow rules, goals and reports.

A tree is JSON. Groups nest; `not` is the exact complement, also where a value is unknown:

    {"all": [
        {"field": "city", "op": "is", "value": "Berlin"},
        {"any": [
            {"did": "guide.downloaded", "times": {"op": "at_least", "n": 2}, "within_days": 90,
             "where": {"field": "guide", "op": "contains", "value": "FM-300"}},
            {"field": "tags", "op": "has_any", "value": ["vip"]}]},
        {"not": {"has": "purchases", "within_days": 90}}]}

What may be asked is registered, never looked up from what a person typed (in an app's extensions.py):

    from crm import conditions
    from crm.conditions import Behaviour, Field, Relation, Subject

    conditions.subject(Subject("contact", Contact, _("People"), event_link="contact_id"))
    conditions.field("contact", Field("city", _("City"), "text"))
    conditions.field("contact", Field("owner", _("Owner"), "person", path="owner_id"))
    conditions.field("contact", Field("stage", _("Stage"), "choice", choices=Contact.Stage.choices))
    # an app above adds to the subject of one below:
    conditions.relation("contact", Relation("purchases", _("Bought"), "order", link="contact_id", at="paid_at",
                                            amount="base_amount", says=_("bought"), says_not=_("bought nothing")))
    conditions.behaviour(Behaviour("guide.downloaded", _("Downloaded a guide"), says=_("downloaded a guide"),
                                   says_not=_("did not download a guide"), fields=[Field("guide", _("Guide"), "text")]))
    # membership of any kind: a field that gives its own predicate for a list of values
    conditions.field("contact", Field("segment", _("Segment"), "membership", choices=segment_choices,
                                      match=lambda values, context: Exists(…)))

Use:

    tree = conditions.parse(raw, "contact", user=request.user)   # ConditionError: sentence and place
    people = conditions.matching(Contact.objects.visible_to(user), tree, "contact", user=user)
    conditions.sentence(tree, "contact")                           # in the active language

Kinds of field: text number money date datetime choice choices boolean person record tags membership.
"""

from crm.conditions.compile import Context, matching, where
from crm.conditions.fields import (
    Behaviour,
    Field,
    Relation,
    Subject,
    behaviour,
    field,
    field_named,
    fields_of,
    provider,
    relation,
    source,
    subject,
    subject_named,
)
from crm.conditions.holders import held_in
from crm.conditions.sentence import sentence
from crm.conditions.tree import ConditionError, is_empty, parse, parse_text, surviving

__all__ = [
    "Behaviour",
    "ConditionError",
    "Context",
    "Field",
    "Relation",
    "Subject",
    "behaviour",
    "field",
    "field_named",
    "fields_of",
    "held_in",
    "is_empty",
    "matching",
    "parse",
    "parse_text",
    "provider",
    "relation",
    "sentence",
    "source",
    "subject",
    "subject_named",
    "surviving",
    "where",
]
