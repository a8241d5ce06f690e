"""Custom objects: kinds of record that people define, with fields, rights, lists and relations, without code.

A kind is a row (`ObjectKind`), and so are its records (`ObjectRecord`): nothing is built or migrated for a new one.
Everything that knows kinds of record by their name finds these too, under "co_" and the code of the kind:

    roles and `visible_to`          registering.access_kinds; one table, each row with the rights of its own kind
    own fields                      custom.target_of("co_contract")
    filters, segments, "has no …"   conditions: `filters.Objects`
    lists, views, export, import    lists.page_named("co_contract")
    navigation, palette, search     registering

An app lets its records be related to by one line (the model has a link table made of `crm.models.Link`):

    objects.register_target("contact", Contact, ContactLink, label=_("Contacts"))

`records` is the service that makes, changes and ties records; `relations` knows what may be tied to what.
"""

from crm.objects.relations import register_target

__all__ = ["register_target"]
