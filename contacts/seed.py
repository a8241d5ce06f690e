"""People and companies of the demo, half of them Russian-speaking. All addresses are reserved or invented."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from contacts import seed_consents, seed_duplicates
from contacts.models import Contact, Task
from contacts.services import next_steps
from crm.seeding import latin

FIRST_EN = [
    "Jonas",
    "Sofia",
    "Marek",
    "Claire",
    "Lars",
    "Priya",
    "Hugo",
    "Giulia",
    "Emil",
    "Noor",
    "Felix",
    "Beatriz",
    "Oskar",
    "Daniel",
    "Ingrid",
    "Tomas",
    "Elena",
    "Victor",
    "Amelie",
    "Paul",
    "Marta",
    "Simon",
    "Laura",
    "Adam",
]
LAST_EN = [
    "Weber",
    "Berg",
    "Novak",
    "Fontaine",
    "Eide",
    "Raman",
    "Marchetti",
    "Ferri",
    "Sandstrom",
    "Haddad",
    "Brandt",
    "Sousa",
    "Lehtinen",
    "Okafor",
    "Solberg",
    "Carvalho",
    "Wojcik",
    "Keller",
    "Moreau",
    "Hansen",
    "Rossi",
    "Lindholm",
    "Fischer",
    "Duarte",
]
MEN_RU = ["Иван", "Сергей", "Дмитрий", "Алексей", "Павел", "Виктор", "Андрей", "Михаил", "Олег", "Константин"]
WOMEN_RU = ["Анна", "Ольга", "Ирина", "Елена", "Марина", "Татьяна", "Наталья", "Светлана", "Юлия", "Екатерина"]
LAST_RU = [
    "Соколов",
    "Фёдоров",
    "Литвинов",
    "Гущин",
    "Белоусов",
    "Ершов",
    "Чернов",
    "Уваров",
    "Трофимов",
    "Рябов",
    "Крылов",
    "Орехов",
    "Захаров",
    "Тарасов",
    "Громов",
]
PATRONYMICS = ["Сергеев", "Иванов", "Алексеев", "Петров", "Андреев", "Викторов", "Дмитриев", "Олегов"]
TITLES_EN = [
    "Head of quality",
    "Process engineer",
    "Lab manager",
    "Owner",
    "Operations",
    "Purchasing",
    "Chief scientist",
    "Technician",
    "Plant director",
    "Buyer",
    "Calibration",
    "Finance",
]
TITLES_RU = [
    "Главный технолог",
    "Начальник лаборатории",
    "Инженер КИПиА",
    "Директор",
    "Закупки",
    "Главный инженер",
    "Метролог",
    "Бухгалтер",
]
CITIES_EN = ["Berlin", "Hamburg", "Porto", "Oslo", "Vienna", "Gdansk", "Lyon", "Turin", "Helsinki", "Prague"]
CITIES_RU = ["Москва", "Санкт-Петербург", "Казань", "Екатеринбург", "Нижний Новгород", "Самара", "Пермь", "Томск"]
SOURCES = ["Trade fair", "Website", "Recommendation", "Calibration guide", "Search", "Call"]
WORDS_EN = [
    "Nordlys",
    "Weber",
    "Zielona",
    "Marchetti",
    "Baltic",
    "Aquila",
    "Raman",
    "Fjord",
    "Alpen",
    "Lumen",
    "Porto",
    "Vesta",
    "Korund",
    "Solaris",
    "Hansa",
    "Meridian",
]
KINDS_EN = [
    "Analytik",
    "Dairy",
    "Foods",
    "Clinics",
    "Biotech",
    "Paper",
    "Brewery",
    "Pharma",
    "Labs",
    "Water",
    "Chemie",
    "Steel",
]
KINDS_RU = ["Пивоварня", "Молкомбинат", "Лаборатория", "Завод", "Клиника", "Химзавод", "Агрохолдинг", "Водоканал"]
WORDS_RU = [
    "Волна",
    "Заря",
    "Аналит",
    "Гидропривод",
    "Северная",
    "Реактив",
    "Рассвет",
    "Нева",
    "Прогресс",
    "Кристалл",
    "Эталон",
    "Восток",
]
INDUSTRIES = ["Food and drink", "Laboratories", "Chemistry", "Water", "Health", "Paper", "Pharma"]
INDUSTRIES_RU = ["Пищевая", "Лаборатории", "Химия", "Водоснабжение", "Медицина", "Бумага", "Фармацевтика"]


def seed(plan):
    """Companies, contacts, addresses, employments, consents and what everybody's next step is."""
    plan.tools()
    words = {name.lower(): value for name, value in globals().items() if name.isupper() and isinstance(value, list)}
    # Addresses are written as people write them: the names in Latin letters.
    words |= {f"{name}_latin": [latin(word) for word in value] for name, value in words.items() if name[0] != "_"}
    owners = {
        "reps_en": plan.keys(plan.reps["en"]), "reps_ru": plan.keys(plan.reps["ru"]),
        "team_en": plan.teams["Sales Europe"].pk, "team_ru": plan.teams["Sales Russia"].pk,
    }  # fmt: skip
    _companies(plan, words | owners)
    _contacts(plan, words | owners)
    seed_duplicates.write_twice(plan)
    _points(plan)
    seed_consents.seed(plan)


