"""Why somebody may or may not do something with a record: the rules of `crm.access`, told one by one.

`explain` never decides anything. Tests hold its verdicts against the querysets that do.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm import access
from crm.access import Owned


@dataclass(frozen=True)
class Reason:
    """One rule and whether it gives the right. None of those that refuse takes away what another one gives."""

    grants: bool
    text: str


@dataclass(frozen=True)
class Verdict:
    act: str
    label: str
    allowed: bool
    reasons: list


def explain(user, obj):
    """The verdicts on all acts: [Verdict]. What is not seen is neither changed, deleted nor exported."""
    found = {act: _reasons(user, obj, act) for act, _label in access.ACTS}
    seen = any(reason.grants for reason in found["view"])
    verdicts = []
    for act, label in access.ACTS:
        reasons, allowed = found[act], any(reason.grants for reason in found[act])
        if allowed and not seen:
            reasons = [*reasons, Reason(False, _("What is not seen cannot be worked on."))]
        verdicts.append(Verdict(act, label, allowed and seen, reasons))
    return verdicts


def _reasons(user, obj, act):
    if not user.is_active:
        return [Reason(False, _("%(name)s can no longer sign in.") % {"name": user})]
    if user.is_superuser:
        return [Reason(True, _("%(name)s is an administrator and may do everything.") % {"name": user})]
    roles = list(user.roles.all())
    found = [_of_role(user, obj, role, act) for role in roles]
    if not roles:
        found.append(Reason(False, _("%(name)s has no role.") % {"name": user}))
    if obj.pk in _opened(user, obj, act):
        found.append(Reason(True, _("Somebody opened this record to %(name)s by hand.") % {"name": user}))
    return found


def _of_role(user, obj, role, act):
    level = role.level(obj.access_kind, act)
    gives = _("The role “%(role)s” gives: %(level)s.") % {
        "role": _(role.name),
        "level": dict(access.LEVELS)[level],
    }
    if level in {access.NONE, access.ALL}:
        return Reason(level == access.ALL, gives)
    if not isinstance(obj, Owned):
        return Reason(False, f"{gives} {_('Such records belong to nobody, so this gives nothing.')}")
    if obj.owner_id == user.pk:
        return Reason(True, f"{gives} {_('The record belongs to %(name)s.') % {'name': user}}")
    whose = _("The record belongs to %(owner)s.") % {"owner": obj.owner} if obj.owner_id else _("It belongs to nobody.")
    if level == access.TEAM and obj.team_id in user.team_ids:
        team = _("Its team, %(team)s, is the own one or stands below it.") % {"team": obj.team}
        return Reason(True, f"{gives} {whose} {team}")
    if level == access.TEAM:
        team = _("Its team: %(team)s. The own one: %(own)s.") % {"team": obj.team or "–", "own": user.team or "–"}
        whose = f"{whose} {team}"
    return Reason(False, f"{gives} {whose}")


def _opened(user, obj, act):
    """Keys of what was opened by hand to the user, where the kind knows that."""
    shared = act in {"view", "edit"} and getattr(obj, "access_shared", False)
    if not shared or user.level(obj.access_kind) == access.NONE:
        return []
    return user.opened_ids(obj._meta.label_lower, act)
