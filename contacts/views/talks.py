"""The composer on the page of a record: notes, calls, meetings, and letters to people and companies."""

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from contacts.forms import TalkForm
from contacts.models import Company, Contact, LetterTemplate, PersonalLetter
from contacts.services import letters, people
from contacts.services.mailbox import templates, writing
from contacts.views import fields
from contacts.views.mailbox import mailbox_of
from crm import field_access, files, htmx, notes
from crm.access import fetch
from crm.mail.reasons import reason_words
from crm.models import Delivery
from crm.views.timeline import said_of


def create(request, subject, pk):
    """Write what was said, or send a letter."""
    record = fetch(subject.model.objects.for_card(), request.user, pk, edit=True)
    return keep(request, record, lambda wish=None: composer(subject, record, request.user, wish))


def keep(request, record, composed):
    """Write what the composer of a record holds. `composed(wish)` is what the composer needs to be shown again."""
    form = TalkForm(request.POST)
    done = _write(record, form, request) if form.is_valid() else None
    if done is None:
        uploads = files.uploads_of(request.POST.getlist("files"), by=request.user)
        context = composed(request.POST) | {"form": form, "uploads": uploads}
        return render(request, "contacts/_composer.html", context, status=422)
    said, undo_url = done
    if not request.htmx:
        return htmx.redirect(request, record.get_absolute_url(), said, undo_url=undo_url)
    page = render(request, "contacts/_composer.html", composed())
    return htmx.toast(htmx.refresh(page, "timeline:changed", "letters:changed"), said, undo_url=undo_url)


def show(request, subject, pk):
    """The composer with a template or a reply put into it; what was typed stays."""
    subject = {"contact": fields.CONTACT, "company": fields.COMPANY}.get(subject)
    if subject is None:
        raise Http404
    record = fetch(subject.model.objects.for_card(), request.user, pk, edit=True)
    context = composer(subject, record, request.user, request.POST or request.GET)
    if request.method == "POST":
        # The draft knows nothing of files that were chosen before any word.
        context["uploads"] = files.uploads_of(request.POST.getlist("files"), by=request.user)
    if not request.htmx:
        return htmx.redirect(request, f"{record.get_absolute_url()}?{request.GET.urlencode()}#composer")
    return render(request, "contacts/_composer.html", context)


def composer(subject, record, user, wish=None):
    """What the composer needs; it opens with the draft that the user left, or with the reply or template wished for."""
    found = context_of(subject.name, record, fields.talk_url(subject, record), user)
    data = found["written"]
    # A role that hides addresses hides those that the letter could go to.
    sees = field_access.may_see(user, record._meta.model_name, "email")
    mailbox = mailbox_of(user) if record.can_edit and sees else None
    own = _own(mailbox, record, user, wish or {}, data) if mailbox else {}
    return found | {"has_letters": True, "letter_refused": letters.refusal(record), **own}


def context_of(kind, record, talk_url, user):
    """What the composer needs on any kind of record: without letters, with the draft that the user left."""
    draft = notes.draft_of(record, user) if record.can_edit else None
    data = dict(draft.data) if draft else {}
    found = {"subject": kind, "record": record, "talk_url": talk_url, "draft": draft, "written": data}
    return found | {"uploads": notes.uploads_of(draft)}


