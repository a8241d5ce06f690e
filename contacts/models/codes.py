"""How names sound, as the database counts it (functions of the migration `name_codes`)."""

from django.db.models import Func, TextField


class NameCode(Func):
    """Of the first two words of a person's key, in whichever order they stand."""

    function = "contacts_name_code"
    output_field = TextField()


class CompanyCode(Func):
    """Of a company's key without its legal form."""

    function = "contacts_company_code"
    output_field = TextField()
