"""What campaigns registers."""

from django.utils.translation import gettext_lazy as _

from campaigns.models import Segment, Sequence
from crm import access

access.register("segment", _("Segments"), Segment)
access.register("sequence", _("Sequences"), Sequence)
