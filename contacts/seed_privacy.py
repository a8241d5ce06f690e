"""Personal data of the demo: requests in every state, somebody who was erased, rules of retention."""

from datetime import timedelta

from django.utils.translation import override

from contacts.models import Contact, PrivacyRequest, RetentionRule
from contacts.services import people, privacy
from contacts.services.privacy import requests, retention
from crm.models import Workspace

# (kind, days ago, state, how it came, what was asked) in English and Russian.
_ASKED = [
    ("export", 3, "open", ("Letter to the data protection address", "Письмо на адрес по персональным данным"),
     ("Which data do you hold about me?", "Какие данные обо мне вы храните?")),
    ("erasure", 36, "open", ("Call, recognised by the last order", "Звонок, узнали по последнему заказу"),
     ("Wants everything deleted.", "Просит удалить всё.")),
    ("export", 50, "done", ("Form on paper", "Бумажное заявление"), ("A copy of all data.", "Копия всех данных.")),
    ("erasure", 60, "refused", ("Letter without a name", "Письмо без подписи"), ("Delete me.", "Удалите меня.")),
]  # fmt: skip
# An erasure looks through every table: in a very large demo it would be felt.
MOST = 100_000


def seed(plan):
    """Last of all: everything is there that hangs on people."""
    by = plan.users.get("admin") or plan.users.get("owner")
    language = Workspace.get().language
    if by is None:
        return
    with override(language):
        rows = Contact.objects.exclude(email="").order_by("pk")
        # Of both languages, and so under both laws.
        there = [rows.filter(language=code)[7 * n + 1 : 7 * n + 2] for n, code in enumerate(("en", "ru", "en", "ru"))]
        for person, asked in zip([one[0] for one in there if one], _ASKED, strict=False):
            _ask(person, *asked, by=by, plan=plan, second=language == "ru")
        if plan.contacts <= MOST:
            _erased(plan, by, language)
        _rules(plan, language)


def _ask(person, kind, ago, state, channel, note, *, by, plan, second):
    row = requests.note_request(
        person,
        kind,
        by=by,
        channel=channel[second],
        note=note[second],
        received_on=(plan.now - timedelta(days=ago)).date(),
    )
    if state != "open":
        answer = ("The person could not be recognised.", "Не удалось удостовериться, кто просит.")[second]
        PrivacyRequest.objects.filter(pk=row.pk).update(
            state=state,
            answer=answer if state == "refused" else "",
            closed_at=plan.now - timedelta(days=ago - 9),
            file_until=plan.now - timedelta(days=ago - 16) if kind == "export" else None,
        )


def _erased(plan, by, language):
    first, last = ("Marta", "Winkler") if language == "en" else ("Марта", "Винклер")
    person = people.create_contact(by=by, first_name=first, last_name=last, email="marta.winkler@example.com")
    person.refresh_from_db()
    row = requests.note_request(person, "erasure", by=by, received_on=(plan.now - timedelta(days=6)).date())
    row.erasure = privacy.begin(person, by=by)
    row.state = "running"
    row.save()
    privacy.erase(row.erasure)


def _rules(plan, language):
    names = {
        "en": ("Leads without any activity", "Letters as they were received"),
        "ru": ("Лиды без активности", "Письма в исходном виде"),
    }[language if language == "ru" else "en"]
    tree = {"all": [{"field": "stage", "op": "is", "value": "lead"}]}
    leads = RetentionRule.objects.create(name=names[0], act="people", tree=tree, months=12)
    if plan.contacts <= MOST:
        retention.trial(leads)
    RetentionRule.objects.create(name=names[1], act="raw_letters", months=24, bought_within=0, is_on=True)
