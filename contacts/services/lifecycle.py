"""Lifecycle stages: moving between them, and the history that triggers keep."""

from contextlib import contextmanager

from django.db import connection, transaction

from contacts.models import Contact, LifecycleStay
from crm.events import record


@contextmanager
def acting(by=None, how=""):
    """Inside, stages that change say who changed them and how (a key of `contacts.models.lifecycle.HOW`). For one transaction."""
    _tell(str(by.pk) if by else "", how)
    try:
        yield
    finally:
        if not connection.needs_rollback:
            _tell("", "")


@contextmanager
def triggers_off():
    """Inside, stages change without a stay and the tree of companies is not looked at: for who writes both himself.

    For one transaction.
    """
    _switch("off")
    try:
        yield
    finally:
        if not connection.needs_rollback:
            _switch("")


def _switch(value):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('rapport.triggers', %s, true)", [value])


def _tell(by, how):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('rapport.by', %s, true), set_config('rapport.how', %s, true)", [by, how])


@transaction.atomic
def set_stage(contact, stage, *, by=None, how=""):
    """Move a contact to a lifecycle stage; one stay ends and the next begins."""
    if contact.stage == stage:
        return
    before, contact.stage = contact.stage, stage
    with acting(by, how or ("hand" if by else "")):
        Contact.objects.filter(pk=contact.pk).update(stage=stage)
    record(
        "contact.stage_changed",
        contact=contact,
        company=contact.company,
        actor=by,
        before=before,
        after=stage,
        label=str(Contact.Stage(stage).label),
    )


def stays_of(contact):
    """The history of a person's stages, the present one first."""
    return LifecycleStay.objects.filter(contact=contact).select_related("by").order_by("-entered_at", "-pk")
