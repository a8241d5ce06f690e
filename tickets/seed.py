"""Requests of the demo: angry and happy clients, promises kept and missed, ratings; the knowledge base in both languages."""

from crm.models import BusinessCalendar
from tickets.models import Article, Category, Macro, Mailbox, SlaTarget
from tickets.services import articles

SUBJECTS_EN = [
    "Zero after cleaning",
    "Certificate for meter 300-18842",
    "Drift on channel 2",
    "Delivery of spare sensors",
    "Error E-14 on the display",
    "Access for a colleague",
]
SUBJECTS_RU = [
    "Расходомер показывает ноль после промывки",
    "Нужен закрывающий акт",
    "Ошибка E-14 на дисплее",
    "Не приходит код для входа",
    "Как перенести поверку?",
    "Подобрать замену для FM-200",
]
GOOD = ["Fast and to the point.", "Быстро и по делу.", "Thank you!", ""]
BAD = ["I waited two days.", "Ждали два дня, линия стояла.", ""]
ARTICLES = [
    ("en", "Flow meters", "FM-300 shows zero after cleaning", "Two minutes, air in the chamber.", "Air stays in the chamber after cleaning.\n\n1. Fill the pipe with product.\n2. Hold Zero for five seconds.\n3. Wait for one minute.\n\nIf it stays at zero, write to us with the serial number."),
    ("en", "Flow meters", "Error E-14 on the display", "The cable of the sensor.", "E-14 says that the sensor does not answer.\n\n- Check the plug.\n- Look for a kink in the cable."),
    ("en", "Calibration", "Move a calibration to another month", "One letter is enough.", "Write to us with the serial number and the wished month. We confirm on the same day."),
    ("en", "Orders", "When does my order arrive?", "Two weeks from payment.", "Standard devices leave our house within ten working days."),
    ("ru", "Расходомеры", "FM-300: нулевые показания после мойки", "Две минуты: воздух в камере.", "После мойки в камере остаётся воздух.\n\n1. Заполните трубу продуктом.\n2. Удерживайте «Ноль» пять секунд.\n3. Подождите минуту."),
    ("ru", "Расходомеры", "Не работает вход на портал", "Проверьте почту и папку «Спам».", "Код приходит за минуту. Если письма нет, проверьте папку «Спам» и адрес."),
    ("ru", "Поверка", "Как перенести поверку", "Достаточно одного письма.", "Напишите нам серийный номер и удобный месяц. Ответим в тот же день."),
    ("ru", "Счета и оплата", "Оплата и возврат", "Счёт, акт, возврат оплаты.", "Счёт приходит по почте. Возврат оплаты занимает до десяти рабочих дней."),
]  # fmt: skip


def seed(plan):
    """Mailbox, promises, macros, tickets with their conversations, ratings, articles."""
    mailbox = Mailbox.objects.create(name="Halden Support", address="support@halden.example", is_active=True)
    calendar = BusinessCalendar.objects.first()
    for priority, first, solution in [
        ("urgent", 60, 480),
        ("high", 120, 960),
        ("normal", 240, 1440),
        ("low", 480, 2400),
    ]:
        SlaTarget.objects.create(priority=priority, calendar=calendar, first_response=first, resolution=solution)
    Macro.objects.create(
        name="Thank you",
        text="Hello {name},\n\nthank you for your letter. We look into {number} and answer today.\n\n{agent}",
    )
    Macro.objects.create(
        name="Спасибо за обращение",
        language="ru",
        text="Здравствуйте, {name}!\n\nСпасибо за письмо. Разбираемся с {number} и ответим сегодня.\n\n{agent}",
    )
    _tickets(plan, mailbox)
    _messages(plan)
    _ratings(plan)
    _articles(plan)


