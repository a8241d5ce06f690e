"""Why somebody may or may not do something with a record: the rules of `crm.access`, told one by one.

`explain` never decides anything. Tests hold its verdicts against the querysets that do.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm import access, field_access
from crm.access import Owned
from crm.models import User

HELPERS = 3


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


@dataclass(frozen=True)
class FieldReason:
    """A field that is limited for somebody: what is left of it, and the roles that limit it."""

    label: str
    level: str
    is_hidden: bool
    roles: list


def limited_fields(user, obj):
    """[FieldReason] of the fields of a record's kind that the user may only see or not see at all."""
    roles = [role for role in user.roles.all() if role.level(obj.access_kind, "view")]
    levels = dict(field_access.LEVELS)
    return [
        FieldReason(
            label,
            levels[level],
            level == field_access.HIDDEN,
            [_(role.name) for role in roles if name in role.fields.get(obj.access_kind, {})],
        )
        for name, label, level in field_access.limited(user, obj.access_kind)
    ]


def who_may_help():
    """People who may change roles: whom to ask."""
    people = User.objects.filter(is_active=True).prefetch_related("roles").order_by("name", "pk")
    return [person for person in people if access.may(person, "user", "edit")][:HELPERS]


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
