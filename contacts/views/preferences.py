"""Public pages: choosing what one gets, and confirming a consent. A look changes nothing; they work without scripts."""

from django.http import Http404
from django.shortcuts import render
from django.utils.translation import get_language, override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from contacts.models import ConsentRequest, Topic
from contacts.services import opt_in, preferences
from crm.access import public
from crm.mail.addresses import masked
from crm.models import Delivery

LANGUAGES = {"en": "English", "ru": "Русский"}
ACTS = {"stop": preferences.stop_all, "data": preferences.withdraw_data}


@public
@csrf_exempt  # open: the signed link out of the letter is the proof; asking for a cookie would shut out who keeps none
@never_cache
def show(request, token):
    """What the reader of a letter gets, and the choice."""
    found = preferences.letter_of(token)
    if found is None:
        raise Http404
    [delivery] = found
    people = preferences.people_of(delivery) if delivery else []
    with override(_language(request, people)):
        done = request.method == "POST" and delivery is not None and _act(request, delivery)
        context = _shell(delivery) | {
            "done": done,
            "gone": delivery is not None and not people,
            "preview": delivery is None,
        }
        if people:
            context["topics"], context["channels"] = preferences.choices_for(people[0])
            context["stopped"] = not any(now for *_rest, now in [*context["topics"], *context["channels"]])
        return render(request, "public/preferences.html", context)


def _act(request, delivery):
    """Do what the form says. Returns what was done: chosen, stop or data."""
    act = request.POST.get("act", "")
    if act in ACTS:
        ACTS[act](delivery, address=request.META["REMOTE_ADDR"])
        return act
    preferences.choose(delivery, set(request.POST.getlist("wanted")), address=request.META["REMOTE_ADDR"])
    return "chosen"


@public
@csrf_exempt  # open: the token out of the letter is the proof
@never_cache
def confirm(request, token):
    """A look shows what would be confirmed; the button confirms it, once."""
    row = ConsentRequest.found_by(token)
    if row is None:
        return render(request, "public/confirm.html", {"late": True}, status=410)
    with override(_chosen(request) or row.language):
        if request.method == "POST":
            opt_in.confirm(row, address=request.META["REMOTE_ADDR"])
            row.refresh_from_db()
        letter = Delivery.objects.filter(key=f"opt-in:{row.pk}").first()
        context = _shell(letter) | {
            "row": row,
            "topic": Topic.objects.filter(code=row.topic).first(),
            "choose_url": preferences.link_for(letter) if row.confirmed_at and letter else "",
        }
        return render(request, "public/confirm.html", context)


def _shell(delivery):
    return {
        "address": masked(delivery.to) if delivery else "",
        "others": [(code, name) for code, name in LANGUAGES.items() if code != get_language()],
    }


def _language(request, people):
    """The language asked for, else the person's, else that of the browser."""
    theirs = people[0].language if people else ""
    return _chosen(request) or (theirs if theirs in LANGUAGES else get_language())


def _chosen(request):
    asked = request.GET.get("lang", "")
    return asked if asked in LANGUAGES else ""
