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
    # With scripts the files have arrived before the form; without them they come in it.
    taken = files.take_uploads(request.POST.getlist("files"), by=request.user, target=contact)
    sent = request.FILES.getlist("file")
    if not taken and not sent:
        return _refused(request, contact, _("Choose a file first."))
    try:
        for upload in sent:
            files.store(upload, upload.name, by=request.user, target=contact)
    except files.FileRefused as refusal:
        return _refused(request, contact, str(refusal))
    return htmx.redirect(request, contact.get_absolute_url(), _("The file is kept."))


def _refused(request, contact, text):
    messages.error(request, text)
    return htmx.redirect(request, contact.get_absolute_url())
