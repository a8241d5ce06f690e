from crm.models.calendar import BusinessCalendar, SpecialDay
from crm.models.custom_field import CustomField
from crm.models.delivery import Delivery
from crm.models.event import Event
from crm.models.invitation import Invitation
from crm.models.job import Job
from crm.models.note import Draft, Note, Pin, Reaction
from crm.models.notification import Notification
from crm.models.object_kind import ObjectKind, ObjectRelation
from crm.models.object_record import Link, ObjectRecord, RecordLink
from crm.models.outbox import OutboxMessage
from crm.models.participant import Collaborator, Follower
from crm.models.saved_view import SavedView
from crm.models.search_word import SearchWord
from crm.models.stored_file import StoredFile
from crm.models.tag import Tag
from crm.models.user import Role, Team, User
from crm.models.watch import Alert, Feed
from crm.models.workspace import Workspace

__all__ = [
    "Alert",
    "BusinessCalendar",
    "Collaborator",
    "CustomField",
    "Delivery",
    "Draft",
    "Event",
    "Feed",
    "Follower",
    "Invitation",
    "Job",
    "Link",
    "Note",
    "Notification",
    "ObjectKind",
    "ObjectRecord",
    "ObjectRelation",
    "OutboxMessage",
    "Pin",
    "Reaction",
    "RecordLink",
    "Role",
    "SavedView",
    "SearchWord",
    "SpecialDay",
    "StoredFile",
    "Tag",
    "Team",
    "User",
    "Workspace",
]
