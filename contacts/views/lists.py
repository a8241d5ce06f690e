"""List pages of people, companies and tasks."""

from django.shortcuts import render

from contacts.models import Company, Contact, Task
from crm.access import require


def contacts(request):
    require(request.user, "contact")
    rows = Contact.objects.visible_to(request.user).select_related("company", "owner").order_by("name_key", "pk")[:50]
    return render(request, "contacts/list.html", {"rows": rows})


def companies(request):
    require(request.user, "company")
    return render(
        request,
        "contacts/list.html",
        {"rows": Company.objects.visible_to(request.user).order_by("name_key", "pk")[:50]},
    )


def tasks(request):
    require(request.user, "task")
    return render(
        request, "contacts/list.html", {"rows": Task.objects.visible_to(request.user).order_by("due_at", "pk")[:50]}
    )