def _tickets(plan, mailbox):
    """Receipt in working hours; answered after minutes to hours, solved after hours to days; the newest are open."""
    plan.run(
        """
        INSERT INTO tickets_ticket (id, number, subject, subject_key, requester_id, company_id, mailbox_id, owner_id, team_id, status, priority,
          channel, category, tags, created_at, updated_at, first_response_due_at, first_response_at, resolution_due_at, resolved_at,
          business_response, business_resolution, reopened, last_message_at)
        SELECT i, 1000 + i, subject, replace(lower(subject), 'ё', 'е'), contact, company_id, %(mailbox)s, CASE WHEN answered THEN agent END, %(team)s,
          CASE WHEN solved THEN 'resolved' WHEN answered THEN CASE WHEN pg_temp.pick(i, 79, 4) = 0 THEN 'pending' ELSE 'open' END ELSE 'new' END,
          (ARRAY['low', 'normal', 'normal', 'normal', 'high', 'urgent'])[1 + pg_temp.pick(i, 73, 6)],
          CASE WHEN pg_temp.pick(i, 74, 6) = 0 THEN 'phone' ELSE 'email' END, '', '{}', at, at, at + interval '4 hours',
          CASE WHEN answered THEN at + respond END, at + interval '2 days', CASE WHEN solved THEN at + solve END,
          CASE WHEN answered THEN extract(epoch FROM respond)::int END, CASE WHEN solved THEN (extract(epoch FROM solve) * 0.375)::int END,
          CASE WHEN pg_temp.pick(i, 75, 14) = 0 AND solved THEN 1 ELSE 0 END, at
        FROM (SELECT i, contact, company_id, subject, at, respond, solve, (%(agents)s::bigint[])[1 + pg_temp.pick(i, 76, cardinality(%(agents)s::bigint[]))] AS agent,
            at + respond < %(now)s AS answered, at + solve < %(now)s AS solved
          FROM (SELECT i, c.id AS contact, c.company_id,
              CASE WHEN c.country = 'RU' THEN pg_temp.word(i, 70, %(subjects_ru)s) ELSE pg_temp.word(i, 70, %(subjects_en)s) END AS subject,
              CASE WHEN i %% 25 = 0 THEN %(now)s - make_interval(mins => 3 + pg_temp.pick(i, 80, 900)) ELSE least(%(now)s - interval '5 hours', date_trunc('day', c.created_at + (%(now)s - c.created_at) * pg_temp.unit(i, 71)) + interval '8 hours' + make_interval(mins => pg_temp.pick(i, 72, 480))) END AS at,
              make_interval(mins => 5 + (400 * pg_temp.unit(i, 77) * pg_temp.unit(i, 78))::int) AS respond,
              make_interval(mins => 410 + (6000 * pg_temp.unit(i, 81) * pg_temp.unit(i, 82))::int) AS solve
            FROM (SELECT i, 1 + pg_temp.pick(i, 69, %(contacts)s) AS contact FROM generate_series(1, %(n)s) i) t
            JOIN contacts_contact c ON c.id = t.contact) a) b
        """,
        n=plan.tickets,
        contacts=plan.contacts,
        mailbox=mailbox.pk,
        team=plan.teams["Support"].pk,
        agents=plan.keys(plan.agents),
        subjects_en=SUBJECTS_EN,
        subjects_ru=SUBJECTS_RU,
    )
    plan.run(
        "SELECT setval(pg_get_serial_sequence('tickets_ticket', 'id'), %(n)s), setval('tickets_number', 1000 + %(n)s)",
        n=plan.tickets,
    )


def _messages(plan):
    plan.run(
        """
        INSERT INTO tickets_ticketmessage (ticket_id, direction, author_id, sender, text, html, message_id, is_automatic, created_at)
        SELECT t.id, 'in', NULL, c.email, CASE WHEN c.country = 'RU' THEN 'Здравствуйте! ' || t.subject || '. Помогите, пожалуйста.' ELSE 'Hello, ' || t.subject || '. Please help.' END,
          '', '<seed-' || t.id || '@c.example>', false, t.created_at
        FROM tickets_ticket t JOIN contacts_contact c ON c.id = t.requester_id
        UNION ALL
        SELECT t.id, 'out', t.owner_id, '', CASE WHEN c.country = 'RU' THEN 'Здравствуйте! Заполните трубу продуктом и удерживайте «Ноль» пять секунд. Помогло?' ELSE 'Hello, fill the pipe with product and hold Zero for five seconds. Does it help?' END,
          '', '', false, t.first_response_at
        FROM tickets_ticket t JOIN contacts_contact c ON c.id = t.requester_id WHERE t.first_response_at IS NOT NULL
        """
    )


def _ratings(plan):
    """Two of five rate; slow solutions are rated worse."""
    plan.run(
        """
        INSERT INTO tickets_rating (ticket_id, round, score, comment, agent_id, at)
        SELECT id, reopened, score, CASE WHEN score > 2 THEN pg_temp.word(id, 91, %(good)s) ELSE pg_temp.word(id, 91, %(bad)s) END, owner_id, resolved_at + interval '3 hours'
        FROM (SELECT *, greatest(1, least(5, 5 - pg_temp.pick(id, 90, 2) - (business_resolution / 70000)))::int AS score FROM tickets_ticket
          WHERE resolved_at IS NOT NULL AND resolved_at < %(now)s - interval '4 hours' AND pg_temp.pick(id, 92, 5) < 2) r
        """,
        good=GOOD,
        bad=BAD,
    )


def _articles(plan):
    author = plan.users["support_lead"]
    for position, (language, category, title, summary, body) in enumerate(ARTICLES):
        group, _new = Category.objects.get_or_create(name=category, language=language, defaults={"position": position})
        article = Article(
            category=group,
            language=language,
            title=title,
            summary=summary,
            body=body,
            state="published",
            helpful=7 + position * 5,
            unhelpful=position,
        )
        articles.keep(article, by=author)
    Article.objects.create(
        category=group,
        language="ru",
        title="Черновик: новый прибор",
        body="Пока не готово.",
        state="draft",
        author=author,
    )
