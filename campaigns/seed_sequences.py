"""Segments of the demo and its two running sequences, with the letters they have sent and what came of them."""

from dataclasses import dataclass

from campaigns.models import Letter, Segment, Sequence, Step, Suppression
from campaigns.services import letters, segments
from contacts.models import Topic

_TIPS_EN = "https://halden.example/tips"
_TIPS_RU = "https://halden.example/sovety"


@dataclass(frozen=True)
class Tips:
    """A sequence of two letters with three days between them, for the people of one segment."""

    name: str
    segment: str
    language: str
    letters: tuple  # (name, subject, body) of each


SEQUENCES = [
    Tips(
        "Calibration tips", "Downloaded a guide, bought nothing", "en",
        (
            ("Tip 1", "{first_name|Hello}, five minutes before the audit",
             f"{{greeting}}\n\nthree settings decide whether an audit goes well.\n\n[Read the tips]({_TIPS_EN})\n\nHalden Instruments"),
            ("Tip 2", "What a missed calibration costs",
             "{greeting}\n\nhere is a small calculation for {company|your company}.\n\n[See the prices](https://halden.example/prices)"),
        ),
    ),
    Tips(
        "Советы по поверке", "Скачали руководство, не покупали", "ru",
        (
            ("Совет 1", "{first_name|Здравствуйте}, пять минут до аудита",
             f"{{greeting}}\n\nТри настройки решают, как пройдёт аудит.\n\n[Прочитать советы]({_TIPS_RU})\n\nHalden Instruments"),
            ("Совет 2", "Сколько стоит пропущенная поверка",
             "{greeting}\n\nНебольшой расчёт для компании {company|вашей отрасли}.\n\n[Посмотреть цены](https://halden.example/prices)"),
        ),
    ),
]  # fmt: skip
BY_BEHAVIOUR = {
    "Downloaded a guide, bought nothing": ("en", 180),
    "Скачали руководство, не покупали": ("ru", 180),
}


def seed_segments_by_behaviour(plan):
    """People who took a guide and bought nothing since, by language: those for whom the sequences are."""
    for name, (language, days) in BY_BEHAVIOUR.items():
        tree = [
            {"did": "guide.downloaded", "within_days": days},
            {"not": {"has": "purchases", "within_days": 90}},
            {"field": "language", "op": "is", "value": language},
        ]
        _segment(plan, name, {"all": tree})


def seed_segments_by_facts(plan):
    """Groups by city, stage and score; the score must have been counted."""
    city = {"field": "city", "op": "is", "value": "Москва"}
    _segment(plan, "Москва: клиенты", {"all": [city, {"field": "stage", "op": "is", "value": "customer"}]})
    _segment(plan, "Hot leads", {"all": [{"field": "score", "op": "gte", "value": 50}]})


def _segment(plan, name, tree):
    segment = Segment(name=name, tree=tree)
    segment.assign_to(plan.users["marketer"])
    segment.save()
    segments.rebuild(segment)


def seed_sequences(plan):
    """The sequences, who came in when, what each letter became; nobody is due, so nothing leaves."""
    for tips in SEQUENCES:
        segment = Segment.objects.get(name=tips.segment)
        sequence = _write(plan, tips, segment)
        _enrolments(plan, sequence, segment)
        _letters_sent(plan, sequence)


def _write(plan, tips, segment):
    topic = Topic.objects.get(code="tips")
    sequence = Sequence(
        name=tips.name, topic=topic, segment=segment, status=Sequence.Status.RUNNING, started_at=plan.now
    )
    sequence.assign_to(plan.users["marketer"])
    sequence.save()
    for position, (name, subject, body) in enumerate(tips.letters):
        letter = Letter(name=name, subject=subject, body=body, language=tips.language)
        letters.keep(letter)
        if position:
            Step.objects.create(sequence=sequence, kind="wait", wait=3 * 1440, position=1)
        Step.objects.create(sequence=sequence, kind="letter", letter=letter, position=2 * position)
    return sequence


def _enrolments(plan, sequence, segment):
    """People came in over forty days. Who came within three days waits for the second letter; some left early."""
    plan.run(
        """
        INSERT INTO campaigns_enrolment (sequence_id, contact_id, state, position, due_at, entered_at, ended_at, reason)
        SELECT %(sequence)s, contact_id, CASE WHEN gone <> '' THEN 'left' WHEN done THEN 'finished' ELSE 'active' END,
          CASE WHEN gone <> '' THEN 2 WHEN done THEN 3 ELSE 2 END, entered + interval '3 days', entered,
          CASE WHEN gone <> '' THEN least(entered + interval '30 hours', %(now)s) WHEN done THEN entered + interval '3 days' END,
          CASE WHEN gone <> '' THEN gone WHEN done THEN 'finished' ELSE '' END
        FROM (SELECT contact_id, entered, entered + interval '3 days' <= %(now)s AS done,
            (ARRAY['deal_opened', 'deal_opened', 'unsubscribed', 'answered', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', ''])
              [1 + pg_temp.pick(contact_id, 50, 25)] AS gone
          FROM (SELECT contact_id, %(now)s - make_interval(mins => 90 + pg_temp.pick(contact_id, 46, 57000)) AS entered
            FROM campaigns_segmentmembership WHERE segment_id = %(segment)s AND left_at IS NULL) e) m
        """,
        sequence=sequence.pk,
        segment=segment.pk,
    )


