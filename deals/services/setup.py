"""What a new company starts with."""

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from crm.models import Workspace
from deals.models import LossReason, Pipeline, Stage


@transaction.atomic
def create_standard_pipeline(language=None):
    """The standard pipeline and loss reasons, in the company's language; what is there already stays. Returns it."""
    with translation.override(language or Workspace.get().language):
        pipeline, new = Pipeline.objects.get_or_create(name=_("Sales"))
        if new:
            for position, (name, kind, chance, rot, gate) in enumerate(_stages()):
                pipeline.stages.create(
                    name=name, kind=kind, probability=chance, rot_days=rot, gate=gate, position=position
                )
        if not LossReason.objects.exists():
            LossReason.objects.bulk_create(LossReason(name=n, position=i) for i, n in enumerate(_reasons()))
    return pipeline


def _stages():
    kind = Stage.Kind
    return [
        (_("New"), kind.OPEN, 10, 7, []),
        (_("Qualified"), kind.OPEN, 25, 14, ["contact"]),
        (_("Proposal"), kind.OPEN, 50, 14, ["amount", "close_on"]),
        (_("Negotiation"), kind.OPEN, 70, 21, ["amount", "close_on"]),
        (_("Won"), kind.WON, 100, None, []),
        (_("Lost"), kind.LOST, 0, None, []),
    ]


def _reasons():
    return [
        _("Too expensive"),
        _("Went to a competitor"),
        _("No budget"),
        _("No answer"),
        _("Not needed any more"),
        _("Does not fit"),
        _("Another reason"),
    ]
