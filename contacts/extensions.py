"""What contacts registers."""

from django.utils.translation import gettext_lazy as _

from contacts.models import Company, Contact, Task
from crm import access

access.register("contact", _("Contacts"), Contact)
access.register("company", _("Companies"), Company)
access.register("task", _("Tasks"), Task)
access.register("import", _("Import"))
