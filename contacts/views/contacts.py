"""Contacts: page, forms, edit in place."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.forms import ContactForm, TalkForm
from contacts.models import Contact
from contacts.services import people, points
from contacts.services.quality import quality_of
from crm import htmx, registry, timeline
from crm.access import fetch, require
from crm.models import User
from crm.views.timeline import context as timeline_context

# What the record page shows at the left, in this order.
DETAILS = [
    "email",
    "phone",
    "job_title",
    "company",
    "stage",
    "language",
    "city",
    "birthday_on",
    "owner",
    "source",
    "tags",
]


def show(request, pk):
    contact = fetch(Contact.objects.for_card(), request.user, pk)
    percent, gaps = quality_of(contact)
    context = {
        "contact": contact,
        "rows": [_row(contact, name) for name in DETAILS],
        "percent": percent,
        "gaps": gaps,
        "timeline_groups": timeline.groups(),
        "left_panels": registry.panels_for(request.user, "contact", "left"),
        "right_panels": registry.panels_for(request.user, "contact", "right"),
        "can_delete": Contact.objects.deletable_by(request.user).filter(pk=pk).exists(),
        "owners": User.objects.filter(is_active=True) if contact.can_edit else [],
    }
    return render(request, "contacts/contact.html", context | timeline_context(request, "contact", contact))


def new(request):
    require(request.user, "contact", "edit")
    return render(request, "contacts/contact_form.html", {"form": ContactForm(initial={"owner": request.user})})


@require_POST
def create(request):
    """Make a contact. Somebody with the same email or phone is shown first; the second press makes it all the same."""
    require(request.user, "contact", "edit")
    form = ContactForm(request.POST)
    if not form.is_valid():
        return render(request, "contacts/contact_form.html", {"form": form}, status=422)
    data = form.cleaned_data
    twins = points.same_people(request.user, email=data["email"], phone=data["phone"])
    if twins and "anyway" not in request.POST:
        return render(request, "contacts/contact_form.html", {"form": form, "twins": twins}, status=422)
    company = data.pop("company")
    contact = people.create_contact(by=request.user, company_name=company, **data)
    return htmx.redirect(request, contact.get_absolute_url(), _("%(name)s is there.") % {"name": contact})


def edit(request, pk):
    """All fields at once, for those who prefer a form, and without script."""
    contact = fetch(Contact.objects.for_card(), request.user, pk, edit=True)
    form = ContactForm(request.POST or None, instance=contact)
    twins = _twins(request, form, contact) if request.method == "POST" and form.is_valid() else []
    if request.method == "POST" and form.is_valid() and not twins:
        for name in form.fields:
            if name in form.changed_data:
                people.change_field(contact, form, name, was=None, by=request.user)
        # Who gave the person away may not see the page any more.
        still_mine = Contact.objects.visible_to(request.user).filter(pk=pk).exists()
        url = contact.get_absolute_url() if still_mine else reverse("contacts:index")
        return htmx.redirect(request, url, _("Saved."))
    context = {"form": form, "contact": contact, "twins": twins}
    return render(request, "contacts/contact_form.html", context, status=422 if form.errors or twins else 200)


def field(request, pk, name):
    """One field in place: GET gives the small form, POST writes it."""
    contact = fetch(Contact.objects.for_card(), request.user, pk, edit=True)
    if name not in DETAILS:
        return HttpResponse(status=404)
    form = ContactForm(request.POST or None, instance=contact, only=name)
    context = {"contact": contact, "form": form, "name": name, "was": people.shown_value(contact, name)}
    if request.method != "POST":
        return render(request, "contacts/_field_form.html", context)
    if not form.is_valid():
        return render(request, "contacts/_field_form.html", context, status=422)
    try:
        contact = people.change_field(contact, form, name, was=request.POST.get("was", ""), by=request.user)
    except people.Conflict as conflict:
        context |= {"conflict": conflict.current, "was": conflict.current}
        return render(request, "contacts/_field_form.html", context, status=422)
    if not request.htmx:
        return htmx.redirect(request, contact.get_absolute_url(), _("Saved."))
    contact.can_edit = True
    return htmx.refresh(
        render(request, "contacts/_field.html", {"contact": contact, "row": _row(contact, name)}), "contact:changed"
    )


def field_shown(request, pk, name):
    """The field as it stands: what Escape brings back."""
    contact = fetch(Contact.objects.for_card(), request.user, pk)
    if name not in DETAILS:
        return HttpResponse(status=404)
    return render(request, "contacts/_field.html", {"contact": contact, "row": _row(contact, name)})


@require_POST
def talk(request, pk):
    """Write what was said: a note, a call, a meeting."""
    contact = fetch(Contact.objects.for_card(), request.user, pk, edit=True)
    form = TalkForm(request.POST)
    if not form.is_valid():
        return render(request, "contacts/_composer.html", {"contact": contact, "form": form}, status=422)
    data = form.cleaned_data
    people.log_talk(contact, data["kind"], data["text"], by=request.user, minutes=data["minutes"])
    if not request.htmx:
        return htmx.redirect(request, contact.get_absolute_url(), _("Written down."))
    return htmx.refresh(render(request, "contacts/_composer.html", {"contact": contact}), "timeline:changed")


@require_POST
def destroy(request, pk):
    contact = fetch(Contact.objects.for_card(), request.user, pk, delete=True)
    people.delete_contact(contact, by=request.user)
    return htmx.redirect(request, reverse("contacts:index"), _("%(name)s is deleted.") % {"name": contact})


def _twins(request, form, contact):
    """Others with the email or the phone that was just written, unless the person has seen them."""
    if "anyway" in request.POST:
        return []
    new = {name: form.cleaned_data[name] for name in ("email", "phone") if name in form.changed_data}
    return points.same_people(request.user, exclude=contact.pk, **new)


def _row(contact, name):
    """(name, label, shown value, how it is shown) of a detail."""
    label = Contact._meta.get_field(name).verbose_name
    value = getattr(contact, name)
    if name == "stage":
        value = contact.get_stage_display()
    elif name == "tags":
        value = ", ".join(value)
    elif name == "language":
        value = {"en": "English", "ru": "Русский", "de": "Deutsch", "fr": "Français", "es": "Español"}.get(value, value)
    return {"name": name, "label": label[:1].upper() + label[1:], "value": value}
