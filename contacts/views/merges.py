"""Two records side by side, merging them, and parting them again."""

from datetime import datetime

from django.core.exceptions import BadRequest
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contacts.forms import LANGUAGES
from contacts.models import Company, CompanyPair, Contact, ContactPair, Merge
from contacts.services import merging
from crm import custom, field_access, htmx
from crm.access import fetch

MODELS = {"contact": (Contact, ContactPair), "company": (Company, CompanyPair)}
DESKS = {"contact": "contacts:duplicates", "company": "contacts:company_duplicates"}


def new(request, kind, kept, gone):
    """Both side by side with a choice for each field; a post merges them and goes on to the next pair."""
    model, pairs = _models(kind)
    one, other = _both(request, model, kept, gone, act=request.method == "POST")
    if request.method != "POST":
        return _page(request, kind, one, other)
    pair = pairs.objects.of(kept, gone).first()
    try:
        merge = merging.merge_records(
            model,
            kept,
            gone,
            by=request.user,
            choices=_choices(request, model),
            seen=_seen(request),
            score=pair and pair.score,
        )
    except merging.MergeRefused as refusal:
        one, other = _both(request, model, kept, gone)
        return _page(request, kind, one, other, refusal=str(refusal))
    undo = reverse("contacts:merge_undo", args=[merge.pk])
    url = _next_url(request, kind) if pair else one.get_absolute_url()
    return htmx.redirect(
        request, url, _("%(gone)s is merged into %(kept)s.") % {"gone": other, "kept": one}, undo_url=undo
    )


@require_POST
def never(request, kind, kept, gone):
    """These two are never the same; on to the next pair."""
    model, pairs = _models(kind)
    if kept == gone:
        raise Http404
    first, second = sorted([kept, gone])
    one, other = (fetch(model.objects.all(), request.user, pk, edit=True) for pk in (first, second))
    pair = pairs.objects.of(first, second).first() or pairs(first=one, second=other, score=0)
    pair.save()
    pair.decide(by=request.user)
    return htmx.redirect(request, _next_url(request, kind), _("Noted. The two are not offered again."))


def show(request, pk):
    """What was merged, and what parting them again would leave with the kept one."""
    merge, record = _merge(request, pk)
    context = {"merge": merge, "record": record, "arrivals": merging.arrivals(merge) if merge.may_be_undone else []}
    return render(request, "contacts/merge.html", context)


@require_POST
def undo(request, pk):
    merge, record = _merge(request, pk, edit=True)
    try:
        left = merging.undo_merge(merge, by=request.user)
    except merging.MergeRefused as refusal:
        return htmx.redirect(request, record.get_absolute_url(), str(refusal))
    text = _("Both are as they were.")
    if left:
        text = _("Both are back. Left as they are, because they have been changed since: %(n)d rows.") % {"n": left}
    return htmx.redirect(request, record.get_absolute_url(), text)


def follow(request, model, pk):
    """To the record in which a merged one lives on; 404 for those who may not see it."""
    survivor = merging.survivor_of(model, pk)
    if survivor is None:
        raise Http404
    return redirect(fetch(model.objects.all(), request.user, survivor))


def _models(kind):
    if kind not in MODELS:
        raise Http404
    return MODELS[kind]


def _both(request, model, kept, gone, *, act=True):
    """Both records: as far as the user may see them, or with `act` only when the two may be merged."""
    if kept == gone:
        raise Http404
    rows = model.objects.for_card()
    return fetch(rows, request.user, kept, edit=act), fetch(rows, request.user, gone, edit=act, delete=act)


def _merge(request, pk, *, edit=False):
    merge = get_object_or_404(Merge.objects.select_related("by"), pk=pk)
    return merge, fetch(merge.model.objects.all(), request.user, merge.contact_id or merge.company_id, edit=edit)


def _choices(request, model):
    chosen = {f.name: request.POST.get(f"choose-{f.name}") for f in _questions(request.user, model)}
    return {name: side for name, side in chosen.items() if side in ("kept", "gone")}


def _seen(request):
    """When both were last changed, as the page showed them."""
    try:
        return [datetime.fromisoformat(request.POST[f"seen-{side}"]) for side in ("kept", "gone")]
    except (KeyError, ValueError):
        raise BadRequest


def _next_url(request, kind):
    """The surest pair that is still open and that the user may merge, else the desk."""
    pair = MODELS[kind][1].objects.open().mergeable_by(request.user).order_by("-score", "-pk").first()
    return pair.merge_url_for(request.user) if pair else reverse(DESKS[kind])


def _page(request, kind, one, other, *, refusal=""):
    model, pairs = MODELS[kind]
    _values, moving = merging.preview(one, other)
    may_change = one.can_edit and other.can_edit
    gone = set(model.objects.deletable_by(request.user).filter(pk__in=[one.pk, other.pk]).values_list("pk", flat=True))
    context = {
        "may_change": may_change, "may_merge": may_change and other.pk in gone, "may_swap": may_change and one.pk in gone,
        "kind": kind, "kept": one, "gone": other, "moving": moving, "refusal": refusal,
        "rows": [row for field in _questions(request.user, model) if (row := _row(request.user, field, one, other))],
        "pair": pairs.objects.of(one.pk, other.pk).first(),
        "desk_url": reverse(DESKS[kind]),
        "seen": {"kept": one.updated_at.isoformat(), "gone": other.updated_at.isoformat()},
    }  # fmt: skip
    return render(request, "contacts/merge_new.html", context, status=422 if refusal else 200)


def _questions(user, model):
    """The fields between whose values the user may choose; of the others the kept record's counts, where it has one."""
    level = field_access.level_of_field
    return [field for field in merging.questions(model) if level(user, model, field.name) == field_access.EDIT]


def _row(user, field, one, other):
    """(name, label, first text, second text, chosen side, whether both are the same); None where neither has a value."""
    texts = [_text(user, field, record) for record in (one, other)]
    if not any(texts):
        return None
    chosen = merging.default_choice(field.attname, one, other)
    return {"name": field.name, "label": field.verbose_name, "kept": texts[0], "gone": texts[1], "chosen": chosen,
            "same": texts[0] == texts[1]}  # fmt: skip


def _text(user, field, record):
    value = getattr(record, field.attname)
    if merging.is_empty(value):
        return ""
    if field.is_relation:
        rows = field.related_model._default_manager.filter(pk=value)
        found = (rows.visible_to(user) if hasattr(rows, "visible_to") else rows).first()
        return str(found or "–")
    if field.name == "birthday_on":
        return record.birthday_words
    if field.name == "language":
        return str(dict(LANGUAGES).get(value, value))
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, dict):
        return custom.told(record, user)
    if isinstance(value, datetime):
        return str(timezone.localtime(value).date())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