def _letters_sent(plan, sequence):
    """One outgoing letter for each step that was reached and not held back, its run, and the events of both."""
    plan.run(
        """
        INSERT INTO campaigns_steprun (enrolment_id, step_id, outcome, reason, at, opened_at, clicked_at)
        SELECT e.id, s.id, CASE WHEN held <> '' THEN 'skipped' ELSE 'sent' END, held, at,
          CASE WHEN held = '' AND luck < 5 THEN least(at + make_interval(mins => 9 + pg_temp.pick(e.id, 49, 1400)), %(now)s) END,
          CASE WHEN held = '' AND luck < 2 THEN least(at + make_interval(mins => 10 + pg_temp.pick(e.id, 49, 1400)), %(now)s) END
        FROM campaigns_enrolment e JOIN contacts_contact c ON c.id = e.contact_id
          JOIN campaigns_step s ON s.sequence_id = e.sequence_id AND s.kind = 'letter' AND s.position < e.position
          CROSS JOIN LATERAL (SELECT CASE WHEN c.email = '' THEN 'no_address' WHEN pg_temp.pick(e.contact_id, 51, 40) = 0 THEN 'no_consent' ELSE '' END AS held,
            pg_temp.pick(e.id, 47 + s.position, 10) AS luck, e.entered_at + make_interval(mins => s.position * 2160) AS at) h
        WHERE e.sequence_id = %(sequence)s
        """,
        sequence=sequence.pk,
    )
    plan.run(
        """
        INSERT INTO crm_delivery (kind, key, purpose, state, reason, reply, "to", to_name, sender, reply_to, subject, text, html, headers, attachments,
          refs, contact_id, target_type, target_id, message_id, due_at, fence, attempts, created_at, settled_at, reported_at)
        SELECT 'campaign', 'step:' || r.step_id || ':demo-' || e.contact_id, 'campaigns.step', 'sent', '', '250 2.0.0 Ok: queued', c.email,
          trim(c.first_name || ' ' || c.last_name), '', '', replace(replace(l.subject, '{first_name|Hello}', first), '{first_name|Здравствуйте}', first), '', '', '{}', '[]',
          jsonb_build_object('enrolment', e.id, 'step', r.step_id, 'letter', l.id, 'sequence', e.sequence_id), e.contact_id, '', NULL,
          '<demo-' || r.id || '@halden.example>', r.at, 1, 1, r.at, r.at + interval '4 seconds', r.at + interval '5 seconds'
        FROM campaigns_steprun r JOIN campaigns_enrolment e ON e.id = r.enrolment_id JOIN campaigns_step s ON s.id = r.step_id
          JOIN campaigns_letter l ON l.id = s.letter_id JOIN contacts_contact c ON c.id = e.contact_id
          CROSS JOIN LATERAL (SELECT c.first_name AS first) f
        WHERE e.sequence_id = %(sequence)s AND r.outcome = 'sent' ORDER BY r.at, r.id
        """,
        sequence=sequence.pk,
    )
    plan.run(
        """
        UPDATE campaigns_steprun r SET delivery_id = d.id FROM crm_delivery d
        WHERE d.purpose = 'campaigns.step' AND (d.refs->>'sequence')::bigint = %(sequence)s
          AND (d.refs->>'enrolment')::bigint = r.enrolment_id AND (d.refs->>'step')::bigint = r.step_id
        """,
        sequence=sequence.pk,
    )
    plan.run(
        """
        INSERT INTO crm_event (occurred_at, kind, contact_id, company_id, data)
        SELECT v.at, v.kind, c.id, c.company_id, jsonb_build_object('subject', d.subject, 'sequence', %(sequence)s) || v.more
        FROM campaigns_steprun r JOIN crm_delivery d ON d.id = r.delivery_id JOIN contacts_contact c ON c.id = d.contact_id
          CROSS JOIN LATERAL (VALUES ('email.sent', r.at, '{}'::jsonb), ('email.opened', r.opened_at, '{}'),
            ('email.clicked', r.clicked_at, jsonb_build_object('letter', d.id, 'url', 'https://halden.example/prices'))) v (kind, at, more)
        WHERE (d.refs->>'sequence')::bigint = %(sequence)s AND v.at IS NOT NULL
        """,
        sequence=sequence.pk,
    )
    _unsubscribed(plan, sequence)


def _unsubscribed(plan, sequence):
    """Whoever unsubscribed gets no more: the address is suppressed and the consent withdrawn."""
    plan.run(
        """
        INSERT INTO contacts_consent (contact_id, purpose, topic, channel, is_given, text, source, way, at)
        SELECT contact_id, 'advertising', '', 'email', false, '', 'unsubscribe link', 'link', ended_at FROM campaigns_enrolment
        WHERE sequence_id = %(sequence)s AND reason = 'unsubscribed'
        """,
        sequence=sequence.pk,
    )
    gone = sequence.enrolments.filter(reason="unsubscribed").exclude(contact__email="")
    Suppression.objects.bulk_create(
        (Suppression(digest=Suppression.digest_of(row.contact.email), reason="unsubscribed", at=row.ended_at)
         for row in gone.select_related("contact").iterator(2000)),
        batch_size=2000, ignore_conflicts=True,
    )  # fmt: skip
