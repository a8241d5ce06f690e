"""What a stage asks for before a deal may enter it."""

from django.utils.translation import gettext_lazy as _

# Fields a stage may ask for, with their names in the settings.
ASKABLE = {
    "amount": _("Amount"),
    "close_on": _("Expected close"),
    "contact": _("Contact"),
    "company": _("Company"),
    "next_step": _("Next step"),
    "competitor": _("Competitor"),
    "source": _("Source"),
    "loss_reason": _("Loss reason"),
}


class StageGate(Exception):
    """The stage asks for fields that are still empty: `stage`, `missing` (names of fields of Deal)."""

    def __init__(self, stage, missing):
        self.stage, self.missing = stage, missing
        super().__init__(f"{stage} asks for {', '.join(missing)}")


def missing_for(deal, stage, filling=None):
    """Names of the fields that `stage` asks for and that neither the deal nor `filling` has."""
    filling = filling or {}
    return [name for name in stage.asks if _empty(filling.get(name, _value(deal, name)))]


def _value(deal, name):
    return getattr(deal, f"{name}_id" if name in {"contact", "company", "loss_reason"} else name)


def _empty(value):
    # A sum of nothing is a sum; an unknown one is not.
    return value is None or value == ""
