from contacts.models.activity import ActivityType
from contacts.models.address import Address
from contacts.models.calendar_feed import CalendarFeed
from contacts.models.company import Company
from contacts.models.consent import Consent, ConsentChain, ConsentRequest, ConsentText, Topic
from contacts.models.contact import Contact, ContactPoint, Employment
from contacts.models.duplicate import Candidate, CompanyPair, ContactPair, DuplicateSettings
from contacts.models.external_id import ExternalId
from contacts.models.import_run import ImportRun
from contacts.models.imported import ImportedCompany, ImportedRow, ImportKey
from contacts.models.letter_template import LetterTemplate
from contacts.models.lifecycle import LifecycleStay
from contacts.models.merge import Merge, MergeStep
from contacts.models.object_link import CompanyLink, ContactLink
from contacts.models.personal_letter import LetterParty, PersonalLetter
from contacts.models.personal_mailbox import MailFolder, PersonalMailbox, SeenLetter
from contacts.models.playbook import Playbook, PlaybookRun, PlaybookRunStep, PlaybookStep
from contacts.models.privacy import ErasedAddress, Erasure, LegalHold, PrivacyRequest, RetentionRule, RetentionRun
from contacts.models.quality import (
    BadSource,
    CompanyQuality,
    ContactQuality,
    FixRun,
    QualityFigure,
    QualityMark,
    QualityRule,
    QualitySettings,
)
from contacts.models.recurrence import Recurrence
from contacts.models.requisites import BankAccount, Requisite
from contacts.models.task import Participant, Reminder, Task

__all__ = [
    "ActivityType",
    "Address",
    "BadSource",
    "BankAccount",
    "CalendarFeed",
    "Candidate",
    "Company",
    "CompanyLink",
    "CompanyPair",
    "CompanyQuality",
    "Consent",
    "ConsentChain",
    "ConsentRequest",
    "ConsentText",
    "Contact",
    "ContactLink",
    "ContactPair",
    "ContactPoint",
    "ContactQuality",
    "DuplicateSettings",
    "Employment",
    "ErasedAddress",
    "Erasure",
    "ExternalId",
    "FixRun",
    "ImportKey",
    "ImportRun",
    "ImportedCompany",
    "ImportedRow",
    "LetterParty",
    "LegalHold",
    "LetterTemplate",
    "LifecycleStay",
    "MailFolder",
    "Merge",
    "MergeStep",
    "Participant",
    "PersonalLetter",
    "PersonalMailbox",
    "Playbook",
    "PlaybookRun",
    "PlaybookRunStep",
    "PlaybookStep",
    "QualityFigure",
    "QualityMark",
    "QualityRule",
    "QualitySettings",
    "PrivacyRequest",
    "Recurrence",
    "Reminder",
    "Requisite",
    "SeenLetter",
    "RetentionRule",
    "RetentionRun",
    "Task",
    "Topic",
]
