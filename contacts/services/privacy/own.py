"""What the tables of contacts, of the program itself and of its libraries hold of a person."""

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, ErasedAddress, FixRun, ImportedRow, ImportKey, Merge, MergeStep, Participant
from contacts.services import consents
from contacts.services.privacy.declaring import anonymise, exempt, finder, follower, hide, others, tie
from contacts.services.privacy.files import named_in, of_imports, with_people
from contacts.services.privacy.scanning import containing
from contacts.services.privacy.ties import rows_of
from crm.models import Delivery, Job, Notification, OutboxMessage, StoredFile

_pages = set()

exempt(
    "What the company has set up; it tells of nobody.",
    *("crm.businesscalendar", "crm.specialday", "crm.workspace", "crm.workspaceevent", "crm.customfield", "crm.customfieldevent"),
    *("crm.team", "crm.role", "crm.tag", "crm.tagevent", "contacts.activitytype", "contacts.topic", "contacts.topicevent", "contacts.consenttext"),
    *("contacts.duplicatesettings", "contacts.duplicatesettingsevent", "contacts.playbook", "contacts.playbookevent"),
    *("contacts.playbookstep", "contacts.retentionrule", "contacts.retentionruleevent", "contacts.retentionrun"),
    *("auth.permission", "auth.group", "auth.group_permissions", "contenttypes.contenttype", "socialaccount.socialapp"),
)  # fmt: skip
exempt(
    "Rules and figures of data quality: numbers of records, no values.",
    *("contacts.qualityrule", "contacts.qualityruleevent", "contacts.qualitysettings", "contacts.qualitysettingsevent"),
    *("contacts.companyquality", "contacts.qualitymark", "contacts.qualityfigure", "contacts.badsource"),
)  # fmt: skip
exempt(
    "Colleagues and their ways to sign in.",
    *("crm.user", "crm.userevent", "crm.user_roles", "crm.user_groups", "crm.user_user_permissions", "crm.invitation"),
    *("crm.invitation_roles", "sessions.session", "usersessions.usersession", "account.emailaddress"),
    *("account.emailconfirmation", "mfa.authenticator", "socialaccount.socialaccount", "socialaccount.sociallogin"),
    *("socialaccount.socialtoken", "contacts.calendarfeed"),
)  # fmt: skip
exempt(
    "Conditions and views that colleagues wrote.",
    *("crm.savedview", "crm.savedview_default_for", "crm.feed", "crm.alert", "crm.alertrow"),
)
exempt(
    "Companies, which are no people.",
    *("contacts.company", "contacts.companyevent", "contacts.companypair", "contacts.importedcompany", "contacts.requisite"),
    *("contacts.requisiteevent", "contacts.bankaccount", "contacts.bankaccountevent"),
)  # fmt: skip
exempt(
    "Proof: numbers and keyed hashes from which nobody can be known.",
    *("contacts.consentchain", "contacts.erasure", "contacts.erasedaddress"),
)
exempt("Words of names, without the names: those that nobody else has go by themselves.", "crm.searchword")
exempt("Who made a change, not what it says; addresses of visitors go by themselves.", "pghistory.context", "pghistory.events", "pghistory.middlewareevents")  # fmt: skip
exempt("While it lies on a person nothing is erased.", "contacts.legalhold")
exempt("The file is emptied; what the run counted stays.", "contacts.importrun")

hide(
    "Guesses about two people; the other one is none of this person's business.",
    "contacts.contactpair",
    "contacts.candidate",
)
hide(
    "Earlier copies of rows that stand here themselves.",
    "contacts.merge",
    "contacts.mergestep",
    "contacts.importkey",
)
hide("How the work of colleagues is organised.", "contacts.fixrun", "crm.job", "crm.notification", "crm.outboxmessage", "crm.draft", "crm.pin", "crm.reaction", "crm.follower", "crm.collaborator", "crm.collaboratorevent", "admin.logentry")  # fmt: skip

anonymise("crm.job", why=_("What ran, without whom it was about."), keep=["kind"])
anonymise("contacts.fixrun", why=_("That records were mended; not what stood in them."))
anonymise("contacts.privacyrequest", why=_("That a request came and was answered in time."))

tie("crm.pin", "event_id", "crm.event")
tie("crm.reaction", "event_id", "crm.event")


