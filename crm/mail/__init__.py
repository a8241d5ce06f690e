"""Outgoing mail for all apps.

`queue_mail()` notes a letter in the caller's transaction; workers send it (`crm.mail.worker`). Apps add renderers,
guards and ears for the outcome (`crm.mail.hooks`).
"""

from crm.mail.hooks import Content, Stop, account, guard, on_outcome, on_report, renderer
from crm.mail.queue import queue_mail, queue_many, recall
from crm.mail.worker import send_due

__all__ = [
    "Content",
    "Stop",
    "account",
    "guard",
    "on_outcome",
    "on_report",
    "queue_mail",
    "queue_many",
    "recall",
    "renderer",
    "send_due",
]