def _companies(plan, values):
    plan.run(
        """
        INSERT INTO contacts_company (id, name, name_key, domain, email, phone, industry, staff, country, region, city, street,
          postcode, inn, source, tags, custom, created_at, updated_at, version, owner_id, team_id)
        SELECT i, name, replace(lower(name), 'ё', 'е'), host, 'office@' || host,
          '', CASE WHEN ru THEN pg_temp.word(i, 6, %(industries_ru)s) ELSE pg_temp.word(i, 6, %(industries)s) END, 5 + pg_temp.pick(i, 7, 900), CASE WHEN ru THEN 'RU' ELSE 'DE' END, '', city, '',
          '', '', pg_temp.word(i, 8, %(sources)s), '{}', '{}', at, at, 1,
          CASE WHEN ru THEN (%(reps_ru)s::bigint[])[1 + i / 2 %% cardinality(%(reps_ru)s::bigint[])] ELSE (%(reps_en)s::bigint[])[1 + i / 2 %% cardinality(%(reps_en)s::bigint[])] END,
          CASE WHEN ru THEN %(team_ru)s ELSE %(team_en)s END
        FROM (SELECT i, i %% 2 = 0 AS ru,
            CASE WHEN i %% 2 = 0 THEN (%(kinds_ru)s::text[])[kind] || ' «' || (%(words_ru)s::text[])[word] || '»'
              ELSE (%(words_en)s::text[])[word] || ' ' || (%(kinds_en)s::text[])[kind] END || CASE WHEN i > 190 THEN ' ' || i ELSE '' END AS name,
            CASE WHEN i %% 2 = 0 THEN (%(words_ru_latin)s::text[])[word] || '-' || (%(kinds_ru_latin)s::text[])[kind]
              ELSE (%(words_en_latin)s::text[])[word] || '-' || (%(kinds_en_latin)s::text[])[kind] END || CASE WHEN i > 190 THEN i::text ELSE '' END || '.example' AS host,
            CASE WHEN i %% 2 = 0 THEN pg_temp.word(i, 3, %(cities_ru)s) ELSE pg_temp.word(i, 3, %(cities_en)s) END AS city,
            %(start)s + make_interval(secs => %(span)s * pg_temp.unit(i, 5)) AS at
          -- The first 190 names are all different: each word meets each kind once.
          FROM (SELECT i, 1 + j %% words AS word, 1 + (j %% words + j / words * 5) %% kinds AS kind
            FROM (SELECT i, (i - 1) / 2 AS j, CASE WHEN i %% 2 = 0 THEN 12 ELSE 16 END AS words, CASE WHEN i %% 2 = 0 THEN 8 ELSE 12 END AS kinds
              FROM generate_series(1, %(n)s) i) g) n) c
        """,
        n=plan.companies,
        **values,
    )
    plan.run("SELECT setval(pg_get_serial_sequence('contacts_company', 'id'), %(n)s)", n=plan.companies)
    # The key pads digits; only names with a number need the slow way.
    plan.run(
        "UPDATE contacts_company SET name_key = regexp_replace(name_key, '(\\d+)$', lpad(substring(name_key from '\\d+$'), 6, '0')) WHERE id > 190"
    )


