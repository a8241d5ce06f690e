"""Proposals: drafted from the lines, sent as a fixed version, answered by the client once."""

from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from crm import files
from crm.events import record
from crm.mail import queue_mail
from crm.models import Workspace
from crm.notify import notify
from deals.documents.pdf import render_pdf
from deals.models import Acceptance, Deal, Proposal, ProposalVersion
from deals.models.proposal import hash_of
from deals.services.letters import proposal_letter
from deals.services.steps import plan_step
from deals.totals import totals

VALID_DAYS = 21
# The page stays readable for a while after the offer has run out, and says so.
PAGE_DAYS = 30


class CannotSend(Exception):
    """The proposal cannot be sent; the message says why."""


@transaction.atomic
def draft_proposal(deal, *, by):
    """A new proposal with its first draft."""
    proposal = Proposal.objects.create(deal=deal, title=deal.name, by=by)
    start_version(proposal)
    return proposal


@transaction.atomic
def start_version(proposal):
    """The draft of a proposal: the one there is, else a new one with the words of the version before it."""
    Proposal.objects.select_for_update().get(pk=proposal.pk)
    newest = proposal.versions.order_by("-number").first()
    if newest and newest.is_draft:
        return newest
    deal, workspace = proposal.deal, Workspace.get()
    language = newest.language if newest else _language_of(deal, workspace)
    version = ProposalVersion(
        proposal=proposal, number=newest.number + 1 if newest else 1, language=language, currency=deal.currency
    )
    for name in ("intro", "terms", "payment", "delivery") if newest else ():
        setattr(version, name, getattr(newest, name))
    version.valid_until = timezone.localdate() + timedelta(days=VALID_DAYS)
    fill_from(version, deal)
    version.save()
    return version


def fill_from(version, deal):
    """Copy lines and sums of the deal into a draft. Saving is the caller's."""
    lines = list(deal.lines.all())
    sums = totals(lines, deal.currency)
    version.currency = deal.currency
    version.lines = [
        {
            "name": line.name,
            "sku": line.sku,
            "unit": line.unit,
            "qty": f"{line.qty.normalize():f}",
            "price": f"{line.price:.2f}",
            "discount_percent": f"{line.discount_percent.normalize():f}",
            "discount_amount": f"{line.discount_amount:.2f}",
            "tax_rate": f"{line.tax_rate.normalize():f}",
            "net": f"{net:.2f}",
        }
        for line, net in zip(lines, sums.nets, strict=True)
    ]
    version.taxes = [
        {"rate": f"{tax.rate.normalize():f}", "base": f"{tax.base:.2f}", "amount": f"{tax.amount:.2f}"}
        for tax in sums.taxes
    ]
    version.net, version.tax, version.total = sums.net, sums.tax, sums.total
    version.recipient = ", ".join(str(part) for part in (deal.company, deal.contact) if part)


@transaction.atomic
def send_version(version, *, to, by, site):
    """Fix the draft, make its PDF, and send it by mail with the address of the client's page.

    `site` is the root address of this installation. Raises CannotSend.
    """
    version = ProposalVersion.objects.select_for_update().select_related("proposal__deal").get(pk=version.pk)
    proposal, deal = version.proposal, version.proposal.deal
    if not version.is_draft:
        raise CannotSend(_("This version was sent already. Make a new one."))
    fill_from(version, deal)
    if not version.lines:
        raise CannotSend(_("There are no lines yet. Add what you offer first."))
    if version.valid_until is None or version.valid_until < timezone.localdate():
        raise CannotSend(_("“Valid until” is in the past. Choose a later day."))
    now = timezone.now()
    proposal.versions.filter(status=ProposalVersion.Status.SENT).update(
        status=ProposalVersion.Status.REPLACED, revoked_at=now
    )
    version.open_page(timezone.make_aware(datetime.combine(version.valid_until + timedelta(days=PAGE_DAYS), time.max)))
    version.status, version.sent_at, version.sent_to, version.sent_by = ProposalVersion.Status.SENT, now, to, by
    version.fingerprint = version.compute_fingerprint()
    name = f"{proposal.number}-{version.number}.pdf"
    version.pdf = files.store(render_pdf(version), name, by=by, target=version, kind="proposal")
    version.save()
    subject, text, html = proposal_letter(version, site + version.page_path)
    queue_mail(
        "service",
        to=to,
        to_name=str(deal.contact or ""),
        subject=subject,
        text=text,
        html=html,
        reply_to=by.email,
        contact=deal.contact,
        target=deal,
        by=by,
        key=f"proposal:{version.pk}",
        attachments=[version.pdf],
    )
    Deal.objects.filter(pk=deal.pk).update(last_touch_at=now)
    _say("proposal.sent", version, by, to=to)
    return version


