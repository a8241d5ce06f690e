"""What follows from a record's rows: counted anew after a merge. How good its data are is noted by the database itself."""

from contacts.models import Task


def values(record):
    """{field: value} of what should stand on the record and does not."""
    mine = {record._meta.model_name: record, "done_at": None, "due_at__isnull": False}
    first = Task.objects.filter(**mine).order_by("due_at", "pk").first()
    wanted = {"next_step": first.title if first else "", "next_step_at": first.due_by if first else None}
    return {name: value for name, value in wanted.items() if getattr(record, name) != value}
