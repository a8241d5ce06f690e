"""Work of the demo: a full calendar week around now, what repeats, types of one's own, a playbook at work."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from contacts.models import ActivityType, Contact, Participant, Playbook, PlaybookStep, Reminder, Task
from contacts.services import next_steps, occurrences, playbooks

# (day of the week, hour, minutes, kind, English, Russian); "+" before a title: with one of the person's customers.
_SALES = [
    (0, 9.0, 30, "call", "+Call about the frame contract", "+Позвонить по рамочному договору"),
    (0, 11.0, 60, "demo", "+Demo of the new gauge", "+Показ нового прибора"),
    (0, 15.0, 30, "mail", "+Send the calibration report", "+Отправить протокол калибровки"),
    (1, 9.5, 45, "meeting", "+Talk about prices", "+Обсудить цены"),
    (1, 13.0, 120, "visit", "+Visit the laboratory", "+Визит в лабораторию"),
    (2, 10.0, 30, "call", "+Ask what still stands in the way", "+Узнать, что мешает решению"),
    (2, 10.25, 30, "meeting", "Handover with support", "Передача дел с поддержкой"),
    (2, 14.0, 60, "demo", "+Demo for the quality team", "+Показ для отдела качества"),
    (3, 9.0, 90, "meeting", "+Workshop on measuring plans", "+Семинар по планам измерений"),
    (3, 16.0, 30, "call", "+Call back after the proposal", "+Перезвонить по предложению"),
    (4, 10.0, 60, "visit", "+Acceptance on site", "+Приёмка на площадке"),
    (4, 15.5, 30, "task", "Plan next week", "Спланировать следующую неделю"),
]
_OFFICE = [
    (0, 10.0, 60, "meeting", "Plan of the week", "План недели"),
    (1, 14.0, 45, "meeting", "Talk with sales", "Разговор с продажами"),
    (2, 9.5, 60, "task", "Read what customers wrote", "Прочитать, что пишут клиенты"),
    (3, 11.0, 30, "call", "Call the printer", "Позвонить в типографию"),
    (4, 13.0, 60, "meeting", "Look back at the week", "Итоги недели"),
]
# (role, day of the week, days, English, Russian): of whole days.
_WHOLE = [
    ("sales_manager", 3, 2, "Trade fair: hall 4, stand 12", "Выставка: павильон 4, стенд 12"),
    ("sales_rep", 3, 2, "Trade fair: hall 4, stand 12", "Выставка: павильон 4, стенд 12"),
    ("marketer", 1, 1, "The newsletter goes to print", "Сдать номер рассылки"),
]
# (role of the owner, roles that take part, rule, day, hour, minutes, English, Russian)
_REPEATED = [
    ("sales_manager", ["sales_rep"], "FREQ=WEEKLY", 0, 8.5, 30, "Sales round", "Планёрка продаж"),
    ("support_lead", ["support_agent"], "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", 0, 9.0, 15, "Morning round of the desk", "Утренняя пятиминутка"),
    ("marketer", [], "FREQ=WEEKLY;INTERVAL=2", 2, 15.0, 45, "Editorial meeting", "Редакционная встреча"),
    ("analyst", ["owner"], "FREQ=MONTHLY;BYDAY=1TU", 1, 10.0, 60, "Figures of the month", "Цифры месяца"),
]  # fmt: skip


def seed(plan):
    """Types, the week of everybody who signs in, what repeats, a playbook at work, and the cards that follow."""
    types = _types()
    people = {user.pk: user for user in [*plan.users.values(), *sum(plan.reps.values(), [])]}
    for user in people.values():
        sells = user in plan.reps.get(user.language, [])
        _week(plan, user, _SALES if sells else _OFFICE, types)
    _whole_days(plan)
    _repeated(plan)
    _playbooks(plan)
    plan.run(
        """
        UPDATE contacts_company c SET next_step = t.title, next_step_at = t.due_at
        FROM (SELECT DISTINCT ON (company_id) company_id, title, due_at FROM contacts_task
              WHERE done_at IS NULL AND due_at IS NOT NULL AND company_id IS NOT NULL ORDER BY company_id, due_at, id) t
        WHERE t.company_id = c.id
        """
    )


def _types():
    rows = {
        "demo": ActivityType(name_en="Demo", name_ru="Показ", kind="meeting", icon="presentation", colour="green", minutes=60),
        "visit": ActivityType(name_en="Site visit", name_ru="Выезд", kind="meeting", icon="map-pin", colour="amber", minutes=120),
    }  # fmt: skip
    for row in rows.values():
        row.save()
    return rows


def _at(plan, user, weekday, hour):
    """That hour of this week on the user's clock."""
    zone = ZoneInfo(user.time_zone)
    local = plan.now.astimezone(zone)
    day = local.date() + timedelta(days=weekday - local.weekday())
    return datetime.combine(day, time(int(hour), round(hour % 1 * 60)), zone)


