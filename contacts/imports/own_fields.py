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


def _cleaner(item):
    def clean(text):
        try:
            return item.parse(text)
        except ValueError as error:
            raise values.Unfit(f"{item.label}: {error}") from None

    return clean
