"""Requests of the demo: angry and happy clients, promises kept and missed, ratings; the knowledge base in both languages."""

from crm.models import BusinessCalendar
from tickets.models import Article, Category, Macro, Mailbox, SlaTarget
from tickets.services import articles

# What people ask, what the desk answers, what they say then, and how it ends. One talk a line, by place in the lists.
TALKS_EN = [
    ("Zero after cleaning",
     "our FM-300 shows zero flow since the line was cleaned this morning. The pump runs, the tank fills. What can we do?",
     "please fill the pipe with product and hold Zero for five seconds, then wait for one minute. Does the reading come back?",
     "it came back after the second try, thank you. Is there a way to avoid this after every cleaning?",
     "Let the last rinse run out of the pipe before the pump stops: the air stays in the chamber otherwise. I close the request; write if it happens again."),
    ("Certificate for meter 300-18842",
     "the auditor asks for the calibration certificate of the meter 300-18842. We cannot find ours.",
     "I have found the calibration of March. The certificate in PDF is being made, you will have it today.",
     "received, but the name of our company is the old one. Could you change it?",
     "The corrected certificate is on its way to you, and the new name stands in our records now."),
    ("Drift on channel 2",
     "channel 2 drifts by about 0.4 % a week. The other three are steady. The log of the last month is attached to the report.",
     "such a drift comes from the seal more often than from the sensor. Which product runs through it, and at what temperature?",
     "it is whey at 72 degrees, eight hours a day.",
     "We send you the seal for high temperatures free of charge. After changing it the drift should be gone within a day."),
    ("Delivery of spare sensors",
     "when will the two spare sensors of our last order arrive? The line stops for service next week.",
     "they leave our house tomorrow with the express service; the tracking number comes by mail.",
     "they are here, in good time. One box was open, but nothing is missing.",
     "Good to hear. We have told the carrier about the box."),
    ("Error E-14 on the display",
     "the display says E-14 since last night and the line stands still. This is urgent for us!",
     "E-14 means that the sensor does not answer. Please pull the plug of the sensor, look for moisture and put it back.",
     "there was water in the plug. It runs again, but we lost half a shift.",
     "I am sorry about the lost hours. A plug with a better seal is on its way to you, at our cost."),
    ("Access for a colleague",
     "please give my colleague in the laboratory access to the certificates as well.",
     "gladly. Which address should the invitation go to, and should she see the invoices too?",
     "only the certificates, please. I have sent you her address.",
     "She has got the invitation. It is valid for three days."),
]  # fmt: skip
TALKS_RU = [
    ("Расходомер показывает ноль после промывки",
     "после утренней мойки FM-300 показывает ноль, хотя насос работает и ёмкость наполняется. Что делать?",
     "заполните трубу продуктом, удерживайте «Ноль» пять секунд и подождите минуту. Показания вернулись?",
     "вернулись со второго раза, спасибо. Как избежать этого после каждой мойки?",
     "Дайте последней воде стечь до остановки насоса: иначе в камере остаётся воздух. Закрываю обращение, пишите, если повторится."),
    ("Нужен закрывающий акт",
     "бухгалтерия просит акт за прошлый месяц с подписью и печатью. Счёт оплачен.",
     "акт готовим, скан пришлём сегодня, оригинал уйдёт почтой.",
     "скан получили, но в акте старый адрес. Можно исправить?",
     "Исправленный акт отправлен, новый адрес записали в карточку."),
    ("Ошибка E-14 на дисплее",
     "с вечера на дисплее E-14, линия стоит. Нам срочно!",
     "E-14 означает, что датчик не отвечает. Отсоедините разъём датчика, проверьте, нет ли влаги, и подключите снова.",
     "в разъёме была вода. Заработало, но потеряли полсмены.",
     "Сожалеем о простое. Отправляем разъём с усиленным уплотнением за наш счёт."),
    ("Не приходит код для входа",
     "второй день не приходит код для входа, сертификаты посмотреть не можем.",
     "проверьте, пожалуйста, папку «Спам». С нашей стороны письма уходят на адрес с опиской, поправили её.",
     "код пришёл, вошли. Спасибо!",
     "Рады помочь. Закрываем обращение."),
    ("Как перенести поверку?",
     "поверка трёх приборов назначена на следующую неделю, а у нас остановка только через месяц. Можно перенести?",
     "можно. Подойдёт ли вам вторая неделя следующего месяца?",
     "подойдёт, лучше во вторник.",
     "Записали на вторник, инженер будет в девять утра. Напомним за два дня."),
    ("Подобрать замену для FM-200",
     "FM-200 снимают с производства. Чем заменить на линии кефира, труба 50 мм?",
     "подойдёт FM-300 с тем же присоединением: врезку менять не нужно. Прислать предложение?",
     "да, пришлите на две штуки и срок поставки.",
     "Предложение у вас на почте, его ведёт ваш менеджер. Срок поставки две недели."),
]  # fmt: skip
GOOD_EN, GOOD_RU = ["Fast and to the point.", "Thank you!", ""], ["Быстро и по делу.", "Спасибо, очень помогли.", ""]
BAD_EN = ["I waited two days.", "Nobody told me what was going on.", ""]
BAD_RU = ["Ждали два дня, линия стояла.", "Пришлось писать трижды.", ""]
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
          CASE WHEN pg_temp.pick(i, 75, 14) = 0 AND solved THEN 1 ELSE 0 END,
          CASE WHEN solved THEN at + solve WHEN answered THEN at + respond ELSE at END
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
        subjects_en=[talk[0] for talk in TALKS_EN],
        subjects_ru=[talk[0] for talk in TALKS_RU],
    )
    plan.run(
        "SELECT setval(pg_get_serial_sequence('tickets_ticket', 'id'), %(n)s), setval('tickets_number', 1000 + %(n)s)",
        n=plan.tickets,
    )


