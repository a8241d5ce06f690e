"""Campaigns of the demo: guides, scores, segments, a running sequence with its history, and the stream behind it all."""

from campaigns.models import GuideForm, HandOffRule, Letter, ScoreRule, Segment, Sequence, Step
from campaigns.services import letters, segments

PD_EN, AD_EN = "I agree that Halden Instruments keeps my data to answer me.", "I agree to letters with tips and offers."
PD_RU, AD_RU = "Согласен на обработку персональных данных.", "Согласен получать письма с советами и предложениями."


def seed(plan):
    """Guides, rules, segments, sequences; the stream of events first, because all of them read it."""
    for slug, language, title, personal, advertising in [
        ("calibration", "en", "Calibration guide", PD_EN, AD_EN),
        ("poverka", "ru", "Руководство по поверке", PD_RU, AD_RU),
    ]:
        GuideForm.objects.create(
            slug=slug, language=language, title=title, text=title, content=f"{title}\n\n1. …\n2. …".replace(" …", " FM-300"),
            personal_data_text=personal, advertising_text=advertising,
        )  # fmt: skip
    for event, label, points, half_life, cap in [
        ("guide.downloaded", "Downloaded a guide", 30, 45, 40),
        ("email.clicked", "Clicked in a letter", 20, 30, 40),
        ("page.viewed", "Looked at prices", 5, 14, 20),
        ("proposal.viewed", "Looked at a proposal", 15, 20, 30),
    ]:
        ScoreRule.objects.create(event=event, label=label, points=points, half_life=half_life, cap=cap)
    HandOffRule.objects.create(threshold=60, again_below=40)
    _events(plan)
    _scores(plan)
    _segments(plan)


def _events(plan):
    """About ten events a person: created, letters, pages, guides, calls; and what deals, tickets and orders tell."""
    plan.run(
        """
        INSERT INTO crm_event (occurred_at, kind, contact_id, company_id, actor_id, data)
        SELECT c.created_at, 'contact.created', c.id, c.company_id, c.owner_id, '{}'::jsonb FROM contacts_contact c
        UNION ALL
        SELECT at, kind, id, company_id, CASE WHEN kind IN ('call.logged', 'note.added') THEN owner_id END,
          CASE kind WHEN 'guide.downloaded' THEN '{"guide": "Calibration guide"}' WHEN 'page.viewed' THEN '{"page": "Prices"}'
            WHEN 'call.logged' THEN '{"text": "Wants response times in writing.", "minutes": 14}'
            WHEN 'note.added' THEN '{"text": "Budget is approved until the end of the quarter."}'
            WHEN 'email.clicked' THEN '{"subject": "Five minutes before the audit", "url": "https://halden.example/prices"}'
            ELSE '{"subject": "Five minutes before the audit"}' END::jsonb
        FROM (SELECT c.id, c.company_id, c.owner_id, c.created_at + (%(now)s - c.created_at) * pg_temp.unit(c.id * 16 + n, 40) AS at,
            (ARRAY['email.sent', 'email.sent', 'email.opened', 'page.viewed', 'page.viewed', 'email.clicked', 'guide.downloaded', 'call.logged', 'note.added', 'email.sent'])
              [1 + pg_temp.pick(c.id * 16 + n, 41, 10)] AS kind
          FROM contacts_contact c CROSS JOIN generate_series(1, 7) n) e
        """
    )
    plan.run(
        """
        INSERT INTO crm_event (occurred_at, kind, contact_id, company_id, actor_id, target_type, target_id, data)
        SELECT created_at, 'deal.created', contact_id, company_id, owner_id, 'deals.deal', id, '{}'::jsonb FROM deals_deal
        UNION ALL SELECT closed_at, 'deal.' || state, contact_id, company_id, owner_id, 'deals.deal', id, '{"reason": ""}' FROM deals_deal WHERE state IN ('won', 'lost')
        UNION ALL SELECT paid_at, 'order.paid', contact_id, company_id, NULL, 'deals.order', id, jsonb_build_object('number', number, 'amount', amount) FROM deals_order
        UNION ALL SELECT created_at, 'ticket.created', requester_id, company_id, NULL, 'tickets.ticket', id, '{}' FROM tickets_ticket
        UNION ALL SELECT resolved_at, 'ticket.resolved', requester_id, company_id, owner_id, 'tickets.ticket', id, '{}' FROM tickets_ticket WHERE resolved_at IS NOT NULL
        UNION ALL SELECT r.at, 'ticket.rated', t.requester_id, t.company_id, NULL, 'tickets.ticket', t.id, jsonb_build_object('score', r.score, 'text', r.comment)
          FROM tickets_rating r JOIN tickets_ticket t ON t.id = r.ticket_id
        """
    )
    plan.run(
        """
        UPDATE contacts_contact c SET last_touch_at = e.at FROM (SELECT contact_id, max(occurred_at) AS at FROM crm_event
          WHERE kind IN ('call.logged', 'note.added', 'email.clicked', 'ticket.created') GROUP BY 1) e WHERE e.contact_id = c.id
        """
    )


