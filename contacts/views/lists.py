"""List pages of people, companies and tasks."""

from django.db.models import Avg, Sum
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from contacts.forms import CompanyForm, ContactForm, TaskCellForm
from contacts.models import Company, Contact, Task
from contacts.services import companies as company_verbs
from contacts.services import people
from contacts.services import tasks as task_verbs
from contacts.templatetags.work import when
from crm import lists
from crm.lists import Column, ListPage, Preset


@lists.register
class ContactList(ListPage):
    name = "contacts"
    kind = subject = "contact"
    model = Contact
    url_name = "contacts:index"
    title = _("Contacts")
    people = True
    default_sort = "name"
    search_key = "name_key"
    actions = "contacts/_list_actions.html"
    presets = [
        Preset("mine", _("My contacts"), {"field": "owner", "op": "is", "value": "me"}),
        Preset("customers", _("Customers"), {"field": "stage", "op": "is", "value": "customer"}),
        Preset("hot", pgettext_lazy("people", "Hot"), {"field": "score", "op": "gte", "value": 50}, sort="-score"),
    ]
    columns = [
        Column(
            "name",
            _("Name"),
            cell="contacts/cells/name.html",
            sort="name_key",
            phone="p1",
            fixed=True,
            path="full_name",
            width="",
        ),
        Column(
            "company",
            _("Company"),
            kind="record",
            width="w-180",
            related=["company"],
            phone="p3",
            edit="company",
            edit_many=False,
        ),
        Column("owner", _("Owner"), kind="person", width="w-130", related=["owner"], edit="owner", edit_many=False),
        Column(
            "touch", _("Last touch"), path="last_touch_at", kind="ago", sort="last_touch_at", down=True, width="w-110"
        ),
        Column(
            "step",
            _("Next step"),
            path="next_step",
            cell="contacts/cells/step.html",
            sort="next_step_at",
            width="w-180",
            phone="p4",
        ),
        Column(
            "score",
            _("Score"),
            kind="number",
            sort="score",
            down=True,
            total=Avg("score"),
            width="w-80",
            phone="p2",
        ),
        Column(
            "quality",
            _("Data"),
            cell="contacts/cells/quality.html",
            width="w-130",
            kind="percent",
            total=Avg("quality"),
        ),
        Column("stage", _("Lifecycle stage"), kind="choice", shown=False, edit="stage"),
        Column("email", _("Email"), width="w-180", shown=False, edit="email", edit_many=False),
        Column("phone", _("Phone"), shown=False, edit="phone", edit_many=False),
        Column("job", _("Job title"), path="job_title", shown=False, edit="job_title"),
        Column("city", _("City"), shown=False, edit="city"),
        Column("country", _("Country"), shown=False, edit="country", width="w-80"),
        Column("language", _("Language"), shown=False, edit="language", width="w-80"),
        Column("time_zone", _("Time zone"), shown=False, edit="time_zone"),
        Column(
            "birthday",
            _("Birthday"),
            path="birthday_words",
            shown=False,
            edit="birthday_on",
            edit_many=False,
            export=lambda row: row.birthday_on if row.birthday_has_year else row.birthday_words,
        ),
        Column("source", _("Source"), shown=False, edit="source"),
        Column("tags", _("Tags"), kind="tags", shown=False, edit="tags", edit_many=False),
        Column("created", _("Added"), path="created_at", kind="day", sort="created_at", down=True, shown=False),
    ]
    first_use = {
        "title": _("No contacts yet"),
        "text": _("Bring your people from a file, or add the first one by hand."),
        "url_name": "contacts:import_new",
        "label": _("Import a file"),
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s person", "%(n)s people", n)

    def cell_form(self, name, row=None, data=None, *, by):
        return ContactForm(data, instance=row, only=name, by=by)

    def typed_value(self, row, name):
        return people.shown_value(row, name)

    def write(self, row, form, name, by):
        people.change_field(row, form, name, was=None, by=by)

    def put_back(self, row, before, by):
        people.put_back(row, before, ContactForm.base_fields.keys(), by=by)

    def assign(self, row, owner, by):
        people.assign_contact(row, owner, by=by)

    def delete(self, row, by):
        people.delete_contact(row, by=by)


@lists.register
class CompanyList(ListPage):
    name = "companies"
    kind = subject = "company"
    model = Company
    url_name = "contacts:companies"
    title = _("Companies")
    default_sort = "name"
    search_key = "name_key"
    actions = "contacts/_company_list_actions.html"
    presets = [Preset("mine", _("My companies"), {"field": "owner", "op": "is", "value": "me"})]
    columns = [
        Column(
            "name", _("Name"), cell="contacts/cells/company.html", sort="name_key", phone="p1", fixed=True, width=""
        ),
        Column("industry", _("Industry"), width="w-180", phone="p3", edit="industry"),
        Column("city", _("City"), phone="p4", edit="city"),
        Column("owner", _("Owner"), kind="person", related=["owner"]),
        Column("staff", _("Staff"), kind="number", width="w-80", phone="p2", edit="staff", total=Sum("staff")),
        Column("touch", _("Last touch"), path="last_touch_at", kind="ago", width="w-110"),
        Column("step", _("Next step"), path="next_step", cell="contacts/cells/step.html", width="w-180", shown=False),
        Column(
            "quality",
            _("Data"),
            cell="contacts/cells/quality.html",
            width="w-130",
            kind="percent",
            total=Avg("quality"),
            shown=False,
        ),
        Column("parent", _("Part of"), kind="record", shown=False, width="w-180", related=["parent"]),
        Column("email", _("Email"), shown=False, width="w-180"),
        Column("phone", _("Phone"), shown=False),
        Column("country", _("Country"), shown=False, edit="country", width="w-80"),
        Column("source", _("Source"), shown=False, edit="source"),
        Column("domain", _("Website"), shown=False, width="w-180"),
        Column("inn", _("Taxpayer no."), shown=False, edit="inn", edit_many=False),
        Column("tags", _("Tags"), kind="tags", shown=False),
        Column("created", _("Added"), path="created_at", kind="day", sort="created_at", down=True),
    ]
    first_use = {
        "title": _("No companies yet"),
        "text": _("A company comes with its people: name it on a contact or in a file you import."),
        "url_name": "contacts:company_new",
        "label": _("New company"),
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s company", "%(n)s companies", n)

    def cell_form(self, name, row=None, data=None, *, by):
        return CompanyForm(data, instance=row, only=name, by=by)

    def typed_value(self, row, name):
        return people.shown_value(row, name)

    def write(self, row, form, name, by):
        company_verbs.change_field(row, form, name, was=None, by=by)

    def put_back(self, row, before, by):
        people.put_back(row, before, CompanyForm.base_fields.keys(), by=by)

    def delete(self, row, by):
        people.delete_company(row, by=by)


def due_cell(row):
    """When a task is due: of whole days the days."""
    return format_html('<span class="ink-2">{}</span>', when(row))


@lists.register
class TaskList(ListPage):
    name = "tasks"
    kind = subject = "task"
    model = Task
    url_name = "contacts:tasks"
    title = _("Tasks")
    default_sort = "due"
    actions = "contacts/_task_list_actions.html"
    presets = [
        Preset(
            "mine",
            _("My open tasks"),
            {"all": [{"field": "owner", "op": "is", "value": "me"}, {"field": "done", "op": "empty"}]},
        ),
        Preset("open", _("Open tasks"), {"field": "done", "op": "empty"}),
    ]
    columns = [
        Column(
            "title",
            _("What"),
            cell="contacts/cells/task.html",
            related=["type"],
            phone="p1",
            fixed=True,
            width="",
            edit="title",
            edit_many=False,
        ),
        Column("contact", _("Contact"), kind="record", width="w-180", related=["contact"], phone="p3"),
        Column("owner", _("Owner"), kind="person", related=["owner"], edit="owner", edit_many=False),
        Column(
            "due",
            _("Due"),
            path="due_at",
            kind="moment",
            cell=due_cell,
            sort="due_at",
            width="w-180",
            phone="p2",
            edit="due_at",
        ),
        Column("kind", _("Kind"), path="kind_name", related=["type"], width="w-110", edit="kind"),
        Column("priority", _("Priority"), kind="choice", width="w-110", shown=False),
        Column("place", _("Place or link"), shown=False, width="w-180"),
        Column("done", _("Done"), path="done_at", kind="day", width="w-110", phone="p4"),
    ]
    first_use = {
        "title": _("No tasks yet"),
        "text": _("What is to be done next stands here and on your first page."),
        "url_name": "contacts:task_new",
        "label": _("New task"),
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s task", "%(n)s tasks", n)

    def cell_form(self, name, row=None, data=None, *, by):
        return TaskCellForm(data, instance=row, only=name)

    def write(self, row, form, name, by):
        if name == "owner":
            task_verbs.delegate_task(row, form.cleaned_data["owner"], by=by)
        elif name == "kind":
            task_verbs.change_task(row, form.kind_and_type, by=by)
        else:
            task_verbs.save_form(form, by=by)

    def delete(self, row, by):
        task_verbs.delete_task(row, by=by)

    def assign(self, row, owner, by):
        task_verbs.delegate_task(row, owner, by=by, tell=False)


def contacts(request):
    return lists.index(request, ContactList)


def companies(request):
    return lists.index(request, CompanyList)


def tasks(request):
    return lists.index(request, TaskList)