def _own(mailbox, record, user, wish, data):
    """What a letter from one's own mailbox needs beside; puts into `data` what is to stand in the composer."""
    rows = PersonalLetter.objects.visible_to(user).filter(owner=user)
    for name in ("subject", "text", "copies", "at", "tracked"):
        if wish.get(name):
            data[name] = wish[name][:20_000]
    answers = rows.filter(pk=data["answers"]).first() if str(data.get("answers", "")).isdecimal() else None
    if str(wish.get("reply", "")).isdecimal() and (answers := rows.filter(pk=wish["reply"]).first()):
        subject = answers.subject if answers.subject.lower().startswith("re:") else f"Re: {answers.subject}"
        data |= {"kind": "email", "subject": subject[:200], "answers": answers.pk, "to": _other_end(answers)}
    picked = str(wish.get("template", ""))
    found = list(LetterTemplate.objects.visible_to(user)[:50])
    if template := next((t for t in found if picked == str(t.pk)), None):
        title, text = templates.fill(template, record, user)
        # What is being answered keeps its subject.
        data |= {"kind": "email", "subject": (data.get("subject") or title)[:200]}
        data["text"] = "\n\n".join(filter(None, [data.get("text", "").strip(), text]))
    return {
        "mailbox": mailbox,
        "addresses": letters.addresses_of(record),
        "templates": found,
        "answers": answers,
        "composer_url": reverse("contacts:composer", args=[record._meta.model_name, record.pk]),
        "may_track": writing.may_track(record),
        "unsent": unsent_of(record, user),
        "later": later_to(record, user),
    }


def unsent_of(record, user):
    """Letters of the user to this record that wait to go, or did not."""
    link = {"parties__contact": record} if record._meta.model_name == "contact" else {"parties__company": record}
    states = [PersonalLetter.State.WAITING, PersonalLetter.State.FAILED]
    rows = PersonalLetter.objects.visible_to(user).filter(owner=user, state__in=states, **link)
    found = list(rows.order_by("sent_at", "pk")[:20])
    held_up = Delivery.objects.filter(pk__in=[letter.delivery_id for letter in found]).exclude(reason="")
    reasons = dict(held_up.values_list("pk", "reason")) if found else {}
    for letter in found:
        letter.held_up = reason_words(reasons[letter.delivery_id]) if letter.delivery_id in reasons else ""
    return found


def later_to(record, user):
    """Letters to this record in the company's name that the user wrote and that wait for their moment."""
    # Of whoever was merged into this person the letter keeps the old target, and goes to this contact.
    is_person = isinstance(record, Contact)
    link = {"contact_id": record.pk} if is_person else {"target_type": "contacts.company", "target_id": record.pk}
    return list(letters.later_by(user).filter(**link)[:20])


def _other_end(letter):
    """Whom an answer goes to: who wrote, or whom one wrote to."""
    return letter.recipients[0][1] if letter.is_out and letter.recipients else letter.sender


def _write(record, form, request):
    """(what was done, where it can be undone); None when something stands against a letter, which becomes an error."""
    data, user = form.cleaned_data, request.user
    uploads = request.POST.getlist("files")
    if data["kind"] != "email":
        written = people.log_talk(record, data["kind"], data["text"], by=user, minutes=data["minutes"], uploads=uploads)
        return said_of(_("Written down."), written.untold), ""
    if not isinstance(record, (Contact, Company)):
        form.add_error("text", _("Letters are written on the page of the person to whom they go."))
        return None
    try:
        undo_url = _send(record, data, user, uploads)
    except letters.LetterRefused as refusal:
        form.add_error("text", str(refusal))
        return None
    notes.forget_draft(record, user)
    return (_("The letter goes at the time you chose.") if data["at"] else _("The letter is on its way.")), undo_url


def _send(record, data, user, uploads):
    """Send from one's own mailbox when that is wished and there, else in the company's name. Returns where to undo it."""
    mailbox = mailbox_of(user) if data["own"] else None
    if mailbox is None:
        if data["copies"] or uploads:
            raise letters.LetterRefused(
                _(
                    "In the company’s name a letter goes without copies and files. Take them out, or send it from your mailbox."
                )
            )
        to, at = data["to"], data["at"]
        delivery = letters.write_letter(record, data["subject"], data["text"], by=user, to=to, at=at)
        return reverse("contacts:delivery_recall", args=[delivery.pk]) if at else ""
    answers = PersonalLetter.objects.visible_to(user).filter(owner=user, pk=data["answers"] or 0).first()
    letter = writing.write(
        mailbox,
        record,
        subject=data["subject"],
        text=data["text"],
        to=data["to"],
        copies=data["copies"],
        answers=answers,
        uploads=uploads,
        tracked=data["tracked"],
        at=data["at"],
    )
    return reverse("contacts:letter_cancel", args=[letter.pk])
