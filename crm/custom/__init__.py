"""Custom fields: what people add to contacts, companies, deals and tickets without code.

An app gives its records custom fields by one line (the model has a JSON column `custom`):

    custom.register("contact", Contact, label=_("Contacts"), list_name="contacts")

Filters, segments, lists, cells, bulk acts, exports and the settings pages follow from that. Further:

    {% custom_section contact %}                     # on the record's page: values, changed in place
    class ContactForm(WithCustom, ModelForm): …      # in its form; {% custom_boxes form %} draws them
    custom.write(contact, {"floor": "3"}, by=user)   # programs and imports; raises CustomRefused
    custom.import_targets("contact", user)           # what a column of a file may be mapped to
    custom.letter_text("contact", contact, "floor")  # a variable of a letter: {cf_floor|ground}

`definitions` knows the fields, `values` what each kind holds, `writing` is the one service that decides, `rules`
shows, requires and locks by condition, `sql` compares in the database, `indexes` keeps that fast.
"""

from crm.custom.definitions import Target, all_fields, field_named, fields_of, register, target_for, target_of, targets
from crm.custom.importing import import_targets
from crm.custom.reading import letter_text, told
from crm.custom.writing import CustomRefused, check, cleaned, defaults, new_values, permitted, write

__all__ = [
    "CustomRefused",
    "Target",
    "all_fields",
    "check",
    "cleaned",
    "defaults",
    "field_named",
    "fields_of",
    "import_targets",
    "letter_text",
    "new_values",
    "permitted",
    "register",
    "target_for",
    "target_of",
    "targets",
    "told",
    "write",
]
