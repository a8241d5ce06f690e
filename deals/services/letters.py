"""The letter that brings a proposal."""

from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm.models import Workspace


def proposal_letter(version, url):
    """(subject, text, HTML) in the version's language."""
    deal = version.proposal.deal
    context = {
        "version": version,
        "proposal": version.proposal,
        "deal": deal,
        "company": Workspace.get(),
        "url": url,
        # A greeting needs a name that is certain; the family name alone would be rude.
        "first_name": deal.contact.first_name if deal.contact else "",
    }
    with override(version.language):
        subject = _("Proposal %(number)s: %(title)s") % {
            "number": version.proposal.number,
            "title": version.proposal.title,
        }
        text = render_to_string("emails/deals/proposal.txt", context)
        return subject, text, render_to_string("emails/deals/proposal.html", context)
