"""What will become of everything, before it is done."""

from dataclasses import dataclass

from pghistory.models import Event as Version

from contacts.models import PrivacyRequest
from contacts.services.privacy.person import person_of
from contacts.services.privacy.ties import gather, stay_of


@dataclass(frozen=True)
class Line:
    """So many rows of one kind; `why` is the reason for which they stay, made anonymous."""

    name: str
    n: int
    why: str = ""


def preview(contact):
    """(lines that go, lines that stay anonymous, rows in all, earlier versions), found by the code that erases."""
    goes, stays, earlier, total = [], [], 0, 0
    for model, keys in gather(person_of(contact)).items():
        total += len(keys)
        stay = stay_of(model)
        if issubclass(model, Version):
            earlier += len(keys)
        elif stay and model is not PrivacyRequest:
            stays.append(Line(str(model._meta.verbose_name_plural), len(keys), str(stay.why)))
        elif not stay:
            goes.append(Line(str(model._meta.verbose_name_plural), len(keys)))
    most_first = sorted(goes, key=lambda line: (-line.n, line.name))
    return most_first, sorted(stays, key=lambda line: (-line.n, line.name)), total, earlier