def _week(plan, user, entries, types):
    chance = plan.chance(f"week:{user.email}")
    customers = list(Contact.objects.filter(owner=user).select_related("company").order_by("pk")[:40])
    chance.shuffle(customers)
    for weekday, hour, minutes, kind, english, russian in entries:
        title = russian if user.language == "ru" else english
        contact = customers.pop() if title.startswith("+") and customers else None
        due = _at(plan, user, weekday, hour)
        task = Task(
            kind=types[kind].kind if kind in types else kind, type=types.get(kind), title=title.lstrip("+"), due_at=due,
            ends_at=due + timedelta(minutes=minutes), contact=contact, company=contact.company if contact else None,
            place="https://meet.example/halden" if kind == "demo" else "",
            done_at=due + timedelta(minutes=minutes) if due < plan.now else None,
        )  # fmt: skip
        task.assign_to(user)
        task.save()
        if task.done_at is None:
            Reminder.objects.create(task=task, minutes=15, due_at=due - timedelta(minutes=15))
            next_steps.refresh(task)
        if contact and contact.email and kind == "demo":
            answer = "accepted" if chance.random() < 0.6 else "asked"
            Participant.objects.create(
                task=task, contact=contact, name=str(contact), email=contact.email, told=0, answer=answer
            )


def _whole_days(plan):
    for role, weekday, days, english, russian in _WHOLE:
        user = plan.users[role]
        due = _at(plan, user, weekday, 17)
        task = Task(kind="task", title=russian if user.language == "ru" else english, due_at=due, day_on=due.date())
        task.ends_at = due + timedelta(days=days - 1) if days > 1 else None
        task.assign_to(user)
        task.save()


def _repeated(plan):
    for role, guests, rule, weekday, hour, minutes, english, russian in _REPEATED:
        user = plan.users[role]
        due = _at(plan, user, weekday, hour) - timedelta(days=28)
        task = Task(kind="meeting", title=russian if user.language == "ru" else english, due_at=due)
        task.ends_at, task.done_at = due + timedelta(minutes=minutes), due
        task.assign_to(user)
        task.save()
        people = [{"user": g.pk, "name": g.name, "email": g.email} for g in (plan.users[name] for name in guests)]
        row = occurrences.begin(task, rule, user.time_zone, minutes_before=[15], people=people)
        for wall in list(row.slots(before=(plan.now + timedelta(days=1)).replace(tzinfo=None))):
            made = occurrences.occurrence(row, f"{wall:%Y-%m-%dT%H:%M}")
            if made.due_at < plan.now:
                Task.objects.filter(pk=made.pk).update(done_at=made.due_at)
                made.reminders.all().delete()
        occurrences.make_next(row, now=plan.now)


def _playbooks(plan):
    books = [
        ("New customer", "From the first order to a customer who stays", [("Welcome call", 0, None), ("Send the handbook", 1, 1), ("Training", 5, 2), ("Ask how it goes", 20, 3)]),
        ("Silent customer", "Back into the talk after half a year", [("Call", 0, None), ("Write with news", 3, 1), ("Offer a calibration", 10, 2)]),
    ]  # fmt: skip
    for name, text, steps in books:
        book = Playbook.objects.create(name=name, text=text)
        for position, (title, days, after) in enumerate(steps, 1):
            kind = (
                "call"
                if "all" in title or "Ask" in title
                else "mail"
                if "Send" in title or "Write" in title
                else "task"
            )
            PlaybookStep.objects.create(
                playbook=book, position=position, title=title, kind=kind, days=days, after=after
            )
    rep = plan.users["sales_rep"]
    contact = Contact.objects.filter(owner=rep, language="en").select_related("company", "owner").order_by("pk")[2:3]
    for person in contact:
        playbooks.start(Playbook.objects.get(name="New customer"), person, by=rep)