def _contacts(plan, values):
    """Half of the people were known when the company began to work with it; the others come, a few more each month."""
    plan.run(
        """
        CREATE OR REPLACE FUNCTION pg_temp.since(u double precision) RETURNS double precision LANGUAGE sql IMMUTABLE AS
          'SELECT CASE WHEN $1 < 0.5 THEN 0.06 * $1 ELSE (sqrt(0.36 + 1.6 * (2 * $1 - 1)) - 0.6) / 0.8 END'
        """
    )
    plan.run(
        """
        INSERT INTO contacts_contact (id, first_name, middle_name, last_name, name_key, job_title, company_id, email, phone, stage,
          language, time_zone, country, region, city, street, postcode, birthday_on, birthday_has_year, source, tags, custom, last_touch_at,
          next_step, score, quality, created_at, updated_at, version, owner_id, team_id)
        SELECT i, first, middle, last, replace(lower(trim(last || ' ' || first || ' ' || middle)), 'ё', 'е'),
          CASE WHEN ru THEN pg_temp.word(i, 15, %(titles_ru)s) ELSE pg_temp.word(i, 15, %(titles_en)s) END,
          CASE WHEN pg_temp.pick(i, 16, 12) > 0 THEN company END,
          CASE WHEN pg_temp.pick(i, 17, 25) > 0 THEN box || '@' || host ELSE '' END,
          CASE WHEN pg_temp.pick(i, 18, 4) > 0 THEN CASE WHEN ru THEN '+7 900 ' || lpad((i / 10000 %% 1000)::text, 3, '0') || ' ' || lpad((i %% 10000)::text, 4, '0')
            ELSE '+49 30 ' || lpad((5550000 + i %% 1000000)::text, 8, '5') END ELSE '' END,
          CASE pg_temp.pick(i, 19, 10) WHEN 0 THEN 'subscriber' WHEN 1 THEN 'lost' WHEN 2 THEN 'qualified' ELSE 'lead' END,
          CASE WHEN pg_temp.pick(i, 20, 8) > 0 THEN CASE WHEN ru THEN 'ru' ELSE 'en' END ELSE '' END,
          CASE WHEN ru THEN 'Europe/Moscow' ELSE 'Europe/Berlin' END, CASE WHEN ru THEN 'RU' ELSE 'DE' END, '',
          CASE WHEN pg_temp.pick(i, 21, 9) > 0 THEN city ELSE '' END, '', '',
          CASE WHEN year_known THEN born ELSE (born - make_interval(years => extract(year FROM born)::int - 1904))::date END, year_known,
          pg_temp.word(i, 24, %(sources)s), CASE pg_temp.pick(i, 25, 15) WHEN 0 THEN ARRAY['vip'] WHEN 1 THEN ARRAY['fair'] ELSE '{}' END,
          '{}', at, '', 0, 0, at, at, 1,
          CASE WHEN ru THEN (%(reps_ru)s::bigint[])[1 + company / 2 %% cardinality(%(reps_ru)s::bigint[])] ELSE (%(reps_en)s::bigint[])[1 + company / 2 %% cardinality(%(reps_en)s::bigint[])] END,
          CASE WHEN ru THEN %(team_ru)s ELSE %(team_en)s END
        FROM (SELECT i, ru, company, city, host, at, first, first_latin || '.' || last_latin
              || coalesce(nullif(row_number() OVER (PARTITION BY company, first_latin, last_latin ORDER BY i), 1)::text, '') AS box,
            CASE WHEN NOT ru THEN '' ELSE pg_temp.word(i, 13, %(patronymics)s) || CASE WHEN woman THEN 'на' ELSE 'ич' END END AS middle,
            CASE WHEN NOT ru THEN pg_temp.word(i, 12, %(last_en)s) ELSE pg_temp.word(i, 12, %(last_ru)s) || CASE WHEN woman THEN 'а' ELSE '' END END AS last
          FROM (SELECT i, c.ru, c.company, c.woman, k.city, k.domain AS host,
              CASE WHEN NOT c.ru THEN pg_temp.word(i, 11, %(first_en_latin)s) WHEN c.woman THEN pg_temp.word(i, 11, %(women_ru_latin)s)
                ELSE pg_temp.word(i, 11, %(men_ru_latin)s) END AS first_latin,
              CASE WHEN NOT c.ru THEN pg_temp.word(i, 12, %(last_en_latin)s)
                ELSE pg_temp.word(i, 12, %(last_ru_latin)s) || CASE WHEN c.woman THEN 'a' ELSE '' END END AS last_latin,
              CASE WHEN NOT c.ru THEN pg_temp.word(i, 11, %(first_en)s) WHEN c.woman THEN pg_temp.word(i, 11, %(women_ru)s) ELSE pg_temp.word(i, 11, %(men_ru)s) END AS first,
              greatest(%(start)s, least(%(now)s, pg_temp.work(%(start)s + make_interval(secs => %(span)s * pg_temp.since(pg_temp.unit(i, 10))), i, 26))) AS at
            FROM (SELECT i, company, company %% 2 = 0 AS ru, pg_temp.pick(i, 9, 2) = 0 AS woman
                FROM (SELECT i, 1 + pg_temp.pick(i, 14, %(companies)s) AS company FROM generate_series(1, %(n)s) i) a) c
            JOIN contacts_company k ON k.id = c.company) b) d
          CROSS JOIN LATERAL (SELECT CASE WHEN pg_temp.pick(i, 22, 3) > 0 THEN date '1956-01-01' + pg_temp.pick(i, 23, 16000) END AS born,
            pg_temp.pick(i, 66, 8) > 0 AS year_known) age
        """,
        n=plan.contacts,
        companies=plan.companies,
        **values,
    )
    plan.run("SELECT setval(pg_get_serial_sequence('contacts_contact', 'id'), %(n)s)", n=plan.contacts)
    plan.run(
        """
        INSERT INTO contacts_employment (contact_id, company_id, role, is_primary, has_left, since_on)
        SELECT id, company_id, job_title, true, false, created_at::date FROM contacts_contact WHERE company_id IS NOT NULL
        """
    )


