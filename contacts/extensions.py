"""What contacts registers."""

from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext_lazy

from contacts import (  # noqa: F401  registered by being imported
    bench,
    consenting,
    duplicates,
    filters,
    guards,
    imports,
    mailboxes,
    own_kinds,
    privacy,
    quality,
    seed,
    seed_details,
    seed_imports,
    seed_mailboxes,
    seed_views,
    seed_work,
    today,
    work,
)
from contacts.forms import CompanyForm, ContactForm
from contacts.models import Company, CompanyLink, Contact, ContactLink, QualityRule, Requisite, RetentionRule, Task
from contacts.panels import tasks_panel as render_tasks
from contacts.services import (
    bounces,  # noqa: F401  hears of dead addresses
    consents,
    leaving,  # noqa: F401  what becomes of work on what goes
)
from contacts.views import (  # noqa: F401  register the blocks of the record pages and the list pages
    import_list,
    lists,
    record_panels,
)
from crm import access, conditions, custom, files, objects, tags
from crm.events import choice, declare
from crm.field_access import may_see
from crm.registry import Command, NavItem, benchmark, command, nav, panel, seeder
from crm.search import SearchSource, search_source
from crm.text import digits, digits_reversed, norm_email

QUEUE = 60

access.register("contact", gettext_lazy("Contacts"), Contact)
access.register("company", gettext_lazy("Companies"), Company)
custom.register(
    "contact",
    Contact,
    label=gettext_lazy("Contacts"),
    list_name="contacts",
    form=lambda data, record, user: ContactForm(data, instance=record),
)
custom.register(
    "company",
    Company,
    label=gettext_lazy("Companies"),
    list_name="companies",
    form=lambda data, record, user: CompanyForm(data, instance=record),
)
conditions.held_in(QualityRule, "tree")
conditions.held_in(RetentionRule, "tree")
tags.carried_by("contact", Contact, "contacts")
tags.carried_by("company", Company, "companies")
objects.register_target("contact", Contact, ContactLink, label=gettext_lazy("Contacts"), icon="user")
objects.register_target("company", Company, CompanyLink, label=gettext_lazy("Companies"), icon="building")
access.register("task", gettext_lazy("Tasks"), Task)
access.register("import", gettext_lazy("Import"))

nav(NavItem("customers", gettext_lazy("Contacts"), "contacts:index", "users", "contact", 10, shortcut="c"))
nav(NavItem("customers", gettext_lazy("Companies"), "contacts:companies", "building", "company", 11, shortcut="o"))
nav(NavItem("customers", gettext_lazy("Tasks"), "contacts:tasks", "list-check", "task", 12, shortcut="a"))

command(Command(gettext_lazy("New contact"), "contacts:contact_new", "user-plus", "contact", "edit", "c c", first=True))
command(Command(gettext_lazy("New company"), "contacts:company_new", "building", "company", "edit"))
command(Command(gettext_lazy("New task"), "contacts:task_new", "checkbox", "task", "edit", "c t"))
command(Command(gettext_lazy("Import contacts"), "contacts:import_new", "file-import", "import", "edit", first=True))

