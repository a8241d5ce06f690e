"""Edit in place on the page of a person or a company: the same parts for both."""

import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.forms import LANGUAGES, CompanyForm, ContactForm
from contacts.models import Company, Contact
from contacts.services import companies, people, points
from contacts.services.quality.gaps import scores_of
from crm import field_access, htmx
from crm.access import fetch


@dataclass(frozen=True)
class Subject:
    """A kind of record whose details are edited in place; `name` is what its routes begin with.

    `wanted` are the details whose lack is marked as a gap.
    """

    name: str
    model: type
    form: type
    details: tuple
    change: Callable
    wanted: frozenset


CONTACT = Subject(
    "contact",
    Contact,
    ContactForm,
    (
        "email",
        "phone",
        "job_title",
        "company",
        "stage",
        "language",
        "time_zone",
        "city",
        "birthday_on",
        "owner",
        "source",
        "tags",
    ),
    people.change_field,
    frozenset({"email", "phone", "company", "owner", "city", "language", "birthday_on"}),
)
COMPANY = Subject(
    "company",
    Company,
    CompanyForm,
    (
        "parent",
        "domain",
        "email",
        "phone",
        "industry",
        "staff",
        "inn",
        "country",
        "city",
        "street",
        "postcode",
        "owner",
        "source",
        "tags",
    ),
    companies.change_field,
    frozenset({"domain", "email", "phone", "city", "owner"}),
)
_SHORT = {"inn": gettext_lazy("Taxpayer no.")}


def context(subject, record, user):
    """What the parts of the page need: the rows of details, and the quality of the data."""
    levels = {name: field_access.level_of_field(user, subject.model, name) for name in subject.details}
    shown = [name for name, level in levels.items() if level > field_access.HIDDEN]
    found = {
        "subject": subject.name,
        "record": record,
        "rows": [row(subject, record, name, user) for name in shown],
        "hidden": len(field_access.hidden(user, subject.name)),
    }
    found["talk_url"] = talk_url(subject, record)
    found["quality"] = scores_of(record, user)
    return found


def talk_url(subject, record):
    """Where the composer of the record's page posts to."""
    return reverse(f"contacts:{subject.name}_talk_create", args=[record.pk])


def row(subject, record, name, user):
    """A detail as it is shown, with the addresses that edit it and bring it back."""
    label = str(_SHORT.get(name) or subject.model._meta.get_field(name).verbose_name)
    value = getattr(record, name)
    if name == "stage":
        value = record.get_stage_display()
    elif name == "tags":
        value = ", ".join(value)
    elif name == "language":
        value = dict(LANGUAGES).get(value, value)
    elif name == "birthday_on":
        value = record.birthday_words
    elif name == "time_zone" and value:
        value = _hour_there(value)
    found = {"label": label[:1].upper() + label[1:], "value": value, "is_wanted": name in subject.wanted}
    found["is_locked"] = field_access.level_of_field(user, subject.model, name) < field_access.EDIT
    found |= _addresses(subject, record, name)
    if name in {"company", "parent"} and value:
        found["link"] = value.get_absolute_url()
    elif name == "domain" and value:
        found["link"] = value if value.startswith(("http://", "https://")) else f"https://{value}"
    return found


def _hour_there(zone):
    """The place of a time zone and what the clock shows there now."""
    try:
        now = timezone.localtime(timezone=zoneinfo.ZoneInfo(zone))
    except (ValueError, zoneinfo.ZoneInfoNotFoundError):
        return zone
    place = zone.rpartition("/")[2].replace("_", " ")
    return _("%(place)s, %(time)s there") % {"place": place, "time": formats.date_format(now, "H:i")}


def edit(request, subject, pk, name):
    """One field in place: GET gives the small form, POST writes it."""
    record = fetch(subject.model.objects.for_card(), request.user, pk, edit=True)
    _known(subject, name, request.user, edit=True)
    form = subject.form(request.POST or None, instance=record, only=name, by=request.user)
    if request.method != "POST":
        return _form(request, subject, record, name, form)
    # Text of the page itself: a form may have cleaned the record in place.
    was = request.POST.get("was", "")
    if not form.is_valid():
        return _form(request, subject, record, name, form, was=was)
    if twins := _twins(request, subject, record, name, form):
        return _form(request, subject, record, name, form, was=was, twins=twins)
    try:
        record = subject.change(record, form, name, was=was, by=request.user)
    except people.FieldRefused as refusal:
        form.add_error(name, str(refusal))
        return _form(request, subject, record, name, form, was=was)
    except subject.model.DoesNotExist:  # merged or deleted while the form was on its way
        raise Http404
    except people.Conflict as conflict:
        return _form(request, subject, record, name, form, was=conflict.current, conflict=conflict.current)
    if not request.htmx:
        return htmx.redirect(request, record.get_absolute_url(), _("Saved."))
    try:
        record = fetch(subject.model.objects.for_card(), request.user, pk)
    except Http404:  # whoever gave it away may not see it any more
        return htmx.redirect(request, reverse(f"contacts:{_LISTS[subject.name]}"), _("Saved."))
    page = render(request, "contacts/_field_saved.html", _saved(subject, record, name, request.user))
    return htmx.refresh(page, f"{subject.name}:changed", "timeline:changed")


def shown(request, subject, pk, name):
    """The field as it stands: what Escape brings back."""
    record = fetch(subject.model.objects.for_card(), request.user, pk)
    _known(subject, name, request.user)
    found = {"subject": subject.name, "record": record, "row": row(subject, record, name, request.user)}
    return render(request, "contacts/_field.html", found)


_LISTS = {"contact": "index", "company": "companies"}


def _saved(subject, record, name, user):
    return context(subject, record, user) | {"row": row(subject, record, name, user)}


def _known(subject, name, user, *, edit=False):
    """Raise Http404 for what is no detail, or none that the user sees, PermissionDenied for one he may not change."""
    level = field_access.level_of_field(user, subject.model, name)
    if name not in subject.details or level == field_access.HIDDEN:
        raise Http404
    if edit and level < field_access.EDIT:
        raise PermissionDenied(field_access.refusal(subject.model._meta.get_field(name).verbose_name))


def _addresses(subject, record, name):
    args = [record.pk, name]
    return {
        "name": name,
        "edit_url": reverse(f"contacts:{subject.name}_field", args=args),
        "shown_url": reverse(f"contacts:{subject.name}_field_shown", args=args),
    }


def _form(request, subject, record, name, form, *, was=None, **more):
    was = people.shown_value(record, name) if was is None else was
    found = {"record": record, "form": form, "was": was, **_addresses(subject, record, name), **more}
    return render(request, "contacts/_field_form.html", found, status=422 if request.method == "POST" else 200)


def _twins(request, subject, record, name, form):
    """Others with the address that was just written, unless the person has seen them."""
    if subject is not CONTACT or name not in {"email", "phone"} or "anyway" in request.POST:
        return []
    return points.same_people(request.user, exclude=record.pk, **{name: form.cleaned_data[name]})
