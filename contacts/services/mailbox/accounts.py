"""Connecting a mailbox: its servers, its folders, a test that tells nothing about servers that are not to be asked."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.models import MailFolder, PersonalLetter, PersonalMailbox
from contacts.services.mailbox import owning
from contacts.services.mailbox.oauth import NoToken, token_of
from crm import files, outbox, outside
from crm.mail import imap, transport
from crm.mail.servers import Deadline
from crm.models import Delivery, StoredFile
from crm.notify import notify

Role = MailFolder.Role
# A connection has this long in all: servers make those wait who give a wrong password. What cannot be had is told only
# after that, whatever stood in the way and however early.
TEST_SECONDS = 10
TELL_AFTER = timedelta(seconds=TEST_SECONDS + 2)
# A test that nobody has taken up by then: workers are busy, or there are none.
LATE_AFTER = timedelta(seconds=45)
_SENT_NAMES = {"sent", "sent items", "sent messages", "sent mail", "отправленные", "gesendet", "envoyés", "enviados"}


def server_of(mailbox, kind):
    """The "imap" or "smtp" Server with what signs in. Raises NoToken."""
    return mailbox.server(kind, token=token_of(mailbox) if mailbox.provider else "")


def note_folders(mailbox, found):
    """Note the folders of a server. The first time the one of received and the one of sent letters are chosen."""
    is_new = not mailbox.folders.exists()
    for folder in found:
        role = _role_of(folder)
        row, made = MailFolder.objects.get_or_create(
            mailbox=mailbox, path=folder.path[:500], defaults={"name": folder.name[:500], "role": role}
        )
        if made and is_new and role != Role.OTHER:
            row.is_chosen = not mailbox.folders.filter(role=role, is_chosen=True).exists()
            row.save(update_fields=["is_chosen"])


def _role_of(folder):
    if folder.path.upper() == "INBOX":
        return Role.INBOX
    last = folder.name.replace("/", ".").rpartition(".")[2].casefold()
    return Role.SENT if "\\sent" in folder.flags or last in _SENT_NAMES else Role.OTHER


def choose_folders(mailbox, keys):
    """Read these folders from now on, and no others. The ledger of one that is left out stays as it is."""
    mailbox.folders.filter(pk__in=keys).update(is_chosen=True)
    mailbox.folders.exclude(pk__in=keys).update(is_chosen=False)


@transaction.atomic
def connect(mailbox):
    """Save a mailbox whose account was written or written anew: everything is looked at from the start."""
    mailbox.state, mailbox.failures, mailbox.last_error = PersonalMailbox.State.ACTIVE, 0, ""
    mailbox.next_at = timezone.now()
    mailbox.since = timezone.now() - timedelta(days=mailbox.first_days)
    mailbox.save()
    if not mailbox.provider:
        owning.ask(mailbox)


def pause(mailbox):
    PersonalMailbox.objects.filter(pk=mailbox.pk, state=PersonalMailbox.State.ACTIVE).update(
        state=PersonalMailbox.State.PAUSED
    )


def go_on(mailbox):
    """Read on, after a pause or after the sign-in was refused."""
    rows = PersonalMailbox.objects.filter(pk=mailbox.pk).exclude(state=PersonalMailbox.State.OFF)
    rows.update(state=PersonalMailbox.State.ACTIVE, failures=0, last_error="", next_at=timezone.now())


@transaction.atomic
def disconnect(mailbox, *, keep):
    """Forget the account and the ledger. With `keep` the letters stay where they are, else they go with their files.

    Letters that wait to be sent are taken back.
    """
    waiting = mailbox.letters.filter(state=PersonalLetter.State.WAITING)
    Delivery.objects.filter(pk__in=waiting.values("delivery_id"), state__in=Delivery.WAITING).update(
        state=Delivery.State.CANCELLED, reason="disconnected", settled_at=timezone.now()
    )
    mailbox.folders.all().delete()
    if not keep:
        label = PersonalLetter._meta.label_lower
        for file in StoredFile.objects.filter(target_type=label, target_id__in=mailbox.letters.values("pk")):
            files.remove(file)
        mailbox.letters.all().delete()
    mailbox.provider = mailbox.password = mailbox.access_token = ""
    mailbox.access_until = None
    mailbox.state, mailbox.last_error, mailbox.tested = PersonalMailbox.State.OFF, "", {}
    mailbox.save()


def note_refusal(mailbox, error, *, last):
    """The account is not taken. After several times the mailbox rests until its owner has looked at it."""
    mine = PersonalMailbox.objects.filter(pk=mailbox.pk, state=PersonalMailbox.State.ACTIVE, failures=mailbox.failures)
    # Who meanwhile wrote a new password, paused or disconnected the mailbox has looked at it.
    if not last or not mine.update(state=PersonalMailbox.State.REFUSED):
        return
    with override(mailbox.user.language):
        text = _("%(address)s does not take your password any more. Its letters are not read.") % {"address": mailbox}
    key = f"refused:{timezone.now():%Y-%m-%d}"
    notify(mailbox.user, "mailbox.trouble", text, reverse("contacts:mailbox"), key=key)


def ask_test(mailbox):
    """Have the servers tried by a worker: the page asks for the outcome."""
    asked = timezone.now()
    mailbox.tested = {"asked_at": asked.isoformat()}
    mailbox.save(update_fields=["tested"])
    outbox.put("mailbox.test", f"{mailbox.pk}:{asked.isoformat()}", {"mailbox": mailbox.pk, "at": asked.isoformat()})


@outbox.handler("mailbox.test", queue="events", atomic=False)
def test(payload):
    """Sign in to both servers and note what came of it: "ok", "sign-in", or "closed" for all else.

    "closed" is told a fixed time after the question, so neither the words nor the time tell an inner server from none.
    """
    mailbox = PersonalMailbox.objects.select_related("user").filter(pk=payload["mailbox"]).first()
    if mailbox is None or mailbox.tested.get("asked_at") != payload["at"]:
        return
    found = _both_tried(mailbox)
    outcome = {kind: word for kind, (word, _folders) in found.items()}
    mine = PersonalMailbox.objects.filter(pk=mailbox.pk, tested__asked_at=payload["at"])
    if mine.update(tested=mailbox.tested | outcome):
        note_folders(mailbox, found["imap"][1])


def _both_tried(mailbox):
    """{kind: (what came of it, folders)}, after a moment more than a connection has: finding a name may take longer."""
    pool = ThreadPoolExecutor(2)
    tries = {kind: pool.submit(_try, kind, _server_or_none(mailbox, kind)) for kind in ("imap", "smtp")}
    wait(tries.values(), TEST_SECONDS + 1)
    pool.shutdown(wait=False, cancel_futures=True)
    return {kind: tried.result() if tried.done() else ("closed", []) for kind, tried in tries.items()}


def test_outcome(mailbox, now):
    """ "" while nothing may be told yet, "late" when no worker has tried, else "ok", or what to look at: "sign-in", "imap",
    "smtp", "both"."""
    found = mailbox.tested
    if "imap" not in found:
        return "late" if now > datetime.fromisoformat(found["asked_at"]) + LATE_AFTER else ""
    closed = [kind for kind in ("imap", "smtp") if found[kind] == "closed"]
    if closed:
        is_early = now < datetime.fromisoformat(found["asked_at"]) + TELL_AFTER
        return "" if is_early else "both" if len(closed) == 2 else closed[0]
    return "sign-in" if "sign-in" in found.values() else "ok"


def test_seconds(mailbox, now):
    """How long the servers have been asked, of at most `TELL_AFTER`."""
    return min(TELL_AFTER, now - datetime.fromisoformat(mailbox.tested["asked_at"])).total_seconds()


def _server_or_none(mailbox, kind):
    try:
        return server_of(mailbox, kind)
    except (NoToken, outside.Refused):
        return None


def _try(kind, server):
    """(what came of signing in, folders found). It touches no table: it runs in a thread of its own."""
    try:
        if server is None:
            return "sign-in", []
        with Deadline(TEST_SECONDS) as end:
            if kind == "imap":
                with imap.mailbox(server, timeout=TEST_SECONDS, deadline=end) as box:
                    return "ok", box.folders()
            with transport.Connection(server, timeout=TEST_SECONDS, deadline=end) as smtp:
                smtp.open()
                return "ok", []
    except (imap.SignInRefused, transport.SignInRefused):
        return "sign-in", []
    except Exception:  # whatever else: one word
        return "closed", []
