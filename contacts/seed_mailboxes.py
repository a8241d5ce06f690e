"""Mailboxes of the demo's sales people: conversations with their customers, a ledger, a letter that waits, templates.

They are paused: there is no server behind them. What is written from them reaches the development mailbox.
"""

from datetime import timedelta

from contacts.models import Contact, LetterTemplate, MailFolder, PersonalLetter, PersonalMailbox, SeenLetter
from contacts.services.mailbox import keeping
from contacts.services.mailbox.writing import PURPOSE, full_text
from crm.mail import queue_mail

State, Reason = SeenLetter.State, SeenLetter.Reason
PEOPLE = 24
# (subject, [(who writes: c for the customer, u for the user; text)]); {name} is the customer's first name.
_TALKS = {
    "en": [
        ("Lead time for the gauges", [
            ("c", "Hello,\n\nhow long does delivery of the pressure gauges take at the moment? We need twelve by the end of the month.\n\nBest regards\n{name}"),
            ("u", "Hello {name},\n\ntwelve are on the shelf. If you order by Thursday they leave on Friday.\n"),
            ("c", "Perfect, the order comes tomorrow.\n\n{name}"),
        ]),
        ("Calibration certificate", [
            ("u", "Hello {name},\n\nyour certificate for the flow meter runs out in six weeks. Shall I book a slot for you?\n"),
            ("c", "Yes please, ideally in the second week. Can the technician look at the display too?\n\n{name}"),
        ]),
        ("Question about the proposal", [
            ("c", "Hi,\n\nposition 3 lists two sensors, we only have one connection. Is that a slip?\n\n{name}"),
            ("u", "Hello {name},\n\nit is: one is enough. A corrected version is on its way, 340 EUR less.\n"),
            ("c", "Thanks, that was quick. I pass it on to purchasing."),
        ]),
        ("Display shows E7", [
            ("c", "Hello,\n\nsince this morning the display of the mixer shows E7. Do you know what that means? We stand still.\n\n{name}"),
        ]),
        ("Visit next week", [
            ("u", "Hello {name},\n\nI am in your area on Wednesday. Would 14:00 suit you to go through the measuring plan?\n"),
            ("c", "14:00 is fine. Our quality lead joins us.\n\n{name}"),
        ]),
    ],
    "ru": [
        ("Срок поставки манометров", [
            ("c", "Здравствуйте!\n\nПодскажите, какой сейчас срок поставки манометров? Нужно двенадцать штук до конца месяца.\n\n{name}"),
            ("u", "{name}, здравствуйте!\n\nДвенадцать штук есть на складе. Если заказ придёт до четверга, в пятницу отгрузим.\n"),
            ("c", "Отлично, заказ пришлём завтра."),
        ]),
        ("Поверка расходомера", [
            ("u", "{name}, добрый день!\n\nЧерез шесть недель заканчивается поверка вашего расходомера. Записать вас?\n"),
            ("c", "Да, лучше на вторую неделю. И пусть посмотрят дисплей, он тускнеет.\n\n{name}"),
        ]),
        ("Вопрос по предложению", [
            ("c", "Добрый день!\n\nВ третьей позиции два датчика, а подключение у нас одно. Это опечатка?\n\n{name}"),
            ("u", "{name}, да, хватит одного. Исправленный вариант уже отправил, он на 28 000 ₽ дешевле.\n"),
        ]),
        ("На дисплее ошибка E7", [
            ("c", "Здравствуйте!\n\nС утра на смесителе ошибка E7. Что это значит? Линия стоит.\n\n{name}"),
        ]),
    ],
}  # fmt: skip
_TEMPLATES = {
    "en": [
        ("After the first call", "Our talk about {company|your measuring points}", "{greeting}\n\nthank you for the talk. As agreed, here is what we would start with:\n\n- \n\nShall we speak again on Thursday?", "team"),
        ("Silent for a while", "Still on your list?", "{greeting}\n\nwe spoke some weeks ago. Is the topic still on your list, or shall I come back in spring?", "mine"),
    ],
    "ru": [
        ("После первого звонка", "Наш разговор о {company|ваших измерениях}", "{greeting}\n\nспасибо за разговор. Как договорились, предлагаю начать с такого:\n\n- \n\nСозвонимся в четверг?", "team"),
        ("Давно не общались", "Вопрос ещё актуален?", "{greeting}\n\nнесколько недель назад мы обсуждали поставку. Тема ещё актуальна или вернуться к ней весной?", "mine"),
    ],
}  # fmt: skip
# (sender, name, subject, reason) of letters that were skipped.
_SKIPPED = {
    "en": [
        ("newsletter@metrology.example", "Metrology Weekly", "This week: humidity and its traps", Reason.UNKNOWN),
        ("p.lund@northlab.example", "Petra Lund", "Request for a quote: 4 thermometers", Reason.UNKNOWN),
        ("jonas.falk@halden.example", "Jonas Falk", "Lunch?", Reason.INTERNAL),
        ("statement@bank.example", "Nordbank", "Your statement of account", Reason.EXCLUDED),
        ("booking@rail.example", "Rail", "Your ticket to Hamburg", Reason.UNKNOWN),
        ("postmaster@relay.example", "Mail Delivery System", "Undelivered Mail Returned to Sender", Reason.MACHINE),
    ],
    "ru": [
        ("news@metrologia.example", "Метрология сегодня", "Дайджест: влажность и её ловушки", Reason.UNKNOWN),
        ("zakupki@sevlab.example", "Павел Лунин", "Запрос цены: 4 термометра", Reason.UNKNOWN),
        ("dmitry.orlov@halden.example", "Дмитрий Орлов", "Обед?", Reason.INTERNAL),
        ("bank@bank.example", "Банк", "Выписка по счёту", Reason.EXCLUDED),
        ("postmaster@relay.example", "Mail Delivery System", "Письмо не доставлено", Reason.MACHINE),
    ],
}  # fmt: skip