def version_of(token):
    """The version whose page has this token, as long as the page is open; else None.

    The page of a version that was replaced stays and says so; a withdrawn one is gone.
    """
    rows = ProposalVersion.objects.select_related("proposal__deal__owner", "pdf", "acceptance")
    version = rows.filter(token_hash=hash_of(token), expires_at__gt=timezone.now()).first()
    if version and version.revoked_at and version.status != ProposalVersion.Status.REPLACED:
        return None
    return version


@transaction.atomic
def revoke(version, *, by):
    """Close the client's page of a version nobody has answered."""
    found = ProposalVersion.objects.select_for_update().filter(pk=version.pk, status=ProposalVersion.Status.SENT)
    if version := found.select_related("proposal__deal").first():
        version.status, version.revoked_at = ProposalVersion.Status.WITHDRAWN, timezone.now()
        version.save(update_fields=["status", "revoked_at"])
        _say("proposal.withdrawn", version, by)


@transaction.atomic
def note_view(version):
    """The client looked: count it, and tell the owner the first time. Changes nothing else."""
    now = timezone.now()
    ProposalVersion.objects.filter(pk=version.pk).update(views=F("views") + 1, last_viewed_at=now)
    first = ProposalVersion.objects.filter(pk=version.pk, first_viewed_at=None).update(first_viewed_at=now)
    _say("proposal.viewed", version, None)
    if first:
        _tell(version, "proposal.viewed", gettext_noop("%(customer)s looked at your proposal %(number)s"), "first")


@transaction.atomic
def accept(version, *, name, email="", address=None, agent=""):
    """Accept with evidence, once: (Acceptance, whether it is new). None when it can no longer be accepted."""
    version = _locked(version)
    if done := Acceptance.objects.filter(version=version).first():
        return done, False
    if not version.is_answerable or version.fingerprint != version.compute_fingerprint():
        return None, False
    now = timezone.now()
    acceptance = Acceptance.objects.create(
        version=version,
        fingerprint=version.fingerprint,
        name=name[:200],
        email=email[:254],
        address=address,
        agent=agent[:300],
        at=now,
    )
    version.status, version.answered_at = ProposalVersion.Status.ACCEPTED, now
    version.save(update_fields=["status", "answered_at"])
    _say("proposal.accepted", version, None, name=acceptance.name, fingerprint=version.fingerprint)
    _follow_up(version, gettext_noop("Proposal %(number)s was accepted: confirm and close the deal"), "accepted")
    return acceptance, True


@transaction.atomic
def decline(version, *, reason=""):
    """The client says no; whether that was still possible."""
    version = _locked(version)
    if not version.is_answerable:
        return False
    version.status, version.answered_at = ProposalVersion.Status.DECLINED, timezone.now()
    version.decline_reason = reason[:2000]
    version.save(update_fields=["status", "answered_at", "decline_reason"])
    _say("proposal.declined", version, None, text=version.decline_reason)
    _follow_up(version, gettext_noop("Proposal %(number)s was declined: ask why"), "declined")
    return True


def _locked(version):
    found = ProposalVersion.objects.select_for_update(of=("self",)).select_related("proposal__deal")
    return found.get(pk=version.pk)


def _follow_up(version, sentence, answer):
    """Task for the owner and word to him, once for each answer."""
    deal = version.proposal.deal
    with override(deal.owner.language if deal.owner else Workspace.get().language):
        title = _(sentence) % {"number": version.proposal.number}
        plan_step(deal, title, due_at=timezone.now() + timedelta(hours=4), key=f"proposal:{version.pk}:{answer}")
    sentences = {
        "accepted": gettext_noop("%(customer)s accepted your proposal %(number)s"),
        "declined": gettext_noop("%(customer)s declined your proposal %(number)s"),
    }
    _tell(version, "proposal.answered", sentences[answer], answer)


def _tell(version, kind, sentence, key):
    deal = version.proposal.deal
    if deal.owner:
        with override(deal.owner.language):
            text = _(sentence) % {"customer": deal.customer or deal, "number": version.proposal.number}
        notify(deal.owner, kind, text, deal.get_absolute_url(), key=f"{version.pk}:{key}")


def _say(kind, version, by, **data):
    deal = version.proposal.deal
    record(
        kind,
        contact=deal.contact,
        company=deal.company,
        target=deal,
        actor=by,
        number=version.proposal.number,
        version=version.number,
        total=f"{version.total:.2f}",
        currency=version.currency,
        **data,
    )


def _language_of(deal, workspace):
    language = (deal.contact.language if deal.contact else "") or workspace.language
    return language if language in {"en", "ru"} else "en"
