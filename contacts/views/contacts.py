"""Contacts: page, forms, edit in place."""

from django.db import transaction
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.forms import ContactForm
from contacts.models import Contact
from contacts.services import people
from contacts.services.duplicates import lookup
from contacts.views import fields, merges, talks
from crm import htmx, registry
from crm.access import fetch, require
from crm.views.timeline import context as timeline_context


def show(request, pk):
    """The person's page; the address of a merged one leads to the record it went into."""
    try:
        contact = fetch(Contact.objects.for_card(), request.user, pk)
    except Http404:
        return merges.follow(request, Contact, pk)
    context = fields.context(fields.CONTACT, contact, request.user)
    context |= talks.composer(fields.CONTACT, contact, request.user, request.GET)
    context |= {
        "contact": contact,
        "left_panels": registry.panels_for(request.user, "contact", "left"),
        "right_panels": registry.panels_for(request.user, "contact", "right"),
        "can_delete": Contact.objects.deletable_by(request.user).filter(pk=pk).exists(),
    }
    return render(request, "contacts/contact.html", context | timeline_context(request, "contact", contact))


def new(request):
    require(request.user, "contact", "edit")
    given = {name: request.GET.get(name, "")[:200] for name in ("company", "email", "first_name", "last_name")}
    initial = {"owner": request.user, **given}
    return render(request, "contacts/contact_form.html", {"form": ContactForm(initial=initial, by=request.user)})


@require_POST
def create(request):
    """Make a contact. Who seems to be here already is shown first; the second press makes it all the same."""
    require(request.user, "contact", "edit")
    form = ContactForm(request.POST, request.FILES, by=request.user)
    if not form.is_valid():
        return render(request, "contacts/contact_form.html", {"form": form}, status=422)
    data = form.cleaned_data
    twins = [match for match in lookup.similar_people(request.user, **_compared(data)) if match.is_likely]
    if twins and "anyway" not in request.POST:
        return render(request, "contacts/contact_form.html", {"form": form, "twins": twins}, status=422)
    company = data.pop("company")
    contact = people.create_contact(by=request.user, company_name=company, custom=form.custom_values, **data)
    said = [_("%(name)s is there.") % {"name": contact}, *form.save_files(contact)]
    return htmx.redirect(request, contact.get_absolute_url(), " ".join(said))


@transaction.atomic
def edit(request, pk):
    """All fields at once, for those who prefer a form, and without script."""
    contact = fetch(Contact.objects.for_card(), request.user, pk, edit=True, lock=request.method == "POST")
    form = ContactForm(request.POST or None, instance=contact, by=request.user)
    twins = _twins(request, form, contact) if request.method == "POST" and form.is_valid() else []
    if request.method == "POST" and form.is_valid() and not twins:
        for name in form.changed_data:
            people.change_field(contact, form, name, was=None, by=request.user)
        form.save_custom()
        # Who gave the person away may not see the page any more.
        still_mine = Contact.objects.visible_to(request.user).filter(pk=pk).exists()
        url = contact.get_absolute_url() if still_mine else reverse("contacts:index")
        return htmx.redirect(request, url, _("Saved."))
    context = {"form": form, "contact": contact, "twins": twins}
    return render(request, "contacts/contact_form.html", context, status=422 if form.errors or twins else 200)


def field(request, pk, name):
    return fields.edit(request, fields.CONTACT, pk, name)


def field_shown(request, pk, name):
    return fields.shown(request, fields.CONTACT, pk, name)


@require_POST
def talk(request, pk):
    return talks.create(request, fields.CONTACT, pk)


@require_POST
def destroy(request, pk):
    contact = fetch(Contact.objects.for_card(), request.user, pk, delete=True)
    people.delete_contact(contact, by=request.user)
    return htmx.redirect(request, reverse("contacts:index"), _("%(name)s is deleted.") % {"name": contact})


_COMPARED = ("first_name", "last_name", "middle_name", "email", "phone", "company", "birthday_on", "city")


def _compared(data):
    return {name: data[name] for name in _COMPARED if name in data}


def _twins(request, form, contact):
    """Others who seem to be this person by what was just written, unless the person has seen them."""
    if "anyway" in request.POST or not set(form.changed_data) & {"first_name", "last_name", "email", "phone"}:
        return []
    data = _compared(form.cleaned_data)
    data |= {name: "" for name in ("email", "phone") if name not in form.changed_data}
    return [match for match in lookup.similar_people(request.user, contact.pk, **data) if match.is_likely]