def seed(plan):
    """Called when people, their addresses and the orders are there."""
    for language, reps in plan.reps.items():
        for place, user in enumerate(reps):
            _mailbox(plan, user, language, shown="all" if place == 1 else "trace")


def _mailbox(plan, user, language, shown):
    box = PersonalMailbox.objects.create(
        user=user, address=user.email, state=PersonalMailbox.State.PAUSED, shown=shown, excluded=["bank.example"],
        imap_host="imap.halden.example", smtp_host="smtp.halden.example", since=plan.now - timedelta(days=90),
        first_days=90, checked_at=plan.now - timedelta(hours=3), next_at=plan.now,
    )  # fmt: skip
    folders = {
        role: MailFolder.objects.create(
            mailbox=box, path=path, name=name, role=role, is_chosen=True, uid_validity=1, base_uid=100, last_uid=100
        )
        for role, path, name in (
            ("inbox", "INBOX", "INBOX"), ("sent", "Sent", "Отправленные" if language == "ru" else "Sent")
        )
    }  # fmt: skip
    MailFolder.objects.create(mailbox=box, path="Archive", name="Архив" if language == "ru" else "Archive")
    chance = plan.chance(f"mailbox:{user.email}")
    people = Contact.objects.filter(owner=user, language=language).exclude(email="").select_related("company")
    rows = []
    for contact in people.order_by("pk")[:PEOPLE]:
        subject, talk = chance.choice(_TALKS[language])
        rows += _talk(plan, box, contact, subject, talk, chance)
    for sender, name, subject, reason in _SKIPPED[language]:
        at = _at_work(plan.now - timedelta(hours=chance.randint(100, 2000)))
        rows.append(SeenLetter(sender=sender, sender_name=name, recipients=box.address, subject=subject, state=State.SKIPPED, reason=reason, sent_at=at, message_id=f"<{chance.getrandbits(64):x}@seed.example>"))  # fmt: skip
    failed = SeenLetter(sender="scan@copier.example", recipients=box.address, subject="Scan_0412", state=State.FAILED)
    failed.reason, failed.size, failed.attempts = Reason.WITHHELD, 31_000_000, 2
    failed.sent_at = plan.now - timedelta(days=2)
    _ledger(plan, folders, [*rows, failed])
    _waiting(plan, box, people.order_by("-pk").first(), language)
    for name, subject, text, shared in _TEMPLATES[language]:
        LetterTemplate.objects.create(owner=user, name=name, subject=subject, text=text, language=language, shared=shared)  # fmt: skip


