"""What the queue shows of the record in hand: the fields that mend its gaps, each with what is proposed."""

from dataclasses import dataclass

from contacts.forms import CompanyForm, ContactForm
from contacts.services import companies, people
from contacts.services.quality import gaps
from contacts.services.quality.proposals import proposals_of
from contacts.services.quality.words import field_label

# (form, verb that writes one field) of each kind of record.
WRITERS = {"contact": (ContactForm, people.change_field), "company": (CompanyForm, companies.change_field)}
# Names belong together: whoever mends one sees the others.
_NAMES = ("first_name", "middle_name", "last_name")


@dataclass
class Line:
    """One field of the record in hand: what stands there, what is proposed, and the gaps it mends."""

    name: str
    label: str
    was: str
    value: str
    is_proposed: bool
    options: list
    gaps: list
    error: str = ""


def lines_of(record, user):
    """(fields the user may mend, gaps that are mended elsewhere) of the record in hand, the heaviest gap first."""
    offered = proposals_of(record, record.measured)
    found = gaps.gaps_of(record, record.measured, user)
    by_field, elsewhere = {}, []
    for gap in found:
        name = field_of(gap)
        if name:
            by_field.setdefault(name, []).append(gap)
        else:
            elsewhere.append(gap)
    if any(name in by_field or name in offered for name in _NAMES):
        by_field |= {name: by_field.get(name, []) for name in _NAMES if name in offered or name != "middle_name"}
    for name in offered:
        by_field.setdefault(name, [])
    # What is proposed first, so that Enter is a look away; the parts of a name side by side.
    order = sorted(
        by_field, key=lambda name: (name not in offered, name not in _NAMES, name in _NAMES and _NAMES.index(name))
    )
    lines = [_line(record, name, offered, by_field[name], user) for name in order]
    return [line for line in lines if line], elsewhere


def field_of(gap):
    """The field in which a gap is mended here; "" for what needs another page."""
    if gap.act in {"merge", "verify", "roles"}:
        return ""
    check_field = gap.field or gap.url.rpartition("#id_")[2]
    return check_field if check_field in WRITERS[gap.rule.subject][0].base_fields else ""


def _line(record, name, offered, found, user):
    """One field as the form shows it; None for one that the form does not give to this user."""
    kind = record._meta.model_name
    field = WRITERS[kind][0](instance=record, only=name, by=user).fields.get(name)
    if field is None or field.disabled:
        return None
    was = people.shown_value(record, name)
    shown = record.birthday_words if name == "birthday_on" else was
    options = [(str(value), str(label)) for value, label in getattr(field, "choices", [])]
    return Line(name, field_label(kind, name), was, offered.get(name, shown), name in offered, options, found)
