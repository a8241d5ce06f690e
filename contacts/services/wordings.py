"""The words of consents: versions kept in the settings, suggestions for the first one."""

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from contacts.models import Consent, ConsentText
from crm.models import Workspace

Purpose, Law = Consent.Purpose, Consent.Law

# What a lawyer should see before it is used; {company} is the company's name.
_SUGGESTED = {
    (Purpose.PERSONAL_DATA, Law.RU): _(
        "I consent to the processing of my personal data (name, email, phone) by {company} to answer my request, by "
        "automated means and without them, until I withdraw this consent (Federal Law 152-FZ)."
    ),
    (Purpose.ADVERTISING, Law.RU): _(
        "I consent to receiving advertising from {company} at the email I gave. I can withdraw this at any moment by the "
        "link in each letter (Federal Law 38-FZ, article 18)."
    ),
    (Purpose.PERSONAL_DATA, Law.GDPR): _(
        "I consent to {company} processing my name and email to answer my request. I can withdraw this at any time "
        "(GDPR, article 6(1)(a))."
    ),
    (Purpose.ADVERTISING, Law.GDPR): _(
        "I consent to {company} sending me letters with tips and offers. I can withdraw this at any time by the link in "
        "each letter (GDPR, article 7)."
    ),
}


def suggested(purpose, law, language):
    """Words to begin with, in that language."""
    with override(language):
        return str(_SUGGESTED[purpose, law]).format(company=Workspace.get().name)


def words_of(purpose, law, language):
    """(words to show, their version or None): the newest version of the settings, else the suggestion."""
    version = ConsentText.current(purpose, law, language)
    return (version.text, version) if version else (suggested(purpose, law, language), None)


@transaction.atomic
def new_version(purpose, law, language, text, *, by):
    """Keep new words as the next version; the same words again make none. Returns the version that counts."""
    rows = ConsentText.objects.select_for_update().filter(purpose=purpose, law=law, language=language)
    newest = rows.order_by("-number").first()
    if newest and newest.text == text:
        return newest
    number = (rows.aggregate(last=Max("number"))["last"] or 0) + 1
    return ConsentText.objects.create(purpose=purpose, law=law, language=language, number=number, text=text, by=by)


def current_versions():
    """[(purpose, law, language, newest version or None, how many there are)] of all words that there can be."""
    newest, counts = {}, {}
    for row in ConsentText.objects.select_related("by").order_by("number"):
        key = (row.purpose, row.law, row.language)
        newest[key], counts[key] = row, counts.get(key, 0) + 1
    return [
        (purpose, law, language, newest.get((purpose, law, language)), counts.get((purpose, law, language), 0))
        for law in Law
        for purpose in Purpose
        for language in ("en", "ru")
    ]
