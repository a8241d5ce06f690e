from contacts.models.company import Company
from contacts.models.consent import Consent
from contacts.models.contact import Contact, ContactPoint, Employment
from contacts.models.import_run import ImportedRow, ImportRun
from contacts.models.task import Task

__all__ = [
    "Company",
    "Consent",
    "Contact",
    "ContactPoint",
    "Employment",
    "ImportRun",
    "ImportedRow",
    "Task",
]
