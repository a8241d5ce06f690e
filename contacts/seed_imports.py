"""The lists of a trade fair that people of the demo have brought in, with the lines that were refused."""

import io
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.imports import mapping
from contacts.models import Contact, ImportedRow, ImportRun
from contacts.seed_quality import AT_ONCE, BAD_EN, BAD_RU, FAIR
from crm import bulk, files
from crm.events import EventRow, record_many

HEADERS = {
    "en": ["First name", "Last name", "Email", "Phone", "City"],
    "ru": ["Имя", "Фамилия", "Email", "Телефон", "Город"],
}
REFUSED = {
    "en": [["Lena", "Vogel", "vogel(at)mail", "", "Kassel"], ["Bernd", "Kuhn", "kuhn@", "", ""]],
    "ru": [["Нина", "Зимина", "zimina@", "", "Тула"], ["Пётр", "Орлов", "orlov.mail", "", ""]],
}
ROW = ["run_id", "line", "outcome", "contact_id", "before", "at", "reason", "cells"]


def seed(plan):
    """One import for each language; after the people and before the stream is counted."""
    if plan.contacts > AT_ONCE:
        return
    for language, name in (("en", BAD_EN), ("ru", BAD_RU)):
        _import(plan, language, name, plan.reps[language][0])


def _import(plan, language, name, by):
    people = list(Contact.objects.filter(source=name).order_by("pk"))
    headers, at = HEADERS[language], plan.now - FAIR
    cells = [[row.first_name, row.last_name, row.email, row.phone, row.city] for row in people]
    run = ImportRun(
        by=by, owner=by, team=by.team, format=ImportRun.Format.WORKBOOK, encoding="utf-8-sig", separator=",", headers=headers,
        mapping=mapping.guess(headers), state=ImportRun.State.DONE, created_at=at, finished_at=at + timedelta(minutes=1),
        counts={"created": len(people), "updated": 0, "skipped": 0, "failed": len(REFUSED[language])},
    )  # fmt: skip
    run.file = files.store(_workbook([headers, *cells, *REFUSED[language]]), name, by=by, kind="import")
    run.save()
    first_refused = 2 + len(people)
    rows = [(run.pk, 2 + n, "created", row.pk, {}, at, "", []) for n, row in enumerate(people)]
    with override(language):
        rows += [
            (run.pk, first_refused + n, "failed", None, {}, None, _("“%(value)s” is not an email address.") % {"value": line[2]}, line)
            for n, line in enumerate(REFUSED[language])
        ]  # fmt: skip
    bulk.copy(ImportedRow, ROW, rows)
    data = {"file": name, "import": run.pk}
    record_many(
        [EventRow("contact.imported", row.pk, row.company_id, actor_id=by.pk, at=at, data=data) for row in people]
    )


def _workbook(rows):
    from crm.lists import workbook  # its library has no business in a web process

    out = io.BytesIO()
    workbook.write(out, rows[0], rows[1:])
    return out.getvalue()