def _messages(plan):
    """The talk behind each ticket: the question, the first answer, what the client says then, the end; notes on a few."""
    plan.run(
        """
        INSERT INTO tickets_ticketmessage (ticket_id, direction, author_id, sender, text, html, message_id, is_automatic, created_at)
        SELECT t.id, m.direction, CASE WHEN m.direction <> 'in' THEN t.owner_id END, CASE WHEN m.direction = 'in' THEN c.email ELSE '' END,
          CASE WHEN m.part = 'note' THEN m.text
            ELSE (CASE WHEN t.ru THEN 'Здравствуйте!' ELSE 'Hello,' END) || E'\n\n' || m.text
              || CASE WHEN m.direction = 'in' THEN E'\n\n' || c.first_name || ' ' || c.last_name ELSE '' END END,
          '', CASE WHEN m.part = 'asked' THEN '<seed-' || t.id || '@c.example>' ELSE '' END, false, m.at
        FROM (SELECT t.*, c.country = 'RU' AS ru, t.resolved_at IS NOT NULL AND pg_temp.pick(t.id, 95, 4) > 0 AS talks,
            CASE WHEN c.country = 'RU' THEN array_position(%(subjects_ru)s, t.subject) ELSE array_position(%(subjects_en)s, t.subject) END AS k
          FROM tickets_ticket t JOIN contacts_contact c ON c.id = t.requester_id) t
        JOIN contacts_contact c ON c.id = t.requester_id
        CROSS JOIN LATERAL (VALUES
          ('asked', 'in', t.created_at, CASE WHEN t.ru THEN (%(asked_ru)s::text[])[k] ELSE (%(asked_en)s::text[])[k] END),
          ('answered', 'out', t.first_response_at, CASE WHEN t.ru THEN (%(answered_ru)s::text[])[k] ELSE (%(answered_en)s::text[])[k] END),
          ('said', 'in', CASE WHEN talks THEN t.first_response_at + (t.resolved_at - t.first_response_at) * 0.7 END,
            CASE WHEN t.ru THEN (%(said_ru)s::text[])[k] ELSE (%(said_en)s::text[])[k] END),
          ('ended', 'out', CASE WHEN talks THEN t.resolved_at END, CASE WHEN t.ru THEN (%(ended_ru)s::text[])[k] ELSE (%(ended_en)s::text[])[k] END),
          ('note', 'note', CASE WHEN pg_temp.pick(t.id, 96, 9) = 0 THEN t.first_response_at + interval '2 minutes' END,
            CASE WHEN t.ru THEN 'Проверил по журналу: такое уже было весной.' ELSE 'Looked it up: the same happened in spring.' END)
          ) m (part, direction, at, text)
        WHERE m.at IS NOT NULL
        ORDER BY t.id, m.at
        """,
        **_talks("en", TALKS_EN),
        **_talks("ru", TALKS_RU),
    )


def _talks(language, talks):
    """The columns of the talks as lists: subjects_en, asked_en, …"""
    names = ("subjects", "asked", "answered", "said", "ended")
    return {f"{name}_{language}": list(column) for name, column in zip(names, zip(*talks, strict=True), strict=True)}


def _ratings(plan):
    """Two of five rate; slow solutions are rated worse."""
    plan.run(
        """
        INSERT INTO tickets_rating (ticket_id, round, score, comment, agent_id, at)
        SELECT id, reopened, score, CASE WHEN score > 2 AND ru THEN pg_temp.word(id, 91, %(good_ru)s) WHEN score > 2 THEN pg_temp.word(id, 91, %(good_en)s)
            WHEN ru THEN pg_temp.word(id, 91, %(bad_ru)s) ELSE pg_temp.word(id, 91, %(bad_en)s) END, owner_id, resolved_at + interval '3 hours'
        FROM (SELECT t.*, c.country = 'RU' AS ru, greatest(1, least(5, 5 - pg_temp.pick(t.id, 90, 2) - (t.business_resolution / 70000)))::int AS score
          FROM tickets_ticket t JOIN contacts_contact c ON c.id = t.requester_id
          WHERE t.resolved_at IS NOT NULL AND t.resolved_at < %(now)s - interval '4 hours' AND pg_temp.pick(t.id, 92, 5) < 2) r
        """,
        good_en=GOOD_EN,
        good_ru=GOOD_RU,
        bad_en=BAD_EN,
        bad_ru=BAD_RU,
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
