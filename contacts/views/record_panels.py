"""Blocks on the pages of people and companies."""

from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, Employment
from contacts.services import group
from contacts.services.lifecycle import stays_of
from contacts.views import rows
from crm.field_access import may_change, may_see
from crm.registry import group_total, group_totals_for, panel
from crm.views import participants

PEOPLE = 50
STAYS = 20
COUNTED = 1000


def _rows_panel(subject, name, order):
    child = rows.CHILDREN[name]

    @panel(subject, name=name, title=child.title, place="left", order=order)
    def render(request, owner):
        return render_to_string("contacts/panels/rows.html", rows.context(child, subject, owner, request.user), request)


for _subject in ("contact", "company"):
    _rows_panel(_subject, "points", 10)
    _rows_panel(_subject, "places", 30)
    panel(_subject, name="participants", title=_("Who works on it"), place="left", order=50)(participants.panel)
_rows_panel("contact", "employments", 15)


@panel("contact", name="lifecycle", title=_("Lifecycle"), place="left", order=40)
def lifecycle_panel(request, contact):
    return render_to_string("contacts/panels/lifecycle.html", {"stays": stays_of(contact)[:STAYS]}, request)


@panel("company", name="people", title=_("People"), place="left", order=5, kind="contact")
def people_panel(request, company):
    people = Contact.objects.visible_to(request.user)
    found = Employment.objects.filter(company=company, contact__in=people).select_related("contact")
    context = {"company": company, "rows": found.order_by("has_left", "contact__name_key", "pk")[:PEOPLE]}
    return render_to_string("contacts/panels/people.html", context, request)


@panel("company", name="requisites", title=_("Requisites"), place="left", order=20)
def requisites_panel(request, company):
    if not may_see(request.user, "company", "requisites"):
        return ""
    found = company.requisites.main_first().prefetch_related("accounts")
    may_edit = company.can_edit and may_change(request.user, "company", "requisites")
    return render_to_string(
        "contacts/panels/requisites.html", {"company": company, "rows": found, "may_edit": may_edit}, request
    )


@panel("company", name="group", title=_("The whole group"), place="left", order=8)
def group_panel(request, company):
    """The tree with the figures of all of it; nothing for a company that stands alone."""
    tree = group.tree_of(company, request.user)
    if len(tree) < 2:
        return ""
    totals = group_totals_for(request.user, [row.pk for _depth, row in tree])
    return render_to_string("contacts/panels/group.html", {"company": company, "tree": tree, "totals": totals}, request)


@group_total(_("People"), order=10, kind="contact")
def people_of_group(user, company_ids):
    found = Contact.objects.visible_to(user).filter(company__in=company_ids)[: COUNTED + 1].count()
    return f"{COUNTED}+" if found > COUNTED else str(found)
