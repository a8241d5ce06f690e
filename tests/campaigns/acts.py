"""What several files of cases do: run a sequence, tell what came of it, act at the same moment."""

import threading

from django.db import connections

from campaigns.models import (
    StepRun,
)
from campaigns.services import sequences


def run(sequence):
    sequences.start(sequence, by=None)
    while sequences.advance_due():
        pass


def outcomes():
    """{first name: (outcome, reason)} of the steps."""
    rows = StepRun.objects.values_list("enrolment__contact__first_name", "outcome", "reason")
    return {name: (outcome, reason) for name, outcome, reason in rows}


def together(*acts):
    """Do these at the same moment, each over a connection of its own."""
    gate, faults = threading.Barrier(len(acts)), []

    def go(act):
        try:
            gate.wait(timeout=20)
            act()
        except Exception as error:
            faults.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []
