"""Notifications by mail."""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override

from crm import outbox
from crm.mail.queue import queue_mail
from crm.models import User, Workspace


@outbox.handler("notification.mail", queue="mail")
def send_notification(payload):
    """Write to a user what happened, in the user's language, with the link."""
    user = User.objects.filter(pk=payload["user"], is_active=True).first()
    if user is None:
        return
    with override(user.language):
        context = {
            "user": user,
            "text": payload["text"],
            "url": f"{settings.BASE_URL}{payload['url']}" if payload["url"] else "",
            "company": Workspace.get().name,
        }
        queue_mail(
            to=user.email,
            to_name=user.name,
            subject=payload["text"],
            text=render_to_string("emails/crm/notification.txt", context),
            html=render_to_string("emails/crm/notification.html", context),
            headers={"Auto-Submitted": "auto-generated"},
            purpose="crm.notification",
        )
