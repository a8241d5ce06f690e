"""The rules in use, and who breaks one."""

from django.db.models import Case, FloatField, Q, Value, When

from contacts.models import Company, CompanyQuality, Contact, ContactQuality, QualityRule
from contacts.services.quality.checks import check_named
from crm import conditions
from crm.field_access import HIDDEN, level_of_field

MODELS = {"contact": (Contact, ContactQuality), "company": (Company, CompanyQuality)}
GAP_BELOW = 0.5


def current(subject):
    """The rules in use for a kind of record, in order."""
    return [rule for rule in QualityRule.objects.filter(subject=subject, is_on=True) if is_known(rule)]


def is_known(rule):
    """Whether the program can apply it: its check, and every field its condition asks for, are there."""
    if rule.test != QualityRule.CONDITION:
        return check_named(rule.test) is not None
    try:
        return not conditions.is_empty(conditions.parse(rule.tree, rule.subject))
    except conditions.ConditionError:
        return False


def field_of(rule):
    """The field that a rule is about and where its gap is mended, "" for none."""
    check = check_named(rule.test)
    return rule.field or (check.field if check else "")


def may_know(user, rule):
    """Whether the user may know who breaks a rule: not when it is about, or asks about, a field that is hidden."""
    if user is None or not user.field_limits:
        return True
    if level_of_field(user, MODELS[rule.subject][0], field_of(rule)) == HIDDEN:
        return False
    try:
        return rule.test != QualityRule.CONDITION or bool(conditions.parse(rule.tree, rule.subject, user=user))
    except conditions.ConditionError:
        return False


def share_of(rule, *, few=True):
    """What share of the rule a record keeps, as an expression; NULL where it does not apply."""
    if rule.test == QualityRule.CONDITION:
        wrong = conditions.where(rule.tree, rule.subject, few=few)
        share = Case(When(wrong, then=Value(0.0)), default=Value(1.0), output_field=FloatField())
    else:
        share = check_named(rule.test).share(rule)
    if rule.team_id:
        share = Case(When(team=rule.team_id, then=share), default=Value(None), output_field=FloatField())
    return share


def broken_by(rule, rows):
    """The records of `rows` that break a rule, whether it is saved or not."""
    return rows.annotate(_share=share_of(rule, few=False)).filter(_share__lt=GAP_BELOW)


def with_gaps(rule_ids, user=None):
    """Condition on a record: it breaks one of the rules, as last measured, of those that the user may know of."""
    keys = [int(pk) for pk in rule_ids]
    if user is not None and user.field_limits:
        keys = [rule.pk for rule in QualityRule.objects.filter(pk__in=keys) if may_know(user, rule)]
    return Q(measured__gaps__overlap=keys)
