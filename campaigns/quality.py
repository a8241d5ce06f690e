"""What campaigns tell of data quality: the segments by which it is shown, and the forms that records come from."""

from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.models import GuideForm, Segment, SegmentMembership
from contacts.services.quality import figures, sources
from crm import access


def _members():
    return SegmentMembership.objects.filter(left_at=None).values_list("segment", "contact")


def _names(user, keys):
    if not access.may(user, "segment"):
        return {}
    return dict(Segment.objects.visible_to(user).filter(pk__in=keys).values_list("pk", "name"))


@sources.origin
def _forms(user, names):
    """The forms of that title."""
    if not access.may(user, "sequence", "edit"):
        return {}
    found = {}
    for form in GuideForm.objects.filter(title__in=names):
        found.setdefault(form.title, []).append((_("Form"), reverse("campaigns:guide_edit", args=[form.pk])))
    return found


figures.by_segment(_members, _names)
