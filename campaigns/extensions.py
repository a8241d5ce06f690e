"""What campaigns registers."""

from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from campaigns import bench, filters, lists, quality, seed, today  # noqa: F401  filters registers what may be asked, quality its segments
from campaigns.models import ContactScore, Enrolment, Segment, SegmentMembership, Sequence
from campaigns.services import (  # mailing registers guards and renderer, merging what becomes of two people's runs, permissions obeys
    mailing,  # noqa: F401
    merging,  # noqa: F401
    permissions,  # noqa: F401
    privacy,  # noqa: F401
    scoring,
    segments,
    sequences,
)
from crm import access, conditions, jobs
from crm.events import declare, subscribe
from crm.registry import Command, NavItem, SettingsPage, benchmark, command, nav, panel, periodic, seeder, settings_page

# What may move people between segments and change their scores.
TELLING = (
    "contact.created", "contact.stage_changed", "consent.given", "consent.withdrawn", "guide.downloaded", "page.viewed",
    "email.opened", "email.clicked", "email.replied", "order.paid", "order.cancelled", "deal.created", "deal.won", "deal.lost",
    "deal.reopened", "proposal.viewed", "ticket.created", "ticket.resolved", "ticket.rated", "contact.merged",
    "contact.unmerged",
)  # fmt: skip

conditions.held_in(Segment, "tree")
access.register("segment", _("Segments"), Segment)
access.register("sequence", _("Sequences"), Sequence)

nav(NavItem("customers", _("Segments"), "campaigns:segments", "chart-pie-2", "segment", 15, shortcut="g"))
nav(NavItem("marketing", _("Sequences"), "campaigns:sequences", "route", "sequence", 50, shortcut="q"))
nav(NavItem("marketing", _("Guides"), "campaigns:guides", "forms", "sequence", 51))
nav(NavItem("marketing", _("Outgoing letters"), "campaigns:deliveries", "send", "sequence", 52))
command(Command(_("New segment"), "campaigns:segment_new", "chart-pie-2", "segment", "edit"))
command(Command(_("New sequence"), "campaigns:sequence_new", "route", "sequence", "edit"))
settings_page(
    SettingsPage(
        _("Scores"),
        _("What counts as interest, when sales takes over"),
        "campaigns:scores",
        "flame",
        "sequence",
        order=30,
    )
)
settings_page(
    SettingsPage(
        _("Outgoing letters"),
        _("What was sent, held back or is unknown"),
        "campaigns:deliveries",
        "send",
        "settings",
        "view",
        order=31,
    )
)

declare("guide.downloaded", _("Downloaded the guide {guide}"), icon="download", group="web")
declare("page.viewed", _("Looked at {page}"), icon="world", group="web", noisy=True)
declare("email.sent", _("Got the letter {subject}"), icon="send", group="email")
declare("email.opened", _("Opened the letter {subject}"), icon="mail-opened", group="email")
declare("email.clicked", _("Clicked in {subject}: {url}"), icon="pointer", group="email")
declare("email.scanned", _("A machine followed a link of {subject}"), icon="robot", group="email", noisy=True)
declare("email.complained", _("Called the letter {subject} unwanted"), icon="mail-x", group="email")
declare("email.replied", _("Answered the letter {subject}"), icon="arrow-back-up", group="email")
declare("email.unsubscribed", _("Wants no more letters"), icon="mail-off", group="email")
declare("sequence.left", _("Left the sequence {title}"), icon="route-off", group="email")
declare("contact.handed_off", _("Handed over to sales with a score of {score}"), icon="flame", group="deals")

periodic("campaigns.tasks.advance_sequences", every=5, queue="events")
periodic("campaigns.tasks.rebuild_segments", every=600, queue="segments")
periodic("campaigns.tasks.cool_scores", every=3600, queue="segments")


@subscribe(*TELLING, name="campaigns.segments")
def reconsider(event):
    """Whoever did something may now belong to another segment, and so to a sequence."""
    if event.contact_id:
        for segment in segments.reconsider(event.contact_id):
            sequences.enrol_contacts(segment, [event.contact_id])


@subscribe(*TELLING, name="campaigns.score")
def recount(event):
    if event.contact_id:
        scoring.recount(event.contact_id)


@subscribe("deal.created", "deal.won", "email.replied", name="campaigns.goals")
def end_sequences(event):
    """Who talks to sales is not written to by a machine."""
    if event.contact_id:
        sequences.note_goal(event.contact_id, event.kind, event.occurred_at)


@jobs.job("campaigns.rebuild", _("Count of a segment"), icon="chart-pie-2", queue="segments")
def rebuild_segment(run):
    """Job: compare everybody with one segment."""
    segment = Segment.objects.get(pk=run.params["segment"])
    run.start(1)
    entered, left = segments.rebuild(segment)
    sequences.enrol_contacts(segment, entered)
    run.advance(1)
    if segment.error:
        raise jobs.JobFailed(segment.error)
    rows = [[str(_("People")), segment.size], [str(_("Entered")), len(entered)], [str(_("Left")), left]]
    return {"rows": rows, "url": segment.get_absolute_url()}


@panel("contact", name="score", title=_("Interest"), order=40, icon="flame")
def score_panel(request, contact):
    """The score with the reasons behind it."""
    row = ContactScore.objects.filter(contact=contact).first()
    return render_to_string("campaigns/panels/score.html", {"row": row, "contact": contact}, request)


@panel("contact", name="campaigns", title=_("Segments and sequences"), order=50, kind="segment", icon="route")
def campaigns_panel(request, contact):
    context = {
        "contact": contact,
        "memberships": SegmentMembership.objects.filter(
            contact=contact, left_at=None, segment__in=Segment.objects.visible_to(request.user)
        ).select_related("segment")[:20],
        "enrolments": Enrolment.objects.filter(
            contact=contact, sequence__in=Sequence.objects.visible_to(request.user)
        ).select_related("sequence")[:20],
    }
    return render_to_string("campaigns/panels/campaigns.html", context, request)


seeder("campaigns", order=40)(seed.seed)
benchmark("letters", order=20)(bench.send_letters)
