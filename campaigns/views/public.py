"""What the world may open: the way out of letters, guides."""

from django.core.exceptions import BadRequest
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language, override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from campaigns.forms import DownloadForm
from campaigns.models import GuideForm, Suppression
from campaigns.services import guides, tracking
from contacts.services import preferences
from crm.access import public
from crm.limits import too_often
from crm.mail.addresses import masked
from crm.views import errors

# An hour: of one network address, which may be an office, and for one person.
GUIDES_OF_ADDRESS = 60
GUIDES_OF_PERSON = 3


@public
@csrf_exempt  # open: mail programs post here by themselves (RFC 8058); the signed token is the proof
@never_cache
def unsubscribe(request, token):
    """The way out: a look changes nothing, a post ends it, as often as it comes."""
    found = tracking.delivery_of(token)
    if found is None:
        raise Http404
    delivery = found[0]
    if request.method == "POST" and delivery:
        everything = request.POST.get("act") == "all"
        tracking.unsubscribe(delivery, everything=everything, address=request.META["REMOTE_ADDR"])
    language = tracking.language_of(delivery) if delivery else None
    with override(language or get_language()):
        context = {"preview": True}
        if delivery:
            topic = tracking.topic_of(delivery)
            context = {
                "over": Suppression.of(delivery.to),
                "over_topic": topic and Suppression.of(delivery.to, topic.code),
                "topic": topic,
                "address": masked(delivery.to),
                "choose_url": preferences.link_for(delivery),
            }
        return render(request, "public/unsubscribe.html", context)


@public
def guide(request, slug):
    """A guide for an address and consents, each under its own tick."""
    row = get_object_or_404(GuideForm, slug=slug, is_open=True)
    form = DownloadForm(request.POST or None)
    with override(row.language):
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            if data["website"]:
                raise BadRequest
            address = request.META["REMOTE_ADDR"]
            if too_often("guide", address, limit=GUIDES_OF_ADDRESS, seconds=3600):
                return errors.too_many(request)
            # One victim's address cannot be filled with letters: what is asked for too often is given and not noted.
            if not too_often("guide", data["email"], limit=GUIDES_OF_PERSON, seconds=3600):
                guides.give(
                    row, email=data["email"], name=data["name"], advertising=data["advertising"], address=address
                )
            return render(request, "public/guide_given.html", {"guide": row, "asked": data["advertising"]})
        words = guides.words_of(row)
        context = {"guide": row, "form": form, **{purpose.value: text for purpose, (text, _version) in words.items()}}
        return render(request, "public/guide.html", context, status=422 if form.errors else 200)