def page(label):
    """Declare that a kind of record has a page of its own: what leads there goes with it."""
    _pages.add(label)


page("contacts.contact")
page("contacts.task")


@finder("contacts.merge")
def merges(person):
    return Merge.objects.filter(contact__isnull=False, gone_id__in=person.numbers)


@finder("contacts.fixrun")
def mended(person):
    condition = Q(pk__in=[])
    for number in person.numbers:
        condition |= Q(acts__contains=[{"pk": number}])
    return FixRun.objects.filter(condition, subject="contact")


@finder("contacts.mergestep")
def steps_of_other_merges(person):
    condition = Q(pk__in=[])
    for number in person.numbers:
        condition |= Q(before__contains=[{"contact_id": number}])
    return MergeStep.objects.filter(condition)


@finder("contacts.candidate")
def candidates(person):
    from contacts.models import Candidate

    return Candidate.objects.filter(Q(first_id__in=person.numbers) | Q(second_id__in=person.numbers))


@finder("contacts.importkey")
def import_keys(person):
    return containing(ImportKey, [*person.telling, *person.names], "key", "name_key")


@finder("contacts.importedrow")
def refused_rows(person):
    """Rows that an import refused are kept as they came, without a person."""
    return containing(ImportedRow.objects.model, person.telling, "cells", "before", "reason")


@finder("contacts.participant")
def guests(person):
    return Participant.objects.filter(email__in=person.emails)


@others("contacts.participant")
def other_guests(person):
    """Who else came to a meeting is not told; colleagues are."""
    return Q(user=None) & ~Q(contact__in=person.numbers) & ~Q(email__in=person.emails)


@finder("crm.delivery")
def letters(person):
    return containing(Delivery, sorted(person.emails), "to")


@finder("crm.notification")
def notifications(person):
    return containing(Notification, [*person.telling, *person.names], "text")


@finder("crm.outboxmessage")
def outbox(person):
    return containing(OutboxMessage, [*person.telling, *person.names], "payload", "last_error", "key")


@finder("crm.job")
def jobs(person):
    return containing(Job, [*person.telling, *person.names], "subject", "error", "result")


@finder("crm.storedfile")
def files_of_many(person):
    """Exported files in which the person stands."""
    return StoredFile.objects.filter(pk__in=with_people([*person.telling, *person.names]))


@follower("crm.storedfile")
def files_named_in_rows(found):
    """Files that rows name: by a key, or by their uuid in a field of one's own or in a list of attachments."""
    keys, named = set(), []
    for model, rows in found.items():
        for field in model._meta.concrete_fields:
            if field.is_relation and field.related_model is StoredFile:
                keys |= set(rows_of(model, rows).values_list(field.attname, flat=True)) - {None}
            elif field.name in {"custom", "files", "images"}:
                named += rows_of(model, rows).values_list(field.name, flat=True)
    return (StoredFile.objects.filter(pk__in=keys) | named_in(named)).exclude(pk__in=of_imports())


@follower("crm.notification")
def notifications_of_pages(found):
    return Notification.objects.filter(_leads_to(found, "url"))


@follower("crm.outboxmessage")
def letters_of_notifications(found):
    return OutboxMessage.objects.filter(kind="notification.mail").filter(_leads_to(found, "payload__url"))


def _leads_to(found, column):
    condition = Q(pk__in=[])
    for model, keys in found.items():
        if model._meta.label_lower in _pages:
            urls = [model(pk=key).get_absolute_url() for key in keys]
            condition |= Q(**{f"{column}__in": urls})
            if model is Contact:
                for url in urls:
                    condition |= Q(**{f"{column}__startswith": url})
    return condition


@follower("admin.logentry")
def notes_of_administrators(found):
    condition = Q(pk__in=[])
    for model, keys in found.items():
        condition |= Q(content_type=ContentType.objects.get_for_model(model), object_id__in=[str(key) for key in keys])
    return LogEntry.objects.filter(condition)


@consents.on_statement
def forget_address(consent):
    """A new consent that the person has proved ends what an erasure had left to say about the address."""
    if consent.is_given and consent.is_proved and consent.point:
        ErasedAddress.objects.filter(digest=ErasedAddress.digest_of(consent.point.casefold())).delete()
