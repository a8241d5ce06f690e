"""The roles a new installation starts with. Administrators change them or add their own."""

from django.utils.translation import gettext_noop as _

from crm import access
from crm.models import Role

# Level of view, edit, delete, export for each way of holding a kind.
_OWN = {"view": access.OWN, "edit": access.OWN, "delete": access.NONE, "export": access.NONE}
_TEAM = {"view": access.TEAM, "edit": access.TEAM, "delete": access.OWN, "export": access.TEAM}
_SEE = {"view": access.ALL, "edit": access.NONE, "delete": access.NONE, "export": access.NONE}
_READ = {"view": access.ALL, "edit": access.NONE, "delete": access.NONE, "export": access.ALL}
_FULL = {act: access.ALL for act, _label in access.ACTS}

STANDARD = {
    "owner": (
        _("Owner"),
        {
            **dict.fromkeys(
                [
                    "contact",
                    "company",
                    "task",
                    "deal",
                    "product",
                    "order",
                    "ticket",
                    "article",
                    "segment",
                    "sequence",
                    "kpi",
                ],
                _FULL,
            ),
            "import": _FULL,
            "privacy": _FULL,
            "settings": _FULL,
            "user": _FULL,
        },
    ),
    "sales_manager": (
        _("Sales manager"),
        {
            **dict.fromkeys(["contact", "company", "task", "deal", "order"], _TEAM),
            "product": _FULL,
            "import": _FULL,
            "ticket": _SEE,
            "article": _SEE,
            "segment": _SEE,
            "kpi": _READ,
        },
    ),
    "sales_rep": (
        _("Sales rep"),
        {**dict.fromkeys(["contact", "company", "task", "deal", "order"], _OWN), "product": _SEE, "article": _SEE},
    ),
    "support_lead": (
        _("Support lead"),
        {
            "ticket": _FULL,
            "article": _FULL,
            "task": _TEAM,
            "contact": {**_READ, "edit": access.ALL},
            "company": _READ,
            "kpi": _READ,
        },
    ),
    "support_agent": (
        _("Support agent"),
        {
            "ticket": {"view": access.ALL, "edit": access.ALL, "delete": access.NONE, "export": access.NONE},
            "article": {**_SEE, "edit": access.ALL},
            "task": _OWN,
            "contact": _SEE,
            "company": _SEE,
        },
    ),
    "marketer": (
        _("Marketer"),
        {
            "contact": {**_READ, "edit": access.ALL},
            "company": _READ,
            "task": _OWN,
            "segment": _FULL,
            "sequence": _FULL,
            "import": _FULL,
            "kpi": _READ,
            "deal": _SEE,
            "order": _SEE,
        },
    ),
    "analyst": (
        _("Analyst"),
        dict.fromkeys(
            ["contact", "company", "deal", "order", "product", "ticket", "article", "segment", "sequence", "kpi"], _READ
        ),
    ),
    "admin": (_("Administrator"), {"settings": _FULL, "user": _FULL, "privacy": _FULL}),
}


def create_standard_roles():
    """Create those that are missing; a role somebody has changed stays as it is. Returns {code: Role}."""
    for code, (name, grants) in STANDARD.items():
        Role.objects.get_or_create(code=code, defaults={"name": name, "grants": grants})
    return {role.code: role for role in Role.objects.all()}
