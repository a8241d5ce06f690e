"""Answers as letters in the client's own thread."""

from django.utils.html import format_html, linebreaks

from crm import keys
from crm.mail import queue_mail
from crm.models import Workspace


def thread_id(ticket, message):
    """Message-ID of a reply. The key in it cannot be guessed, so an answer to it proves that its writer had our letter."""
    mark = keys.mark("ticket", ticket.pk)
    domain = (
        ticket.mailbox.address if ticket.mailbox else Workspace.get().mail_from or "rapport@localhost"
    ).rpartition("@")[2]
    return f"<t{ticket.pk}.{mark}.{message.pk}@{domain}>"


def send_answer(ticket, message, by, attachments):
    """Queue the letter of a message; an answer to it comes back to this ticket. Returns the Delivery."""
    last = ticket.messages.filter(direction="in").exclude(message_id="").order_by("-created_at", "-pk").first()
    ids = list(ticket.messages.exclude(message_id="").exclude(direction="note").values_list("message_id", flat=True))[
        -20:
    ]
    signature = "\n\n-- \n" + (by.signature or ticket.mailbox.signature if ticket.mailbox else by.signature or by.name)
    subject = ticket.subject if ticket.subject.casefold().startswith("re:") else f"Re: {ticket.subject}"
    headers = {"References": " ".join(ids)} if ids else {}
    if last:
        headers["In-Reply-To"] = last.message_id
    name, address = ticket.mailbox.sender if ticket.mailbox else (Workspace.get().name, Workspace.get().mail_from)
    body = message.text + signature
    return queue_mail(
        kind="service",
        to=ticket.requester.email,
        to_name=ticket.requester.name,
        subject=f"{subject} [#{ticket.number}]" if f"[#{ticket.number}]" not in subject else subject,
        text=body,
        html=format_html("{}", linebreaks(body, autoescape=True)),
        from_=f'"{name}" <{address}>' if address else "",
        headers=headers,
        contact=ticket.requester,
        target=ticket,
        by=by,
        key=f"ticket-message:{message.pk}",
        attachments=attachments,
        message_id=thread_id(ticket, message),
    )