declare("contact.created", gettext_lazy("{actor} added this contact"), icon="user-plus")
declare("contact.imported", gettext_lazy("{actor} imported this contact from {file}"), icon="file-import")
declare("contact.import_undone", gettext_lazy("{actor} took back the import of {file}"), icon="arrow-back-up")
declare("company.imported", gettext_lazy("{actor} imported this company from {file}"), icon="file-import")
declare("contact.deleted", gettext_lazy("{actor} deleted the contact {title}"), icon="trash")
declare("company.deleted", gettext_lazy("{actor} deleted the company {title}"), icon="trash")
declare("contact.assigned", gettext_lazy("{actor} gave this contact to {to}"), icon="user-share")
declare(
    "contact.stage_changed",
    gettext_lazy("Became {label}"),
    icon="arrow-up-right",
    reads={"label": choice(Contact.Stage.choices, "after")},
)
declare("company.assigned", gettext_lazy("{actor} gave this company to {to}"), icon="user-share")
declare("company.created", gettext_lazy("{actor} added this company"), icon="building")
declare("contact.changed", gettext_lazy("{actor} changed {label}: {after}"), icon="pencil", noisy=True)
declare("company.changed", gettext_lazy("{actor} changed {label}: {after}"), icon="pencil", noisy=True)
declare("contact.verified", gettext_lazy("{actor} looked it through: still right"), icon="checks", noisy=True)
declare("company.verified", gettext_lazy("{actor} looked it through: still right"), icon="checks", noisy=True)
declare("contact.moved", gettext_lazy("Left {before}, works at {after} now"), icon="building-plus")
declare("company.regrouped", gettext_lazy("{actor} put this company below {to}"), icon="sitemap")
declare(
    "requisites.added", gettext_lazy("{actor} added the requisites of {title}"), icon="file-certificate", noisy=True
)
declare(
    "requisites.changed", gettext_lazy("{actor} changed the requisites of {title}"), icon="file-certificate", noisy=True
)
declare(
    "requisites.removed", gettext_lazy("{actor} removed the requisites of {title}"), icon="file-certificate", noisy=True
)
declare("object.import_undone", gettext_lazy("{actor} took back the import of {file}"), icon="arrow-back-up")
declare("note.added", gettext_lazy("{actor} wrote a note"), icon="note", group="talks")
declare("call.logged", gettext_lazy("{actor} called"), icon="phone", group="talks")
declare("letter.written", gettext_lazy("{actor} wrote {title}"), icon="mail", group="email")
declare("letter.failed", gettext_lazy("The letter {title} did not arrive"), icon="mail-x", group="email")
declare("meeting.held", gettext_lazy("{actor} met the client"), icon="calendar", group="talks")
for _name, _sentence, _icon in (
    ("given", gettext_lazy("Consent given: {purpose}"), "circle-check"),
    ("withdrawn", gettext_lazy("Consent withdrawn: {purpose}"), "circle-x"),
):
    declare(f"consent.{_name}", _sentence, icon=_icon, group="email", reads={"purpose": consents.told})


def _exact_person(text, user):
    """Filter for an address or the last digits of a phone; None for a name, and for what is hidden from the user."""
    if norm_email(text) and may_see(user, "contact", "email"):
        return Q(points__norm=norm_email(text))
    if len(digits(text)) >= 4 and not any(c.isalpha() for c in text) and may_see(user, "contact", "phone"):
        return Q(points__kind="phone", points__digits_reversed__startswith=digits_reversed(text)[:12])
    return None


def _exact_company(text, user):
    if len(digits(text)) in {10, 12} and may_see(user, "company", "requisites"):
        return Q(inn=digits(text)) | Q(pk__in=Requisite.objects.filter(inn=digits(text)).values("company"))
    is_domain = "." in text and " " not in text and may_see(user, "company", "domain")
    return Q(domain=text.casefold()) if is_domain else None


search_source(
    SearchSource(
        "contact",
        gettext_lazy("Contacts"),
        "user",
        lambda: Contact.objects.select_related("company"),
        "name_key",
        lambda c: " · ".join(part for part in (c.job_title, str(c.company or ""), c.email) if part),
        _exact_person,
        order=10,
    )
)
search_source(
    SearchSource(
        "company",
        gettext_lazy("Companies"),
        "building",
        Company.objects.all,
        "name_key",
        lambda c: " · ".join(part for part in (c.industry, c.city) if part),
        _exact_company,
        order=20,
    )
)


@panel("contact", name="tasks", title=gettext_lazy("Tasks"), order=5, kind="task")
def tasks_panel(request, contact):
    return render_tasks(request, contact, contact=contact)


@panel("company", name="tasks", title=gettext_lazy("Tasks"), order=5, kind="task")
def company_tasks_panel(request, company):
    return render_tasks(request, company, company=company)


@panel("contact", name="files", title=gettext_lazy("Files"), order=90)
def files_panel(request, contact):
    context = {
        "files": files.files_of(contact)[:20],
        "add_at": reverse("contacts:file_create", args=[contact.pk]),
        "can_add": contact.can_edit,
    }
    return render_to_string("components/files.html", context, request)


seeder("contacts", order=10)(seed.seed)
seeder("imports", order=44)(seed_imports.seed)
seeder("details", order=45)(seed_details.seed)
seeder("mailboxes", order=47)(seed_mailboxes.seed)
seeder("tasks", order=50)(seed.seed_tasks)
seeder("work", order=55)(seed_work.seed)
seeder("views", order=90)(seed_views.seed_views)
benchmark("import", order=10)(bench.import_rows)
