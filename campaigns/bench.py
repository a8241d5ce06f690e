"""How many letters of a sequence two workers send a second: personal, tracked, signed, over SMTP."""

import asyncio
import contextlib
import multiprocessing
import socket
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.db import connections
from django.utils import timezone

from campaigns.models import Enrolment, Letter, Segment, Sequence, Step
from campaigns.services import letters, sequences
from contacts.models import Consent, Contact
from crm import bulk
from crm.mail import send_due
from crm.models import Delivery, Event

WORKERS = 2
BODY = (
    "{greeting}\n\nhow do things go at {company|your company}? Here is what others in {city|your town} do with"
    " [one page of notes](https://halden.example/notes).\n\n[Read the guide](https://halden.example/guide)"
)


def send_letters(user, n):
    """Send the first letter of a sequence to n people with two workers, to a server on this machine."""
    people = _people(user, n)
    sequence = _sequence(user)
    try:
        Enrolment.objects.bulk_create([Enrolment(sequence=sequence, contact=c) for c in people], batch_size=2000)
        while sequences.advance_due():
            pass
        with _server() as port, _settings(port):
            began = time.perf_counter()
            _together(send_due)
            took = time.perf_counter() - began
        mine = Delivery.objects.filter(purpose="campaigns.step", refs__sequence=sequence.pk)
        return {"letters/s": round(n / took), "sent": mine.filter(state=Delivery.State.SENT).count()}
    finally:
        _take_away(sequence, people)


def _people(user, n):
    people = [
        Contact(
            first_name="Anna",
            last_name=f"Müller {i}",
            email=f"letter.{i}@bench.example",
            city="Berlin",
            owner_id=user.pk,
        )
        for i in range(n)
    ]
    bulk.insert(people)
    given = [(c.pk, Consent.Purpose.ADVERTISING, "", "email", True, "", "bench", timezone.now()) for c in people]
    bulk.copy(Consent, ["contact_id", "purpose", "topic", "channel", "is_given", "text", "source", "at"], given)
    return people


def _sequence(user):
    segment = Segment.objects.create(name="Bench", owner=user)
    sequence = Sequence.objects.create(name="Bench", segment=segment, owner=user, status=Sequence.Status.RUNNING)
    letter = Letter(name="Bench", subject="{first_name|Hello}, a page for you", body=BODY)
    Step.objects.create(sequence=sequence, kind=Step.Kind.LETTER, letter=letters.keep(letter))
    return sequence


def _together(work):
    """Do it in as many processes as workers, each with a connection of its own."""
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=work) for _n in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


@contextlib.contextmanager
def _server():
    """A server in a process of its own that takes every letter and keeps none; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = multiprocessing.get_context("fork").Process(target=lambda: asyncio.run(_serve(listening)), daemon=True)
        server.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.terminate()
            server.join()


async def _serve(listening):
    loop = asyncio.get_running_loop()
    async with await loop.create_server(_Sink, sock=listening) as server:
        await server.serve_forever()


class _Sink(asyncio.Protocol):
    """As much of SMTP as a client needs to hand over letters."""

    def connection_made(self, transport):
        self.transport, self.data, self.in_letter = transport, b"", False
        transport.write(b"220 sink\r\n")

    def data_received(self, data):
        self.data += data
        while True:
            line, end, rest = self.data.partition(b"\r\n.\r\n" if self.in_letter else b"\r\n")
            if not end:
                return
            self.data, verb = rest, line[:4].upper()
            self.transport.write(b"354 Go on\r\n" if verb == b"DATA" and not self.in_letter else b"250 Fine\r\n")
            self.in_letter = verb == b"DATA" and not self.in_letter


@contextlib.contextmanager
def _settings(port):
    """Letters go to that port, signed with a key made for the purpose."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    new = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": port, "EMAIL_USE_TLS": False, "EMAIL_USE_SSL": False} | {
        "EMAIL_HOST_USER": "", "DKIM_DOMAIN": "bench.example", "DKIM_PRIVATE_KEY": pem,
    }  # fmt: skip
    kept = {name: getattr(settings, name) for name in new}
    for name, value in new.items():
        setattr(settings, name, value)
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(settings, name, value)


def _take_away(sequence, people):
    Delivery.objects.filter(purpose="campaigns.step", refs__sequence=sequence.pk).delete()
    segment, used = sequence.segment, list(Letter.objects.filter(steps__sequence=sequence))
    sequence.delete()
    segment.delete()
    for letter in used:
        letter.delete()
    for at in range(0, len(people), 1000):
        some = [c.pk for c in people[at : at + 1000]]
        Event.objects.filter(contact_id__in=some).delete()
        Contact.objects.filter(pk__in=some).delete()