def _talk(plan, box, contact, subject, talk, chance):
    """One conversation; the rows of the ledger for it."""
    at = _at_work(plan.now - timedelta(days=chance.randint(12, 85), minutes=chance.randint(0, 1400)))
    ids, rows = [], []
    for place, (who, text) in enumerate(talk):
        is_out = who == "u"
        letter = PersonalLetter(
            mailbox=box, owner=box.user, state="sent" if is_out else "received", references=ids[::-1],
            message_id=f"<{chance.getrandbits(64):x}@seed.example>", thread=ids[0] if ids else "",
            subject=f"Re: {subject}" if place else subject, text=text.format(name=contact.first_name) + (f"\n-- \n{box.user.name}" if is_out else ""),
            sender=box.address if is_out else contact.email, sender_name=box.user.name if is_out else str(contact),
            recipients=[[str(contact), contact.email]] if is_out else [[box.user.name, box.address]], sent_at=at,
        )  # fmt: skip
        letter.thread = letter.thread or letter.message_id
        letter.save()
        keeping.add_parties(letter, [contact])
        keeping.tell(letter, [contact])
        rows.append(
            SeenLetter(
                letter=letter, message_id=letter.message_id, is_out=is_out, sender=letter.sender, subject=letter.subject,
                sender_name=letter.sender_name, recipients=letter.recipients[0][1], state=State.STORED, sent_at=at,
                size=2000 + 3 * len(letter.text),
            )
        )  # fmt: skip
        ids.append(letter.message_id)
        at = _at_work(at + timedelta(minutes=chance.randint(1200, 1800)))
    return rows


def _at_work(at):
    """A moment in the office hours of that day, of the Monday after when it is a weekend."""
    return (at + timedelta(days={6: 2, 7: 1}.get(at.isoweekday(), 0))).replace(hour=6 + at.hour * 9 // 24)


def _ledger(plan, folders, rows):
    """The rows in the order of their dates, numbered as a server does."""
    for row in sorted(rows, key=lambda row: row.sent_at):
        folder = folders["sent" if row.is_out else "inbox"]
        folder.last_uid += 1
        row.folder, row.uid, row.uid_validity, row.seen_at = folder, folder.last_uid, 1, row.sent_at
    SeenLetter.objects.bulk_create(rows)
    for folder in folders.values():
        count = folder.last_uid - folder.base_uid
        folder.on_server = folder.in_ledger = folder.first_total = folder.first_done = count
        folder.compared_at = plan.now.replace(hour=1, minute=10)
        folder.save()


def _waiting(plan, box, contact, language):
    """A letter for the day after tomorrow."""
    if contact is None:
        return
    subject, text = _TEMPLATES[language][1][1], _TEMPLATES[language][1][2].replace("{greeting}\n\n", "")
    letter = PersonalLetter(
        mailbox=box, owner=box.user, state="waiting", subject=subject, typed=text, sender=box.address,
        sender_name=box.user.name, recipients=[[str(contact), contact.email]],
        message_id=f"<waiting-{box.pk}@seed.example>", sent_at=plan.now + timedelta(days=2),
    )  # fmt: skip
    letter.text, letter.thread = full_text(letter), letter.message_id
    letter.save()
    keeping.add_parties(letter, [contact])
    delivery = queue_mail(
        to=contact.email, to_name=str(contact), subject="", text="", contact=contact, by=box.user, purpose=PURPOSE,
        account=f"mailbox:{box.pk}", refs={"letter": letter.pk}, message_id=letter.message_id, due_at=letter.sent_at,
        key=f"seed:{letter.message_id}",
    )  # fmt: skip
    PersonalLetter.objects.filter(pk=letter.pk).update(delivery_id=delivery.pk)
