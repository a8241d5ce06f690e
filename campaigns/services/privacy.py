"""What campaigns hold of a person, and how an erasure keeps letters away from the address."""

from campaigns.models import Suppression
from contacts.services import privacy

privacy.exempt(
    "What the company has set up; it tells of nobody.",
    *("campaigns.scorerule", "campaigns.scoreruleevent", "campaigns.handoffrule", "campaigns.handoffruleevent"),
    *("campaigns.guideform", "campaigns.guideformevent", "campaigns.letter", "campaigns.letterevent", "campaigns.trackedlink"),
    *("campaigns.sequence", "campaigns.sequenceevent", "campaigns.step"),
)  # fmt: skip
privacy.exempt("Conditions and views that colleagues wrote.", "campaigns.segment", "campaigns.segmentevent")
privacy.exempt("Keyed hashes of addresses, so that nothing is sent there again.", "campaigns.suppression")


@privacy.closes
def suppress(digests):
    """Whoever was erased gets no campaign letters, however the address comes back."""
    Suppression.objects.bulk_create(
        [Suppression(digest=digest, reason=Suppression.Reason.ERASED) for digest in digests], ignore_conflicts=True
    )
