"""Pages of a record's timeline, and what people do with its entries."""

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm import access, audit, htmx, notes, timeline
from crm.models import Note, Reaction, User

LONGEST = 20_000
MOST_FILES = 50
SUGGESTED = 8


def show(request, kind, pk):
    """The timeline anew, or with `before` the entries behind it. The first page stands in the record's page itself."""
    found = context(request, kind, _record(request, kind, pk))
    template = "components/timeline_items.html" if found["wish"].before else "components/timeline.html"
    return render(request, template, found)


def context(request, kind, obj):
    """What the timeline's template needs for a record. A tampered key is a bad request."""
    try:
        wish = timeline.Wish.of(request.GET)
        entries, more = timeline.page(obj, request.user, wish)
    except (ValueError, OverflowError):
        raise BadRequest
    return {
        "entries": entries,
        "more": more,
        "wish": wish,
        "pinned": [] if wish.before or wish.is_narrow else timeline.pinned(obj, request.user),
        "timeline_kind": kind,
        "timeline_pk": obj.pk,
        "timeline_groups": timeline.groups(),
        "timeline_acts": obj.can_edit,
        "timeline_people": User.objects.filter(is_active=True).order_by("name", "pk"),
        "signs": Reaction.Sign.choices,
    }


@require_POST
def pin(request, kind, pk, event):
    """Pin an entry, or with `off` unpin it."""
    obj = _record(request, kind, pk, edit=True)
    row = _event(request, obj, event)
    if "off" in request.POST:
        notes.unpin(obj, row)
        return _changed(request, obj, _("Unpinned."))
    try:
        notes.pin(obj, row, by=request.user)
    except notes.NoteRefused as refusal:
        if not request.htmx:
            return htmx.redirect(request, obj.get_absolute_url(), str(refusal))
        return htmx.toast(HttpResponse(status=204), str(refusal), level="error")
    return _changed(request, obj, _("Pinned."))


@require_POST
def react(request, kind, pk, event):
    """Put a sign on an entry, or take it away again."""
    obj = _record(request, kind, pk, edit=True)
    row, sign = _event(request, obj, event), request.POST.get("sign", "")
    if sign not in Reaction.Sign.values:
        raise BadRequest
    notes.react(row, sign, by=request.user)
    if not request.htmx:
        return htmx.redirect(request, obj.get_absolute_url())
    return _entry(request, kind, obj, event)


def note(request, kind, pk, note_pk):
    """One's own note: GET opens it, POST writes it."""
    obj, row = _own_note(request, kind, pk, note_pk)
    text = request.POST.get("text", row.text).strip()[:LONGEST]
    found = {"note": row, "text": text, "timeline_kind": kind, "timeline_pk": pk, "version": row.version, "record": obj}
    if request.method != "POST":
        return _note_form(request, found)
    if not text:
        return _note_form(request, found | {"error": _("Write something, or take the note back.")}, status=422)
    try:
        version = int(request.POST.get("version", ""))
        untold = notes.edit_note(row, obj, text, version=version, by=request.user)
    except notes.NoteRefused as refusal:
        return _note_form(request, found | {"error": str(refusal)}, status=422)
    except ValueError:
        raise BadRequest
    return _changed(request, obj, said_of(_("Saved."), untold))


@require_POST
def take_back(request, kind, pk, note_pk):
    obj, row = _own_note(request, kind, pk, note_pk)
    notes.take_back(row)
    return _changed(request, obj, _("Taken back."), undo_url=reverse("note_put_back", args=[kind, pk, note_pk]))


@require_POST
def put_back(request, kind, pk, note_pk):
    obj, row = _own_note(request, kind, pk, note_pk)
    notes.put_back(row)
    return _changed(request, obj, _("Back where it was."))


def versions(request, kind, pk, note_pk):
    """What stood in a note before it was changed."""
    obj = _record(request, kind, pk)
    row = Note.objects.about(obj).filter(pk=note_pk, deleted_at=None).first()
    if row is None:
        raise Http404
    found = audit.versions(Note).filter(pgh_obj_id=row.pk).order_by("-pgh_id")[:20]
    return render(request, "crm/_note_versions.html", {"versions": found, "record": obj})


@require_POST
def draft(request, kind, pk):
    """Keep what is being written. 409 with what stands there when another window was faster."""
    obj = _record(request, kind, pk, edit=True)
    data = {name: request.POST.get(name, "")[:LONGEST] for name in ("kind", "subject", "text")}
    # Of a letter: to whom it goes, and what goes with it.
    data |= {name: said[:LONGEST] for name in ("to", "copies", "answers") if (said := request.POST.get(name))}
    data |= {"files": files[:MOST_FILES]} if (files := request.POST.getlist("files")) else {}
    version = request.POST.get("version", "0")
    kept, row = notes.keep_draft(obj, request.user, data, version=int(version) if version.isdecimal() else 0)
    found = {"version": row.version if row else 0, "text": row.data.get("text", "") if row else ""}
    return JsonResponse(found, status=200 if kept else 409)


def mentions(request, kind, pk):
    """Colleagues in whose name stands what was typed behind an @, and whether they may see the record."""
    obj = _record(request, kind, pk)
    typed = request.GET.get("q", "").strip().replace("\x00", "")[:60]
    people = User.objects.filter(is_active=True).exclude(name="").exclude(pk=request.user.pk)
    found = list(people.filter(name__icontains=typed).select_related("team").order_by("name", "pk")[: SUGGESTED * 5])
    # Names of which a word begins so stand first.
    found.sort(key=lambda user: f" {typed}".casefold() not in f" {user.name}".casefold())
    people = [(user, notes.may_see(user, obj)) for user in found[:SUGGESTED]]
    return render(request, "crm/_mentions.html", {"people": people})


def said_of(said, untold):
    """What was done, and who was mentioned but not told."""
    if not untold:
        return said
    words = ngettext(
        "%(names)s may not see this record and was not told.",
        "%(names)s may not see this record and were not told.",
        len(untold),
    )
    return f"{said} {words % {'names': ', '.join(map(str, untold))}}"


def _record(request, kind, pk, **rights):
    return access.fetch(access.rows_of(kind), request.user, pk, **rights)


def _event(request, obj, number):
    row = timeline.event_of(obj, request.user, number)
    if row is None:
        raise Http404
    return row


def _own_note(request, kind, pk, note_pk):
    obj = _record(request, kind, pk, edit=True)
    row = Note.objects.about(obj).filter(pk=note_pk).first()
    if row is None:
        raise Http404
    if row.author_id != request.user.pk:
        raise PermissionDenied
    return obj, row


def _note_form(request, found, status=200):
    template = "crm/_note_form.html" if request.htmx else "crm/note.html"
    return render(request, template, found, status=status)


def _entry(request, kind, obj, event):
    found = {"entry": timeline.entry(obj, request.user, event), "timeline_kind": kind, "timeline_pk": obj.pk}
    found |= {"timeline_acts": obj.can_edit, "signs": Reaction.Sign.choices}
    found["place"] = "p" if request.POST.get("place") == "p" else "e"
    return render(request, "components/timeline_entry.html", found)


def _changed(request, obj, said, undo_url=""):
    """The timeline reads itself anew."""
    if not request.htmx:
        return htmx.redirect(request, obj.get_absolute_url(), said, undo_url=undo_url)
    answer = htmx.refresh(HttpResponse(status=204), "timeline:changed")
    return htmx.toast(answer, said, undo_url=undo_url)
