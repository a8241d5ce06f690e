"""What becomes of work on a record of a higher app, a deal or an own kind, that is about to go."""

from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.models import Company, Contact, PlaybookRun, Recurrence, Task
from crm import participants


@participants.leaving
def leave_work(record):
    """Tasks stay with who has them and say what they were about; what repeats goes on, playbooks stop.

    What hangs on a person or a company goes or stays by their own keys.
    """
    if isinstance(record, Contact | Company):
        return
    said = _("About “%(record)s”, which was deleted.") % {"record": record}
    here = {"target_type": record._meta.label_lower, "target_id": record.pk}
    PlaybookRun.objects.filter(**here, finished_at=None, stopped_at=None).update(stopped_at=timezone.now())
    for model in (Task, Recurrence):
        for row in model.objects.filter(**here):
            row.note = "\n\n".join(filter(None, [row.note, said]))
            row.target_type, row.target_id = "", None
            row.save(update_fields=["note", "target_type", "target_id"])
