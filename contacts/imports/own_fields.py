"""Fields that people have defined, as targets of an import."""

from contacts.imports import values
from contacts.imports.targets import COMPANY, PERSON, Target, provider
from crm import custom


@provider
def own_fields():
    """Those of people and companies that everybody who imports may fill."""
    return [
        Target(f"{on}_{item.name}", item.label, [item.key.replace("_", " ")], _cleaner(item), custom=item.key, on=on)
        for on, subject in ((PERSON, "contact"), (COMPANY, "company"))
        for item in custom.import_targets(subject)
    ]


class Demands:
    """What own fields ask of records that an import makes: values to begin with, and what must be filled in."""

    def __init__(self, subject, kinds):
        self.subject = subject
        self.keys = {name: item.custom for name, item in kinds.items() if item.custom}
        self.defaults = custom.defaults(subject)
        # Only what a file may fill can be asked of it.
        self.asked = {item.key for item in custom.import_targets(subject)}
        fields = custom.fields_of(subject)
        self.is_idle = not any(field.is_required or "require" in field.rules for field in fields)

    def missing(self, row):
        """Why no record can be made of a row, as a sentence; "" when nothing is missing."""
        if self.is_idle:
            return ""
        given = self.defaults | {self.keys[name]: value for name, value in row.person.items() if name in self.keys}
        errors = self._errors(row, given)
        if errors.keys() & given.keys():
            # What does not apply is not written; the question is what is left to be asked then.
            errors = self._errors(row, {key: value for key, value in given.items() if key not in errors})
        return " ".join(text for key, text in errors.items() if key in self.asked)

    def _errors(self, row, given):
        try:
            custom.check(self.subject, None, given, overrides=row.person, whole=True)
        except custom.CustomRefused as refusal:
            return refusal.errors
        return {}


def _cleaner(item):
    def clean(text):
        try:
            return item.parse(text)
        except ValueError as error:
            raise values.Unfit(f"{item.label}: {error}") from None

    return clean
