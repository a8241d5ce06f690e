"""The desk of requests about personal data."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from contacts.models import PrivacyRequest
from contacts.models.consent import Law
from crm import conditions, lists
from crm.conditions import Field, Subject
from crm.lists import Column, ListPage, Preset

conditions.subject(Subject("privacy_request", PrivacyRequest, _("Requests about personal data")))
for field in (
    Field("kind", _("Kind"), "choice", choices=PrivacyRequest.Kind.choices),
    Field("state", _("State"), "choice", choices=PrivacyRequest.State.choices),
    Field("law", _("Law"), "choice", choices=Law.choices),
    Field("owner", _("Who sees to it"), "person", path="owner_id"),
    Field("due", _("To be done by"), "date", path="due_on"),
    Field("received", _("Received"), "date", path="received_on"),
):
    conditions.field("privacy_request", field)


@lists.register
class PrivacyList(ListPage):
    """Requests with their deadlines. Nobody deletes one: that it was answered is to be shown for years."""

    name = "privacy_requests"
    kind = "privacy"
    subject = "privacy_request"
    model = PrivacyRequest
    url_name = "contacts:privacy"
    title = _("Personal data")
    default_sort = "due"
    search_key = "person"
    deletable = False
    actions = "contacts/_privacy_actions.html"
    presets = [
        Preset("open", _("To answer"), {"field": "state", "op": "any_of", "value": ["open", "running"]}),
        Preset("erased", _("Erased"), {"all": [{"field": "kind", "op": "is", "value": "erasure"}, {"field": "state", "op": "is", "value": "done"}]}),
    ]  # fmt: skip
    columns = [
        Column("person", _("Person"), cell="contacts/cells/privacy_person.html", width="", phone="p1", fixed=True),
        Column("kind", _("Kind"), kind="choice", width="w-130", phone="p3"),
        Column("state", _("State"), cell="contacts/cells/privacy_state.html", kind="choice", width="w-150", phone="p2"),
        Column("due", _("To be done by"), path="due_on", kind="day", sort="due_on", width="w-130", phone="p4"),
        Column("law", _("Law"), kind="choice", width="w-180"),
        Column("owner", _("Who sees to it"), kind="person", related=["owner"], width="w-130"),
        Column("received", _("Received"), path="received_on", kind="day", sort="received_on", down=True, width="w-110"),
        Column("channel", _("How it came"), width="w-180", shown=False),
        Column("answer", _("Reason of the refusal"), width="w-220", shown=False),
    ]
    first_use = {
        "title": _("Nobody has asked yet"),
        "text": _("Open a person and choose “Personal data” to note a request, to pack a copy, or to erase."),
        "glyph": "shield-lock",
    }

    @staticmethod
    def count_text(n):
        return ngettext("%(n)s request", "%(n)s requests", n)

    def search(self, rows, text):
        return rows.filter(person__icontains=text)
