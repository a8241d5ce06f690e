"""One's own mailbox: connecting it, what is read and who sees it, how it is doing."""

from django.conf import settings
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.forms_mailbox import AccountForm, RulesForm
from contacts.models import PersonalMailbox
from contacts.services.mailbox import accounts, oauth, owning
from crm import htmx, outside
from crm.text import norm_email

SIGN_IN = "mailbox.sign_in"


def show(request):
    """How the mailbox is doing; the invitation to connect one when there is none."""
    mailbox = mailbox_of(request.user)
    return render(
        request,
        "contacts/mailbox.html",
        _context(mailbox) if mailbox else {"mailbox": None, "providers": oauth.providers()},
    )


def edit(request):
    """The account. Saving connects and asks the servers at once."""
    row = PersonalMailbox.objects.filter(user=request.user).first() or _new(request.user)
    form = AccountForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        row = form.save(commit=False)
        if form.is_elsewhere:
            row.folders.all().delete()
        accounts.connect(row)
        accounts.ask_test(row)
        return htmx.redirect(request, reverse("contacts:mailbox"), _("Saved. The servers are being asked."))
    return render(request, "contacts/mailbox_form.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
def sign_in(request, provider):
    """To the provider, who asks the person whether we may read and send."""
    if provider not in settings.MAIL_PROVIDERS:
        raise Http404
    address = norm_email(request.POST.get("address", "")) or request.user.email
    if why := owning.stands_against(address, request.user):
        return htmx.redirect(request, reverse("contacts:mailbox"), why)
    url, request.session[SIGN_IN] = oauth.begin(provider, address)
    return htmx.redirect(request, url)


def came_back(request):
    """Back from the provider with a code, which only the same session can turn into tokens."""
    kept, code = request.session.pop(SIGN_IN, None), request.GET.get("code", "")
    if not kept or not code or not constant_time_compare(request.GET.get("state", ""), kept["state"]):
        return htmx.redirect(request, reverse("contacts:mailbox"), _("The provider gave no access. Try again."))
    row = PersonalMailbox.objects.filter(user=request.user).first() or _new(request.user)
    is_elsewhere = bool(row.pk) and row.address != kept["address"]
    try:
        oauth.finish(row, kept, code)
    except (oauth.NoToken, outside.Refused):
        return htmx.redirect(request, reverse("contacts:mailbox"), _("The provider gave no access. Try again."))
    if is_elsewhere:
        row.folders.all().delete()
    accounts.connect(row)
    accounts.ask_test(row)
    return htmx.redirect(request, reverse("contacts:mailbox"), _("Saved. The servers are being asked."))


@require_POST
def ask_proof(request):
    """Send the letter that proves the address once more."""
    mailbox = mailbox_of(request.user)
    sent = bool(mailbox) and owning.ask(mailbox)
    text = (
        _("The letter is on its way.")
        if sent
        else _("That is enough letters for today. Look for the last one, or try tomorrow.")
    )
    return htmx.redirect(request, reverse("contacts:mailbox"), text)


def prove(request, token):
    """The link of that letter: who has it and is signed in here says that the address is theirs."""
    mailbox = owning.mailbox_asked(token, request.user)
    if mailbox is None:
        raise Http404
    if request.method != "POST":
        return render(request, "contacts/mailbox_proof.html", {"mailbox": mailbox})
    owning.prove(mailbox)
    return htmx.redirect(request, reverse("contacts:mailbox"), _("It is known now that the address is yours."))


@require_POST
def rules(request):
    mailbox = mailbox_of(request.user)
    form = RulesForm(request.POST, instance=mailbox) if mailbox else None
    if form is None:
        return redirect("contacts:mailbox")
    if not form.is_valid():
        return render(request, "contacts/mailbox.html", _context(mailbox) | {"form": form}, status=422)
    form.save()
    return htmx.redirect(request, reverse("contacts:mailbox"), _("Saved."))


@require_POST
def folders(request):
    if mailbox := mailbox_of(request.user):
        accounts.choose_folders(mailbox, [int(pk) for pk in request.POST.getlist("folder") if pk.isdecimal()])
    return htmx.redirect(request, reverse("contacts:mailbox"), _("Saved."))


@require_POST
def test(request):
    mailbox = mailbox_of(request.user)
    if mailbox:
        accounts.ask_test(mailbox)
    if not request.htmx or not mailbox:
        return redirect("contacts:mailbox")
    return render(request, "contacts/_mailbox_test.html", _tested(mailbox))


def tested(request):
    """What the test found, as soon as it may be told."""
    mailbox = mailbox_of(request.user)
    return render(request, "contacts/_mailbox_test.html", _tested(mailbox) if mailbox else {})


def progress(request):
    """How far the first look is."""
    mailbox = mailbox_of(request.user)
    return render(request, "contacts/_mailbox_progress.html", _first_look(mailbox) if mailbox else {})


@require_POST
def turn(request):
    """Pause, or read on."""
    mailbox = mailbox_of(request.user)
    if mailbox and request.POST.get("act") == "pause":
        accounts.pause(mailbox)
        return htmx.redirect(request, reverse("contacts:mailbox"), _("Paused. Nothing is read until you go on."))
    if mailbox:
        accounts.go_on(mailbox)
    return htmx.redirect(request, reverse("contacts:mailbox"), _("Letters are read again."))


def disconnect(request):
    """Forget the account; the letters stay or go, as the owner says."""
    mailbox = mailbox_of(request.user)
    if mailbox is None:
        return redirect("contacts:mailbox")
    if request.method == "POST" and request.POST.get("letters") in {"keep", "delete"}:
        accounts.disconnect(mailbox, keep=request.POST["letters"] == "keep")
        return htmx.redirect(request, reverse("contacts:mailbox"), _("The mailbox is disconnected."))
    context = {"mailbox": mailbox, "count": mailbox.letters.count(), "missing": request.method == "POST"}
    return render(request, "contacts/mailbox_off.html", context, status=422 if context["missing"] else 200)


def mailbox_of(user):
    """The user's connected mailbox, or None."""
    rows = PersonalMailbox.objects.filter(user=user).exclude(state=PersonalMailbox.State.OFF)
    return rows.select_related("user").first()


def _new(user):
    return PersonalMailbox(user=user, address=user.email)


def _context(mailbox):
    found = list(mailbox.folders.all())
    reading = [folder for folder in found if folder.is_chosen]
    return (
        {
            "mailbox": mailbox,
            "folders": found,
            # "Healthy" is said only when the night has found every letter.
            "is_whole": bool(reading) and all(folder.compared_at and not folder.missing for folder in reading),
            "providers": oauth.providers(),
            "form": RulesForm(instance=mailbox),
        }
        | _first_look(mailbox)
        | _tested(mailbox)
    )


def _first_look(mailbox):
    reading = list(mailbox.folders.filter(is_chosen=True))
    return {
        "is_first_look": not reading or any(folder.base_uid is None or folder.is_first_look for folder in reading),
        "total": sum(folder.first_total for folder in reading),
        "done": sum(folder.first_done for folder in reading),
    }


def _tested(mailbox):
    if not mailbox.tested:
        return {"mailbox": mailbox, "tested": "never"}
    now = timezone.now()
    return {
        "mailbox": mailbox,
        "tested": accounts.test_outcome(mailbox, now),
        "seconds": round(accounts.test_seconds(mailbox, now)),
        "seconds_in_all": round(accounts.TELL_AFTER.total_seconds()),
    }
