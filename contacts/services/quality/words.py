"""What the rules are called, in the reader's language."""

from django.apps import apps
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from contacts.services.quality.checks import check_named
from crm.names import DOUBTS


def gap_of(rule, facts=()):
    """What is wrong where the rule is broken. `facts` of the record say more of a name: what exactly is wrong with it."""
    if own := rule.own_words("name"):
        return own
    check = check_named(rule.test)
    if check is None:
        return _("A condition of your own")
    text = str(check.gap).format(field=field_label(rule.subject, rule.field), days=rule.days)
    why = next((DOUBTS[f.partition(":")[2]] for f in facts if f.startswith(f"{rule.test}:")), "")
    return f"{text}: {why}" if why else text


def fix_of(rule):
    """What to do about it."""
    check = check_named(rule.test)
    return rule.own_words("fix") or (str(check.fix) if check else "")


def field_label(subject, name):
    """The name of a field as people read it, with a capital."""
    if name in ("", "name"):
        return pgettext("of a person", "Name")
    text = str(apps.get_model("contacts", subject)._meta.get_field(name).verbose_name)
    return text[:1].upper() + text[1:]
