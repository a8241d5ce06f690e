"""Marketing of the demo: guides, rules of the score, and the stream behind everything that is counted."""

import json

from campaigns import seed_sequences
from campaigns.models import GuideForm, HandOffRule, ScoreRule
from contacts.models import Topic


def seed(plan):
    """Guides, rules, segments, sequences; the stream of events first, because all of them read it."""
    tips = Topic.objects.get(code="tips")
    for slug, language, law, title in [
        ("calibration", "en", "gdpr", "Calibration guide"),
        ("poverka", "ru", "ru", "Руководство по поверке"),
    ]:
        GuideForm.objects.create(
            slug=slug, language=language, title=title, text=title, content=f"{title}\n\n1. …\n2. …".replace(" …", " FM-300"),
            law=law, topic=tips,
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
    _told_by_records(plan)
    seed_sequences.seed_segments_by_behaviour(plan)
    seed_sequences.seed_sequences(plan)
    _scores(plan)
    seed_sequences.seed_segments_by_facts(plan)


# What the stream says of each kind of event, three ways in each language.
WORDS_EN = {
    "guide.downloaded": [{"guide": "Calibration guide"}] * 3,
    "page.viewed": [{"page": "Prices"}, {"page": "Flow meters"}, {"page": "Service contracts"}],
    "call.logged": [
        {"text": "Wants response times in writing.", "minutes": 14},
        {"text": "Happy with the meters, asks for a second line next year.", "minutes": 9},
        {"text": "Moves the decision to the next month.", "minutes": 6},
    ],
    "note.added": [
        {"text": "Budget is approved until the end of the quarter."},
        {"text": "The plant stops for service in the second week of the month."},
        {"text": "Compares us with Metrum, price is not the main point."},
    ],
    "email.sent": [{"subject": "Five minutes before the audit"}, {"subject": "News of the autumn"}, {"subject": "Your certificate is ready"}],
    "email.opened": [{"subject": "Five minutes before the audit"}, {"subject": "News of the autumn"}, {"subject": "Your certificate is ready"}],
    "email.clicked": [
        {"subject": "Five minutes before the audit", "url": "https://halden.example/prices"},
        {"subject": "News of the autumn", "url": "https://halden.example/news"},
        {"subject": "Your certificate is ready", "url": "https://halden.example/certificates"},
    ],
}  # fmt: skip
WORDS_RU = {
    "guide.downloaded": [{"guide": "Руководство по поверке"}] * 3,
    "page.viewed": [{"page": "Цены"}, {"page": "Расходомеры"}, {"page": "Сервисные договоры"}],
    "call.logged": [
        {"text": "Просит закрепить сроки реакции в договоре.", "minutes": 14},
        {"text": "Приборами доволен, в следующем году планирует вторую линию.", "minutes": 9},
        {"text": "Решение перенесли на следующий месяц.", "minutes": 6},
    ],
    "note.added": [
        {"text": "Бюджет согласован до конца квартала."},
        {"text": "Остановка завода во вторую неделю месяца."},
        {"text": "Сравнивает нас с Metrum, цена не главное."},
    ],
    "email.sent": [{"subject": "Пять минут до аудита"}, {"subject": "Новости осени"}, {"subject": "Ваш сертификат готов"}],
    "email.opened": [{"subject": "Пять минут до аудита"}, {"subject": "Новости осени"}, {"subject": "Ваш сертификат готов"}],
    "email.clicked": [
        {"subject": "Пять минут до аудита", "url": "https://halden.example/prices"},
        {"subject": "Новости осени", "url": "https://halden.example/news"},
        {"subject": "Ваш сертификат готов", "url": "https://halden.example/certificates"},
    ],
}  # fmt: skip


def _events(plan):
    """About eight events a person: created, letters, pages, guides, calls and notes."""
    plan.run(
        """
        INSERT INTO crm_event (occurred_at, kind, contact_id, company_id, actor_id, data)
        SELECT c.created_at, 'contact.created', c.id, c.company_id, c.owner_id, '{}'::jsonb FROM contacts_contact c
        UNION ALL
        SELECT CASE WHEN by_hand THEN least(pg_temp.work(at, turn, 43), %(now)s) ELSE at END, kind, id, company_id, CASE WHEN by_hand THEN owner_id END,
          (%(data)s::jsonb -> ru -> kind -> pg_temp.pick(turn, 42, 3))
        FROM (SELECT c.id, c.company_id, c.owner_id, c.turn, c.ru, c.at, k.kind, k.kind IN ('call.logged', 'note.added') AS by_hand
          FROM (SELECT c.id, c.company_id, c.owner_id, c.id * 16 + n AS turn, CASE WHEN c.country = 'RU' THEN 'ru' ELSE 'en' END AS ru,
              c.created_at + (%(now)s - c.created_at) * pg_temp.unit(c.id * 16 + n, 40) AS at
            FROM contacts_contact c CROSS JOIN generate_series(1, 7) n) c
          CROSS JOIN LATERAL (SELECT (ARRAY['email.sent', 'email.sent', 'email.opened', 'page.viewed', 'page.viewed', 'email.clicked', 'guide.downloaded', 'call.logged', 'note.added', 'email.sent'])
              [1 + pg_temp.pick(c.turn, 41, 10)] AS kind) k) e
        """,
        data=json.dumps({"en": WORDS_EN, "ru": WORDS_RU}),
    )


def _told_by_records(plan):
    """What deals, orders, tickets and ratings have written into the stream."""
    plan.run(
        """
        INSERT INTO crm_event (occurred_at, kind, contact_id, company_id, actor_id, target_type, target_id, data)
        SELECT created_at, 'deal.created', contact_id, company_id, owner_id, 'deals.deal', id, '{}'::jsonb FROM deals_deal
        UNION ALL SELECT d.closed_at, 'deal.' || d.state, d.contact_id, d.company_id, d.owner_id, 'deals.deal', d.id, jsonb_build_object('reason', coalesce(r.name, ''))
          FROM deals_deal d LEFT JOIN deals_lossreason r ON r.id = d.loss_reason_id WHERE d.state IN ('won', 'lost')
        UNION ALL SELECT s.entered_at, 'deal.stage_changed', d.contact_id, d.company_id, s.by_id, 'deals.deal', d.id,
            jsonb_build_object('before', b.name, 'after', a.name, 'before_id', b.id, 'after_id', a.id)
          FROM deals_stagestay s JOIN deals_deal d ON d.id = s.deal_id JOIN deals_stage b ON b.id = s.came_from_id JOIN deals_stage a ON a.id = s.stage_id
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
