"""5,000 letters while workers are killed twenty times and Redis forgets everything: none lost without record, none twice."""

import shutil
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import redis as client
from django.utils import timezone

from crm.embedded.place import open_place
from crm.embedded.redis import Redis
from crm.mail import queue_many, worker
from crm.models import Delivery
from tests.workers import kill, start

LETTERS = 5000
KILLS = 20
PATIENCE = 240  # seconds for the whole drill
State = Delivery.State


@pytest.fixture
def broker():
    """A Redis of this test alone, in a folder that its system user can reach."""
    root = Path(tempfile.mkdtemp(prefix="rapport-"))
    root.chmod(0o711)
    server = Redis(open_place(root / "data"))
    with open(root / "redis.log", "ab") as log:
        server.start(log)
    yield server
    server.stop()
    shutil.rmtree(root)


@pytest.mark.django_db(transaction=True)
def test_no_letter_is_lost_without_record_and_none_goes_twice(workspace, smtp, broker, tmp_path):
    queue_many([_letter(i) for i in range(LETTERS)])
    env = {"EMAIL_URL": f"smtp://127.0.0.1:{smtp.port}", "REDIS_URL": broker.url(), "MAIL_LEASE": "4"}
    running = {name: start(tmp_path, name, **env) for name in ("one", "two")}
    end = time.monotonic() + PATIENCE
    kills = 0
    try:
        while time.monotonic() < end and (kills < KILLS or _waiting()):
            before = len(smtp.letters)
            # A worker that is killed before it sends proves nothing: wait until some letters have gone.
            while len(smtp.letters) < before + 60 and _waiting() and time.monotonic() < end:
                time.sleep(0.02)
            if kills < KILLS:
                name = ("one", "two")[kills % 2]
                kill(running[name])
                kills += 1
                if kills == KILLS // 2:
                    client.Redis(
                        unix_socket_path=str(broker.socket), password=broker.place.secret("redis.password")
                    ).flushall()
                running[name] = start(tmp_path, name, **env)
    finally:
        for process in running.values():
            kill(process)

    Delivery.objects.filter(state__in=[State.CLAIMED, State.SUBMITTING]).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    worker.sweep()
    worker.send_due()
    states = Counter(Delivery.objects.values_list("state", flat=True))
    got = Counter(letter.to[0] for letter in smtp.letters)
    sent = set(Delivery.objects.filter(state=State.SENT).values_list("to", flat=True))
    assert kills == KILLS
    assert sum(states.values()) == LETTERS
    assert set(states) <= {State.SENT, State.UNKNOWN}
    assert max(got.values()) == 1
    assert sent <= set(got)
    # What is not known to have gone is listed for a person, at most one batch in the air for each kill.
    assert states[State.UNKNOWN] <= KILLS


def _waiting():
    return Delivery.objects.exclude(state__in=[State.SENT, State.UNKNOWN, State.FAILED]).exists()


def _letter(i):
    return Delivery(
        kind=Delivery.Kind.CAMPAIGN,
        key=f"drill:{i}",
        to=f"p{i}@client.example",
        subject="Drill",
        text="Hello",
        message_id=Delivery.new_message_id("halden.test"),
    )
