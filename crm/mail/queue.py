"""The wish to send a letter becomes a row, in the transaction of whatever makes the letter necessary."""

import logging
import uuid
from functools import partial

from django.db import transaction
from django.db.models import F

from crm.mail.addresses import message_domain, one_line
from crm.models import Delivery

log = logging.getLogger(__name__)

# Bells rung for one heap of letters: as many workers start on it at once.
BELLS = 4


def queue_mail(
    kind="service",
    *,
    to,
    subject,
    text,
    html="",
    to_name="",
    from_="",
    reply_to="",
    headers=None,
    contact=None,
    target=None,
    by=None,
    key="",
    attachments=(),
    purpose="",
    refs=None,
    message_id="",
    due_at=None,
    account="",
):
    """Note one letter for sending. The same `key` never makes a second one: the first is returned.

    `from_` and `reply_to` are header values such as `Ann <ann@x.test>`; without `from_` the company writes.
    `message_id` is for letters whose id must be known before (replies that thread); else one is made. `account` is whose
    server takes it, the company's unless one is named.
    """
    delivery = Delivery(
        kind=kind,
        key=key or uuid.uuid4().hex,
        purpose=purpose,
        account=account,
        to=one_line(to, 320),
        to_name=one_line(to_name, 200),
        sender=one_line(from_, 400),
        reply_to=one_line(reply_to, 400),
        subject=one_line(subject),
        text=text,
        html=html,
        headers=headers or {},
        contact_id=contact.pk if contact else None,
        target_type=target._meta.label_lower if target else "",
        target_id=target.pk if target else None,
        by=by,
        attachments=[file.pk for file in attachments],
        refs=refs or {},
        message_id=message_id or Delivery.new_message_id(message_domain()),
    )
    if due_at:
        delivery.due_at = due_at
    queue_many([delivery])
    return Delivery.objects.get(key=delivery.key)


def queue_many(deliveries):
    """Note many letters in one statement; those whose key is there already are left out. Returns how many were new."""
    if not deliveries:
        return 0
    with transaction.atomic():
        before = Delivery.objects.filter(key__in=[d.key for d in deliveries]).count()
        Delivery.objects.bulk_create(deliveries, ignore_conflicts=True, batch_size=1000)
        for account in {d.account for d in deliveries} - {""}:
            transaction.on_commit(partial(ring_account, account))
        if any(not d.account for d in deliveries):
            transaction.on_commit(lambda: ring(min(BELLS, 1 + len(deliveries) // 100)))
    return len(deliveries) - before


def recall(contact_ids):
    """Have campaign letters to these people that are prepared but not handed over judged anew.

    The row decides: either the letter is on its way by now, or its holder finds the fence moved and hands nothing over.
    """
    claimed = Delivery.objects.filter(
        contact_id__in=contact_ids, kind=Delivery.Kind.CAMPAIGN, state=Delivery.State.CLAIMED
    )
    claimed.update(state=Delivery.State.QUEUED, fence=F("fence") + 1, attempts=F("attempts") - 1, lease_until=None)


def ring(times=1):
    """Ask workers to send. A broker that is down costs a sweep, never a letter."""
    from crm.tasks import send_mail

    try:
        for _bell in range(times):
            send_mail.apply_async(queue="mail", retry=False, ignore_result=True)
    except Exception as error:  # the broker may be down in many ways; the sweep heals all of them
        log.warning("The bell for mail could not be rung: %s", error)


def ring_account(account):
    """The same for letters that a user's own server takes."""
    from crm.tasks import send_by_account

    try:
        send_by_account.apply_async(args=[account], queue="mail", retry=False, ignore_result=True)
    except Exception as error:
        log.warning("The bell for mail could not be rung: %s", error)
