"""A random world of people: rows in the database, and the same rows as plain dictionaries."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from contacts.models import Company, Contact, ContactPoint, Task
from crm.events import EventRow, record_many

NOW = datetime(2024, 2, 27, 22, 30, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Moscow")  # there it is already the 28th, of a leap year
CITIES = ["", "Berlin", "berlin", "Москва", "МОСКВА", "100%", "a_b", "O'Hara"]
NAMES = ["", "Ann", "Ёлка", "Zoë 7", "ann 12"]
EMAILS = ["", "a@x.ru", "A@x.ru", "b@y.de"]
TAGS = ["vip", "b2b", "o'k"]
GUIDES = ["FM-300", "fm-20", ""]


def days(rng):
    """Days around the edges that relative dates have."""
    base = date(2024, 2, 28)
    edges = [0, 0, 1, 2, 6, 7, 8, 28, 29, 30, 31, 32, 59, 89, 90, 91, 365, 366, 367, 2000]
    offset = rng.choice(edges) * rng.choice([-1, -1, 1])
    return base + timedelta(days=offset)


def moments(rng):
    hour = rng.choice([timedelta(0), timedelta(microseconds=-1), timedelta(hours=12)])
    return datetime.combine(days(rng), datetime.min.time(), tzinfo=ZONE) + hour


def maybe(rng, make, gap=0.25):
    return None if rng.random() < gap else make()


def build(seed, users, size=60):
    """Write `size` people; gives [(contact, row)]."""
    rng = random.Random(seed)
    companies = [Company.objects.create(name=f"C{i}", city=city) for i, city in enumerate(["", "Berlin", "Омск"])]
    return [_person(rng, users, companies) for _n in range(size)]


def _person(rng, users, companies):
    company = maybe(rng, lambda: rng.choice(companies), 0.4)
    born = maybe(rng, lambda: days(rng).replace(year=1980) if rng.random() < 0.7 else date(1984, 2, 29))
    custom = {
        "floor": maybe(rng, lambda: rng.choice([0, 1, 2.5, -3])),
        "colour": maybe(rng, lambda: rng.choice(["", "Red", "red", "синий"])),
        "vip": maybe(rng, lambda: rng.random() < 0.5),
        "interests": maybe(rng, lambda: rng.sample(["a", "b"], rng.randint(0, 2))),
        "signed": maybe(rng, lambda: days(rng).isoformat()),
    }
    if rng.random() < 0.3:
        custom = {k: v for k, v in custom.items() if v is not None}
    contact = Contact.objects.create(
        first_name=rng.choice(NAMES),
        city=rng.choice(CITIES),
        email=rng.choice(EMAILS),
        stage=rng.choice(Contact.Stage.values[:3]),
        score=rng.choice([0, 1, 50, 100]),
        birthday_on=born,
        last_touch_at=maybe(rng, lambda: moments(rng)),
        owner=maybe(rng, lambda: rng.choice(users)),
        company=company,
        tags=rng.sample(TAGS, rng.randint(0, 3)),
        custom=custom,
    )
    row = {
        "city": contact.city,
        "name": contact.name_key,
        "email": contact.email,
        "stage": contact.stage,
        "score": Decimal(contact.score),
        "birthday": born,
        "touched": contact.last_touch_at,
        "owner": contact.owner_id,
        "company": contact.company_id,
        "company_city": company.city if company else None,
        "tags": contact.tags,
        "floor": Decimal(str(custom["floor"])) if custom.get("floor") is not None else None,
        "colour": custom.get("colour"),
        "vip": custom.get("vip"),
        "interests": custom.get("interests"),
        "signed": date.fromisoformat(custom["signed"]) if custom.get("signed") else None,
        "length": Decimal(len(contact.first_name)),
    }
    return contact, row | _around(rng, contact)


def _around(rng, contact):
    """Points, tasks and events of a person."""
    lists = rng.sample(["1", "2"], rng.randint(0, 2))
    phones = rng.sample(["+491", "+492", "+493"], rng.randint(0, 2))
    points = [ContactPoint(contact=contact, kind="messenger", value=n, norm=n, label=n) for n in lists]
    points += [ContactPoint(contact=contact, kind="phone", value=n, norm=n) for n in phones]
    ContactPoint.objects.bulk_create(points)
    tasks = [
        {"title": rng.choice(["Call", "call back", ""]), "at": maybe(rng, lambda: moments(rng)), "made": moments(rng),
         "amount": maybe(rng, lambda: Decimal(rng.choice([1, 10, 500])))}
        for _n in range(rng.choice([0, 0, 1, 2, 3]))
    ]  # fmt: skip
    Task.objects.bulk_create(
        Task(contact=contact, title=t["title"], due_at=t["at"], created_at=t["made"], target_id=t["amount"])
        for t in tasks
    )
    did = [
        {"guide": rng.choice([*GUIDES, None]), "pages": maybe(rng, lambda: Decimal(rng.choice([0, 3, 40]))),
         "at": moments(rng)}
        for _n in range(rng.choice([0, 0, 1, 2, 4]))
    ]  # fmt: skip
    record_many(
        [
            EventRow(
                "specimen.downloaded",
                contact_id=contact.pk,
                at=d["at"],
                data={"guide": d["guide"]} | ({} if d["pages"] is None else {"pages": int(d["pages"])}),
            )
            for d in did
        ]
    )
    return {
        "list": lists,
        "phone": min(phones, default=None),
        "tasks": tasks,
        "paid": [{**t, "at": t["made"]} for t in tasks],
        "did": {"specimen.downloaded": did},
    }