def _points(plan):
    plan.run(
        """
        INSERT INTO contacts_contactpoint (contact_id, kind, value, norm, digits_reversed, label, is_primary, verified_at, created_at)
        SELECT id, 'email', email, email, '', '', true, CASE WHEN pg_temp.pick(id, 70, 3) > 0 THEN created_at END, created_at FROM contacts_contact WHERE email <> ''
        UNION ALL
        SELECT id, 'phone', phone, replace(phone, ' ', ''), reverse(regexp_replace(phone, '\\D', '', 'g')), '', true, NULL, created_at
        FROM contacts_contact WHERE phone <> ''
        """
    )


def seed_tasks(plan):
    """Calls and letters that are due: late, today and in the coming days, more of them for those who try the demo."""
    plan.run(
        """
        INSERT INTO contacts_task (kind, title, note, reasons, contact_id, company_id, target_type, due_at, is_hot, outcome, created_at, owner_id, team_id)
        SELECT (ARRAY['call', 'mail', 'task'])[1 + pg_temp.pick(id, 32, 3)],
          CASE WHEN country = 'RU' THEN (ARRAY['Позвонить и уточнить сроки', 'Отправить протокол калибровки', 'Согласовать визит'])[1 + pg_temp.pick(id, 32, 3)]
            ELSE (ARRAY['Call about the calibration quote', 'Send the certificate', 'Agree on a visit'])[1 + pg_temp.pick(id, 32, 3)] END,
          '', '[]', id, company_id, '', pg_temp.work(%(now)s + make_interval(hours => pg_temp.pick(id, 33, 400) - 80), id, 36), false, '',
          %(now)s - interval '3 days', owner_id, team_id
        FROM contacts_contact WHERE pg_temp.pick(id, 34, 12) = 0
        """
    )
    # A third of what was due is done.
    plan.run(
        "UPDATE contacts_task SET done_at = least(due_at + interval '2 hours', %(now)s) WHERE target_type = '' AND due_at < %(now)s AND pg_temp.pick(id, 35, 3) = 0"
    )
    plan.run(
        """
        UPDATE contacts_contact c SET next_step = t.title, next_step_at = t.due_at
        FROM (SELECT DISTINCT ON (contact_id) contact_id, title, due_at FROM contacts_task WHERE done_at IS NULL ORDER BY contact_id, due_at) t
        WHERE t.contact_id = c.id
        """
    )
    _seed_own_tasks(plan)
    rep = plan.users["sales_rep"]
    for contact in Contact.objects.filter(owner=rep, language="en").exclude(phone="").order_by("pk")[:2]:
        task = Task(
            kind="call", title=f"Call {contact}: high interest", reasons=["Downloaded a guide: +30", "Clicked in a letter: +20"],
            contact=contact, company=contact.company, due_at=plan.now + timedelta(hours=3), is_hot=True,
        )  # fmt: skip
        task.assign_to(rep)
        task.save()
        next_steps.refresh(task)


