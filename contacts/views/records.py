"""Files of a contact's record."""

from django.contrib import messages
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.models import Contact
from crm import files, htmx
from crm.access import fetch


@require_POST
def file_create(request, pk):
    contact = fetch(Contact.objects.for_card(), request.user, pk, edit=True)
    try:
        files.attach(request, contact)
    except files.FileRefused as refusal:
        messages.error(request, str(refusal))
        return htmx.redirect(request, contact.get_absolute_url())
    return htmx.redirect(request, contact.get_absolute_url(), _("The file is kept."))
