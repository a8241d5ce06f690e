"""Interest as a number: points for what people did, halving with time, each with its reason."""

from django.db import transaction
from django.utils import timezone

from campaigns.models import ContactScore, HandOffRule, ScoreRule
from contacts.models import Contact
from contacts.services.lifecycle import set_stage
from crm.events import record
from crm.models import Event

HIGHEST = 100


def score_of(contact_id, now=None, rules=None):
    """(score from 0 to 100, [[reason, points], …] strongest first).

    Each event gives points × 0.5^(age in days / half-life); the sum of one rule ends at its cap.
    """
    now = now or timezone.now()
    rules = {rule.event: rule for rule in (rules if rules is not None else ScoreRule.objects.all())}
    sums = dict.fromkeys(rules, 0.0)
    happened = Event.objects.filter(contact_id=contact_id, kind__in=rules, occurred_at__lte=now).order_by(
        "-occurred_at"
    )
    for kind, at in happened.values_list("kind", "occurred_at")[:500]:
        rule = rules[kind]
        days = (now - at).total_seconds() / 86400
        sums[kind] += rule.points * 0.5 ** (days / rule.half_life)
    capped = {kind: min(total, rules[kind].cap) for kind, total in sums.items() if round(total)}
    reasons = sorted(([rules[kind].label, round(total)] for kind, total in capped.items()), key=lambda r: -r[1])
    return max(0, min(HIGHEST, round(sum(capped.values())))), reasons


@transaction.atomic
def recount(contact_id):
    """Count a contact's score anew; crossing the threshold hands over exactly once until it has fallen again."""
    contact = Contact.objects.select_for_update().filter(pk=contact_id).select_related(None).first()
    if contact is None:
        return None
    score, reasons = score_of(contact_id)
    row, _new = ContactScore.objects.select_for_update().get_or_create(contact=contact)
    row.score, row.reasons, row.counted_at = score, reasons, timezone.now()
    rule = HandOffRule.objects.filter(is_active=True).first()
    if rule and not row.is_handed_over and score >= rule.threshold:
        row.is_handed_over = True
        hand_over(contact, score, reasons)
    elif rule and row.is_handed_over and score < rule.again_below:
        row.is_handed_over = False
    row.save()
    if contact.score != score:
        Contact.objects.filter(pk=contact_id).update(score=score)
    return score


def hand_over(contact, score, reasons):
    """Tell sales, in the same transaction: the event makes a task there."""
    if contact.stage in {Contact.Stage.SUBSCRIBER, Contact.Stage.LEAD}:
        set_stage(contact, Contact.Stage.QUALIFIED, how="score")
    record(
        "contact.handed_off",
        contact=contact,
        company=contact.company,
        score=score,
        reasons=[f"{label}: +{points}" for label, points in reasons[:5]],
    )