def _scores(plan):
    """The same sums that `campaigns.services.scoring` makes, for everybody at once."""
    plan.run(
        """
        INSERT INTO campaigns_contactscore (contact_id, score, reasons, is_handed_over, counted_at)
        SELECT contact_id, least(100, round(sum(part)))::int, jsonb_agg(jsonb_build_array(label, round(part)) ORDER BY part DESC), sum(part) >= 60, %(now)s
        FROM (SELECT e.contact_id, r.label, least(r.cap, sum(r.points * power(0.5, extract(epoch FROM %(now)s - e.occurred_at) / 86400 / r.half_life))) AS part
          FROM crm_event e JOIN campaigns_scorerule r ON r.event = e.kind WHERE e.occurred_at > %(now)s - interval '300 days' AND e.contact_id IS NOT NULL
          GROUP BY 1, 2, r.cap) s WHERE part >= 0.5 GROUP BY 1
        """
    )
    plan.run("UPDATE contacts_contact c SET score = s.score FROM campaigns_contactscore s WHERE s.contact_id = c.id")


def _segments(plan):
    marketer = plan.users["marketer"]
    wanted = {
        "Downloaded a guide, bought nothing": {
            "all": [{"did": "guide.downloaded", "within_days": 180}, {"not": {"has": "purchases", "within_days": 90}}]
        },
        "Москва: клиенты": {
            "all": [
                {"field": "city", "op": "is", "value": "Москва"},
                {"field": "stage", "op": "is", "value": "customer"},
            ]
        },
        "Hot leads": {"all": [{"field": "score", "op": "gte", "value": 50}]},
    }
    made = []
    for name, tree in wanted.items():
        segment = Segment(name=name, tree=tree)
        segment.assign_to(marketer)
        segment.save()
        segments.rebuild(segment)
        made.append(segment)
    _sequence(plan, made[0], marketer)


def _sequence(plan, segment, marketer):
    sequence = Sequence(name="Calibration tips", segment=segment, status=Sequence.Status.RUNNING, started_at=plan.now)
    sequence.assign_to(marketer)
    sequence.save()
    first = Letter(
        name="Tip 1",
        subject="{first_name|Hello}, five minutes before the audit",
        body="{greeting}\n\nthree settings decide whether an audit goes well.\n\n[Read the tips](https://halden.example/tips)\n\nHalden Instruments",
    )
    second = Letter(
        name="Tip 2",
        subject="What a missed calibration costs",
        body="{greeting}\n\nhere is a small calculation for {company|your company}.\n\n[See the prices](https://halden.example/prices)",
    )
    for letter in (first, second):
        letters.keep(letter)
    Step.objects.create(sequence=sequence, kind="letter", letter=first, position=0)
    Step.objects.create(sequence=sequence, kind="wait", wait=3 * 1440, position=1)
    Step.objects.create(sequence=sequence, kind="letter", letter=second, position=2)
    # Its history: most have finished, some have had the first letter; nobody is due, so nothing leaves.
    plan.run(
        """
        INSERT INTO campaigns_enrolment (sequence_id, contact_id, state, position, due_at, entered_at, ended_at, reason)
        SELECT %(sequence)s, contact_id, CASE WHEN gone <> '' THEN 'left' WHEN done THEN 'finished' ELSE 'active' END, CASE WHEN gone <> '' THEN 2 WHEN done THEN 3 ELSE 2 END,
          CASE WHEN done OR gone <> '' THEN %(now)s ELSE %(now)s + make_interval(hours => 24 + pg_temp.pick(contact_id, 45, 48)) END, %(now)s - interval '9 days',
          CASE WHEN done OR gone <> '' THEN %(now)s - interval '2 days' END, CASE WHEN gone <> '' THEN gone WHEN done THEN 'finished' ELSE '' END
        FROM (SELECT contact_id, pg_temp.pick(contact_id, 46, 10) < 7 AS done,
            (ARRAY['deal_opened', 'deal_opened', 'unsubscribed', 'answered', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', ''])
              [1 + pg_temp.pick(contact_id, 50, 25)] AS gone
          FROM campaigns_segmentmembership WHERE segment_id = %(segment)s AND left_at IS NULL) m
        """,
        sequence=sequence.pk,
        segment=segment.pk,
    )
    plan.run(
        """
        INSERT INTO campaigns_steprun (enrolment_id, step_id, outcome, reason, at, opened_at, clicked_at)
        SELECT e.id, s.id, CASE WHEN held THEN 'skipped' ELSE 'sent' END, CASE WHEN held THEN 'no_consent' ELSE '' END, e.entered_at + make_interval(mins => s.position * 1440),
          CASE WHEN NOT held AND pg_temp.pick(e.id, 47 + s.position, 10) < 5 THEN e.entered_at + interval '1 day' END,
          CASE WHEN NOT held AND pg_temp.pick(e.id, 47 + s.position, 10) < 2 THEN e.entered_at + interval '1 day' END
        FROM campaigns_enrolment e JOIN campaigns_step s ON s.sequence_id = e.sequence_id AND s.kind = 'letter' AND s.position < e.position
          CROSS JOIN LATERAL (SELECT pg_temp.pick(e.contact_id, 51, 40) = 0 AS held) h
        """
    )
