"""Cases of `what goes wrong in marketing automation`, by their numbers: what stands in a letter."""

import pytest
from django.urls import reverse

from campaigns.models import (
    Enrolment,
    Letter,
    StepRun,
    Suppression,
)
from campaigns.services import letters
from contacts.models import Company, Contact
from crm.mail import queue_mail, send_due
from crm.models import Delivery, Event
from tests.smtp_sink import Sink

State = Enrolment.State


# 17, 18, 19


def test_17_what_stands_in_the_data_is_never_read_as_a_link_or_a_hole(workspace):
    letter = letters.keep(
        Letter(name="T", subject="For {company|you}", body="{greeting}\n\nAt {company|x} in {city|y}: [go](https://halden.example)")
    )  # fmt: skip
    evil = "[x](https://evil.example) {{ 7*7 }} {city} @@unsubscribe@@ <script>"
    contact = Contact(first_name="Ann", city="<b>Bonn</b>", company=Company(name=evil))

    subject, text, html = letters.fill(letter, contact)

    assert subject == f"For {evil}"
    assert f"At {evil} in <b>Bonn</b>: go: " in text
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;Bonn&lt;/b&gt;" in html
    assert "<script>" not in html
    assert '<a href="https://evil.example' not in html
    assert "{{ 7*7 }} {city} @@unsubscribe@@" in html


@pytest.mark.parametrize("name", ["", "  ", "NULL", "-", "🙂", "x" * 300, "{{ 7*7 }}", "<script>alert(1)</script>"])
def test_17_a_name_that_is_none_is_greeted_without(workspace, name):
    letter = letters.keep(Letter(name="T", subject="{first_name|friend}", body="{greeting}"))

    subject, text, html = letters.fill(letter, Contact(first_name=name))

    assert (subject, text.split("\n")[0]) == ("friend", "Hello,")
    assert ("49" in text.split("http")[0], "<script>" in html) == (False, False)


@pytest.mark.parametrize("name", ["Ivan\r\nBcc: x@evil.example", "Ivan\u2028Bcc", "Ivan\x00", "Ivan\u202eBcc"])
def test_18_a_line_in_a_name_is_refused_when_it_is_saved(page, workspace, name):
    answer = page.post(reverse("contacts:contact_create"), {"first_name": name, "stage": "lead"})

    assert answer.status_code == 422
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("subject", "body", "words"),
    [
        ("Hi", "About {{ deal.amount }}", "{{ deal.amount }} cannot be filled in"),
        ("Hi {deal_amount|x}", "Text", "{deal_amount|x} cannot be filled in"),
        ("Hi", "For {company}", "Some people have nothing for {company}"),
        ("Hi {first_name}", "Text", "Some people have nothing for {first_name}"),
    ],
)
def test_19_a_hole_that_may_stay_empty_or_is_unknown_is_refused_when_the_letter_is_written(
    page, sequence, subject, body, words
):
    data = {"name": "T", "language": "en", "subject": subject, "body": body}

    answer = page.post(reverse("campaigns:letter_new", args=[sequence.pk]), data)

    assert answer.status_code == 422
    assert words in answer.content.decode().replace("&#x27;", "'")
    assert sequence.steps.count() == 3


# 41, 42


def test_41_a_local_part_in_cyrillic_goes_where_the_server_takes_it_and_is_refused_clearly_elsewhere(
    workspace, smtp, settings
):
    queue_mail(to="иван@почта.рф", subject="Ваш гид 🎉", text="x" * 2000, key="a")
    send_due()

    assert smtp.letters[0].to == ["иван@xn--80a1acny.xn--p1ai"]
    assert smtp.letters[0].subject == "Ваш гид 🎉"
    assert all(line.isascii() for line in smtp.letters[0].raw.split(b"\r\n") if line.lower().startswith(b"subject"))
    assert max(len(line) for line in smtp.letters[0].raw.split(b"\r\n")) <= 998

    with Sink(utf8=False) as old:
        settings.EMAIL_PORT = old.port
        queue_mail(to="иван@почта.рф", subject="Hi", text="Hi", key="b")
        send_due()

    refused = Delivery.objects.get(key="b")
    assert (refused.state, refused.reason, old.letters) == ("failed", "refused", [])
    assert "Latin letters" in refused.reply


def test_42_a_test_letter_marks_its_links_and_counts_nothing(page, sequence, person, smtp, marketer, client):
    person("Ann")
    page.post(
        reverse("campaigns:letter_test", args=[sequence.pk, sequence.steps.first().pk]), {"email": marketer.email}
    )
    send_due()

    html = smtp.letters[0].body("html")
    token = letters.token(None, sequence.steps.first().letter.links.first().pk)
    assert f"/t/c/{token}/" in html
    assert client.get(f"/t/c/{token}/").status_code == 302
    client.post(reverse("public:unsubscribe", args=[letters.token(None)]))
    counts = [rows.objects.count() for rows in (Enrolment, StepRun, Suppression)]
    assert counts == [0, 0, 0]
    assert not Event.objects.filter(kind__startswith="email.").exists()
