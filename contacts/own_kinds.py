"""Work on records of the kinds that people define: tasks and playbooks stand on them as on a deal."""

from functools import partial

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from contacts.models import Company, CompanyLink, Contact, ContactLink
from contacts.panels import playbooks_panel, tasks_panel
from contacts.services.next_steps import repeat_on_targets
from crm import access, registry
from crm.models import ObjectKind, ObjectRecord
from crm.models.about import about
from crm.registry import Panel, WorkTarget


def parties_of(record):
    """(contact, company) that a record was tied to first: whom its tasks are about."""
    return _first(Contact, ContactLink, record), _first(Company, CompanyLink, record)


def _first(model, link, record):
    key = link.objects.filter(record=record.pk).order_by("pk").values("target")[:1]
    return model.objects.filter(pk__in=key).first()


registry.work_target(
    WorkTarget("", ObjectRecord._meta.label_lower, parties_of, partial(repeat_on_targets, ObjectRecord))
)


@registry.list_link
def import_link(page, user):
    kind = getattr(page, "of", None)
    if kind is None or not (access.may(user, "import", "edit") and access.may(user, kind.subject, "edit")):
        return None
    return _("Import a file"), "file-import", reverse("contacts:object_import", args=[kind.code])


@registry.panel_provider
def panels(subject):
    if ObjectKind.named(subject) is None:
        return []
    return [
        Panel(subject, "tasks", _("Tasks"), _tasks, "right", 5, "task"),
        Panel(subject, "playbooks", _("Playbooks"), partial(playbooks_panel, subject), "right", 45, "task"),
    ]


def _tasks(request, record):
    return tasks_panel(request, record, **about(record))
