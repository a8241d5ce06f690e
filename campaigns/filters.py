"""What may be asked about people because of campaigns."""

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from campaigns.models import Segment, SegmentMembership
from crm import conditions
from crm.conditions import Behaviour, Field


def _segments():
    return [(row.pk, row.name) for row in Segment.objects.order_by("name")]


def _inside(values, context):
    """Predicate: an open membership in one of the segments."""
    return Exists(SegmentMembership.objects.filter(contact=OuterRef("pk"), left_at=None, segment__in=values))


conditions.field(
    "contact", Field("segment", _("Segment"), "membership", choices=_segments, match=_inside, kind_needed="segment")
)
for behaviour in (
    Behaviour(
        "guide.downloaded",
        _("Downloaded a guide"),
        _("downloaded a guide"),
        _("did not download a guide"),
        [Field("guide", _("Guide"), "text")],
    ),
    Behaviour(
        "email.sent", _("Got a letter"), _("got a letter"), _("got no letter"), [Field("subject", _("Subject"), "text")]
    ),
    Behaviour(
        "email.opened",
        _("Opened a letter"),
        _("opened a letter"),
        _("opened no letter"),
        [Field("subject", _("Subject"), "text")],
    ),
    Behaviour(
        "email.clicked",
        _("Clicked in a letter"),
        _("clicked in a letter"),
        _("clicked in no letter"),
        [Field("url", _("Address"), "text")],
    ),
    Behaviour(
        "page.viewed",
        _("Looked at a page"),
        _("looked at a page"),
        _("looked at no page"),
        [Field("page", _("Page"), "text")],
    ),
):
    conditions.behaviour(behaviour)
