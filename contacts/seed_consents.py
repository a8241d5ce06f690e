"""Consents of the demo: topics, words in two versions, and what people have said since they came."""

from datetime import timedelta

from contacts.models import Consent, ConsentText, Topic
from contacts.services import ledger, wordings

_TOPICS = [
    ("tips", "Practical tips", "Полезные советы", "Twice a month: measuring, cleaning, calibration", "Дважды в месяц: измерения, промывка, поверка"),
    ("offers", "Offers", "Акции", "When prices fall, at most once a month", "Когда цены снижаются, не чаще раза в месяц"),
    ("events", "Courses and events", "Курсы и встречи", "Invitations to workshops near you", "Приглашения на семинары рядом с вами"),
]  # fmt: skip
# More statements than this are sealed by the sweep after the start.
SEALED = 20_000


def seed(plan):
    """Called when the people are there."""
    for place, (code, name_en, name_ru, text_en, text_ru) in enumerate(_TOPICS):
        Topic.objects.create(
            code=code, name_en=name_en, name_ru=name_ru, text_en=text_en, text_ru=text_ru, position=place
        )
    _words(plan)
    _given(plan)
    _chosen(plan)
    rows = Consent.objects.filter(digest="")
    if len(rows.values_list("pk")[: SEALED + 1]) <= SEALED:
        while ledger.seal_rest() == ledger.BATCH:
            pass


def _words(plan):
    """A first version before the history begins, a second one since a year ago."""
    for purpose, law, language, _row, _n in wordings.current_versions():
        text = wordings.suggested(purpose, law, language)
        for number, words, at in (
            (1, text.partition(". ")[0] + ".", plan.start),
            (2, text, plan.now - timedelta(days=365)),
        ):
            ConsentText.objects.create(
                purpose=purpose, law=law, language=language, number=number, text=words, by=plan.users.get("admin"), created_at=at
            )  # fmt: skip


def _given(plan):
    """Everybody with an address agreed to be kept; two of three to letters, most of them confirmed by mail."""
    plan.run(
        """
        INSERT INTO contacts_consent (contact_id, purpose, topic, channel, is_given, text, version_id, law, language, shown, source, way, point, address, at)
        SELECT c.id, p.purpose, '', 'email', true, v.text, v.id, c.law, c.lang,
          '[x] ' || v.text, CASE WHEN c.lang = 'ru' THEN '/g/poverka' ELSE '/g/calibration' END,
          CASE WHEN p.purpose = 'advertising' AND pg_temp.pick(c.id, 61, 5) > 0 THEN 'confirmed' ELSE 'form' END,
          c.email, ('192.0.2.' || (1 + pg_temp.pick(c.id, 62, 250)))::inet, c.created_at
        FROM (SELECT id, email, created_at, CASE WHEN country = 'RU' THEN 'ru' ELSE 'gdpr' END AS law,
            CASE WHEN language = 'ru' THEN 'ru' ELSE 'en' END AS lang FROM contacts_contact WHERE email <> '') c
        CROSS JOIN (VALUES ('personal_data'), ('advertising')) p (purpose)
        JOIN LATERAL (SELECT id, text FROM contacts_consenttext t WHERE t.purpose = p.purpose AND t.law = c.law AND t.language = c.lang
          ORDER BY (t.created_at <= c.created_at) DESC, CASE WHEN t.created_at <= c.created_at THEN t.number END DESC, t.number LIMIT 1) v ON true
        WHERE p.purpose = 'personal_data' OR pg_temp.pick(c.id, 30, 3) > 0
        """
    )


def _chosen(plan):
    """Some have chosen since: a topic less on their page, calls too, or told a colleague."""
    plan.run(
        """
        INSERT INTO contacts_consent (contact_id, purpose, topic, channel, is_given, text, law, language, shown, source, way, point, note, by_name, at)
        SELECT g.contact_id, 'advertising', s.topic, s.channel, s.given, g.text, g.law, g.language, '', s.source, s.way,
          CASE WHEN s.channel = 'email' THEN g.point ELSE c.phone END, s.note, s.by_name,
          g.at + (%(now)s - g.at) * pg_temp.unit(g.contact_id, 63)
        FROM contacts_consent g JOIN contacts_contact c ON c.id = g.contact_id
        JOIN (VALUES (0, 'offers', 'email', false, '/preferences', 'centre', '', ''), (1, 'events', 'email', false, '/preferences', 'centre', '', ''),
          (2, '', 'phone', true, 'Call', 'staff', 'Wants to be called about new gauges', 'Sales'),
          (3, '', 'phone', false, 'Call', 'staff', 'No calls, letters only', 'Sales')) s (n, topic, channel, given, source, way, note, by_name)
          ON s.n = pg_temp.pick(g.contact_id, 64, 14)
        WHERE g.purpose = 'advertising' AND (s.channel = 'email' OR c.phone <> '')
        """
    )
