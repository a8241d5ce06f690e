"""Notifications: in the page and by mail, as each person chooses."""

from dataclasses import dataclass

from django.utils.translation import override

from crm import outbox
from crm.models.notification import Notification
from crm.models.user import User


@dataclass(frozen=True)
class NotificationKind:
    """A kind people may switch. `mail` is whether it also goes by mail until somebody chooses."""

    name: str
    label: str
    mail: bool


_kinds: dict[str, NotificationKind] = {}


def declare_notification(name, label, *, mail=False):
    """Make a kind known; call it in extensions.py."""
    _kinds[name] = NotificationKind(name, label, mail)


def notification_kinds():
    return list(_kinds.values())


def wants(user, kind, channel):
    """Whether the user wants that kind in the "page" or by "mail"."""
    default = channel == "page" or (kind in _kinds and _kinds[kind].mail)
    return user.notify.get(kind, {}).get(channel, default)


def notify(user, kind, text, url="", *, key):
    """Tell a user something, once for each (kind, key). `text` is already in the user's language."""
    if not user.is_active:
        return
    if wants(user, kind, "page"):
        Notification.objects.get_or_create(
            user=user, kind=kind, key=key, defaults={"text": str(text)[:300], "url": url}
        )
    if wants(user, kind, "mail"):
        outbox.put("notification.mail", f"{user.pk}:{kind}:{key}", {"user": user.pk, "text": str(text), "url": url})


def tell_administrators(kind, say, url="", *, key):
    """Tell everybody who administers the program; `say()` gives the text, in the language of each."""
    for person in User.objects.filter(is_superuser=True, is_active=True):
        with override(person.language):
            text = say()
        notify(person, kind, text, url, key=key)


def unread_count(user):
    """How many notifications the user has not read, counted to 100."""
    return len(Notification.objects.filter(user=user, read_at=None)[:100].values_list("pk"))
