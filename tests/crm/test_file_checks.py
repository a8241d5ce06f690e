"""Files are compared with what was kept: a store that loses or changes one is found out before it is needed."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from crm import file_checks, files
from crm.models import Notification, StoredFile

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(alice, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return files.store(b"the contract", "contract.txt", by=alice)


def _change(file, content):
    storage, name = file.content.storage, file.content.name
    storage.delete(name)
    if content is not None:
        assert storage.save(name, ContentFile(content)) == name


def _trouble(file, after=timedelta(0)):
    count = file_checks.compare_some(timezone.now() + after)
    file.refresh_from_db()
    return count, file.trouble


def test_a_file_is_compared_once_a_month(kept):
    assert _trouble(kept) == (1, "")
    assert _trouble(kept, timedelta(days=29)) == (0, "")
    assert _trouble(kept, timedelta(days=31)) == (1, "")


@pytest.mark.parametrize(
    ("content", "trouble", "said"),
    [
        (b"the c0ntract", "changed", "“contract.txt” is damaged in the store. Bring it back from a backup."),
        (None, "missing", "“contract.txt” is not in the store. Bring it back from a backup."),
    ],
    ids=["a bit flipped", "gone"],
)
def test_d25_trouble_is_told_to_the_administrators_once_and_over_when_the_file_is_back(
    client, kept, admin, alice, content, trouble, said
):
    _change(kept, content)

    assert _trouble(kept) == (1, trouble)
    assert _trouble(kept, timedelta(days=2)) == (1, trouble)
    assert [(row.user, row.text) for row in Notification.objects.filter(kind="file.trouble")] == [(admin, said)]
    client.force_login(alice)
    answer = client.get(kept.get_absolute_url())
    assert (answer.status_code, b"the c0ntract" in answer.content) == (404, False)

    _change(kept, b"the contract")
    assert _trouble(kept, timedelta(days=4)) == (1, "")
    assert b"".join(client.get(kept.get_absolute_url()).streaming_content) == b"the contract"


def test_d25_a_file_cut_short_is_not_given_out_even_before_it_is_compared(client, kept, alice):
    _change(kept, b"the")
    client.force_login(alice)

    answer = client.get(kept.get_absolute_url())

    assert (answer.status_code, "“contract.txt” is damaged" in answer.content.decode()) == (404, True)


def test_a_batch_takes_those_never_compared_first(kept, alice, monkeypatch):
    monkeypatch.setattr(file_checks, "BATCH", 1)
    file_checks.compare_some()
    other = files.store(b"later", "later.txt", by=alice)

    file_checks.compare_some(timezone.now() + timedelta(days=40))

    assert StoredFile.objects.exclude(pk=other.pk).get().checked_at < StoredFile.objects.get(pk=other.pk).checked_at