# What people without customers of their own have to do: (role, kind, title, hours from now).
_OWN_TASKS = [
    ("owner", "meeting", "Quarter review with the heads", 5),
    ("owner", "task", "Decide on the price list of next year", 52),
    ("sales_manager", "task", "Go through the forecast with Maya", -20),
    ("sales_manager", "meeting", "Weekly sales round", 3),
    ("sales_manager", "call", "Call Weber Analytik about the frame contract", 26),
    ("sales_manager", "task", "Approve the discount list", 75),
    ("support_lead", "meeting", "Handover with the night shift", 4),
    ("marketer", "task", "Write the third calibration tip", -4),
    ("marketer", "meeting", "Plan the webinar with sales", 6),
    ("marketer", "task", "Check who unsubscribed last week and why", 28),
    ("analyst", "task", "Explain the rise in response time", 5),
    ("analyst", "meeting", "Show the cohorts to the owner", 50),
    ("admin", "task", "Invite the new colleagues", 4),
]


def _seed_own_tasks(plan):
    for role, kind, title, hours in _OWN_TASKS:
        user = plan.users[role]
        task = Task(kind=kind, title=title, due_at=_at_work(plan, user, hours))
        task.assign_to(user)
        task.save()


def _at_work(plan, user, hours):
    """So many hours from now, or the nearest working hour on the same side of now."""
    local = (plan.now + timedelta(hours=hours)).astimezone(ZoneInfo(user.time_zone))
    if 9 <= local.hour < 18:
        return local
    if hours > 0:
        day = local + timedelta(days=local.hour >= 18)
        return day.replace(hour=9 + hours % 8, minute=0, second=0, microsecond=0)
    day = local - timedelta(days=local.hour < 9)
    return day.replace(hour=16, minute=30, second=0, microsecond=0)
