"""One customer through all five apps, in a real browser and through real workers, SMTP and the inbound path."""

import json
import re
import time
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.utils import timezone

from campaigns.models import Enrolment, HandOffRule, ScoreRule, Segment
from contacts.models import Contact, Task
from crm.conditions.widgets import dump
from crm.models import BusinessCalendar, Delivery, Event
from crm.roles import create_standard_roles
from deals.models import Deal, Order, Product, ProposalVersion
from deals.services.setup import create_standard_pipeline
from tests import factories
from tests.journeys.conftest import drag
from tests.workers import start
from tickets.models import Mailbox, Rating, SlaTarget, Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey]
ROWS = 5000
PATIENCE = 60  # seconds that real workers are given


def _until(question, page=None):
    """Ask until the answer is true: workers take their own time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.1)
    raise AssertionError("The workers did not do it in time.")


@pytest.fixture
def workers(live_server, smtp, settings, tmp_path, transactional_db):
    """Real Celery workers and beat on the test's database and mail server."""
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.BASE_URL = live_server.url
    process = start(
        tmp_path,
        "journey",
        EMAIL_URL=f"smtp://127.0.0.1:{smtp.port}",
        MEDIA_ROOT=str(settings.MEDIA_ROOT),
        BASE_URL=live_server.url,
    )
    yield process
    process.terminate()
    process.wait(20)


@pytest.fixture
def company(workspace):
    """A company that is ready to work: roles, people, a pipeline, promises, a mailbox, rules of interest."""
    roles = create_standard_roles()
    team = factories.team("Sales")
    create_standard_pipeline("en")
    calendar = BusinessCalendar.objects.create(name="Always", time_zone="UTC", week="0-6 00:00-24:00")
    SlaTarget.objects.create(priority="normal", calendar=calendar, first_response=60, resolution=480)
    Mailbox.objects.create(name="Halden Support", address="support@halden.test")
    ScoreRule.objects.create(event="email.clicked", label="Clicked in a letter", points=70, half_life=30, cap=90)
    HandOffRule.objects.create(threshold=60, again_below=40)
    Product.objects.create(
        name="Flow meter", sku="F-1", unit="pcs", price=Decimal(3000), cost=1700, currency="EUR", tax_rate=19
    )
    return {
        code: factories.user(code.replace("_", " ").title(), team=team, roles=[roles[code]])
        for code in ("owner", "sales_manager", "sales_rep", "support_agent", "marketer")
    }


def _csv():
    """Rows as a Russian spreadsheet writes them: semicolons, cp1251, a bad row among them."""
    lines = ["Имя;Фамилия;Рабочий e-mail;Рабочий телефон;Город;Компания"]
    for i in range(ROWS):
        city = "Казань" if i < 3 else "Пермь"
        lines.append(
            f"Анна;Петрова{'' if i else 'а'};p{i}@client.example;+7 900 {i // 10000:03} {i % 10000:04};{city};ООО Ромашка {i % 50}"
        )
    lines.append("Без;Адреса;not-an-address;;;")
    return ("\r\n".join(lines) + "\r\n").encode("cp1251")


def _import(page, sign_in, company, tmp_path):
    file = tmp_path / "clients.csv"
    file.write_bytes(_csv())
    sign_in(page, company["owner"])
    page.goto("/contacts/imports/new/")
    page.set_input_files("input[type=file]", str(file))
    page.click("form.pane button[type=submit]")
    page.wait_for_selector("text=cp1251")
    page.click("button[form=mapping]")
    page.wait_for_url("**/jobs/*/")
    page.wait_for_selector("text=Open the import", timeout=PATIENCE * 1000)
    assert Contact.objects.count() == ROWS
    page.click("text=Open the import")
    page.wait_for_selector("text=5000 created, 0 updated, 0 left as they were, 1 refused.")


def _start_sequence(page, sign_in, company):
    """A segment by its condition, and two letters with a wait between them."""
    tree = {"all": [{"field": "city", "op": "is", "value": "Казань"}, {"not": {"has": "purchases", "within_days": 90}}]}
    sign_in(page, company["marketer"])
    page.goto(f"/campaigns/segments/new/?f={quote(dump(tree))}")
    page.wait_for_selector(".stat-fig:text-is('3')")
    page.fill("#id_name", "Kazan, bought nothing")
    page.click("button[form=segment]")
    page.wait_for_selector("h1:text-is('Kazan, bought nothing')")
    segment = Segment.objects.get()
    page.goto("/campaigns/sequences/new/")
    page.fill("[name=name]", "First steps")
    page.select_option("[name=segment]", str(segment.pk))
    page.click("form.pane button.btn-primary")
    page.wait_for_selector("h1:text-is('First steps')")
    for number in (1, 2):
        page.click("text=Add a letter")
        page.fill("[name=name]", f"Tip {number}")
        page.select_option("[name=language]", "ru")
        page.fill("[name=subject]", f"Совет {number}")
        page.fill("[name=body]", "{greeting}\n\nТри настройки решают всё.\n\n[Читать](https://halden.example/tips)")
        page.click("button[form=letter]")
        page.wait_for_selector(f"text=Tip {number}")
        if number == 1:
            page.fill("#days-new", "3")
            page.click("button:has-text('Add a wait')")
            page.wait_for_selector(".wait")
    page.click("button:has-text('Start')")
    page.wait_for_selector("text=Running: 3 people have entered.")


def _letters_work(page, smtp):
    """Greeting and fallback, the way to stop that only a POST walks, and the second letter after its wait."""
    _until(lambda: len(smtp.letters) >= 3)
    first = smtp.to("p0@client.example")[0]
    assert first.subject == "Совет 1"
    assert "Здравствуйте, Анна!" in first.body("plain")
    assert "Здравствуйте!" in smtp.to("p1@client.example")[0].body("plain")
    assert first.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stop = re.search(r"<(http[^>]+)>", smtp.to("p2@client.example")[0].message["List-Unsubscribe"])[1]
    assert page.request.get(stop).status == 200
    assert not Event.objects.filter(kind="email.unsubscribed").exists()
    assert page.request.post(stop, form={"List-Unsubscribe": "One-Click"}).status == 200
    _until(lambda: Event.objects.filter(kind="email.unsubscribed").count() == 1)

    # Three days later: p1 gets the second letter, p2 asked for none.
    waiting = Enrolment.objects.filter(contact__email__in=["p1@client.example", "p2@client.example"])
    assert set(waiting.filter(state="active").values_list("contact__email", flat=True)) == {"p1@client.example"}
    waiting.filter(state="active").update(due_at=timezone.now())
    _until(lambda: len(smtp.to("p1@client.example")) == 2)
    assert smtp.to("p1@client.example")[1].subject == "Совет 2"
    return first


def _click_makes_a_hot_task(page, letter, contact):
    """A click, minutes later as people do, makes a task with its reason for sales."""
    Delivery.objects.filter(contact_id=contact.pk).update(settled_at=timezone.now() - timedelta(minutes=5))
    link = re.search(r"http\S+/t/c/\S+", letter.body("plain"))[0]
    answer = page.request.get(link, max_redirects=0)
    assert (answer.status, answer.headers["location"]) == (302, "https://halden.example/tips")
    task = _until(lambda: Task.objects.filter(contact=contact, is_hot=True).first())
    assert task.reasons == ["Clicked in a letter: +70"]
    return task


def _deal_is_won(page, client_page, sign_in, watch, task, smtp):
    """From the task over the board, the gate and the proposal to the client's yes and the order."""
    sign_in(page, task.owner)
    page.goto("/")
    page.wait_for_selector("text=Handed over to you")
    page.goto(task.get_absolute_url())
    page.click("main a:has-text('Open a deal')")
    page.wait_for_load_state("networkidle")
    page.fill("[name=name]", "Анна: расходомеры")
    page.click("main form button.btn-primary")
    deal = _until(lambda: Deal.objects.filter(contact=task.contact).first())
    stages = {stage.name: stage for stage in deal.pipeline.stages.all()}

    page.goto("/deals/")
    watch.paused = True  # the browser writes the gate's 422 to its console
    drag(page, page.locator(f"#deal-{deal.pk}"), page.locator(f"#lane-{stages['Proposal'].pk}"))
    gate = f"#lane-{stages['Proposal'].pk} [data-gate='{deal.pk}']"
    page.fill(f"{gate} [name=amount]", "12000")
    page.fill(f"{gate} [name=close_on]", (timezone.localdate() + timedelta(days=30)).isoformat())
    page.click(f"{gate} button[type=submit]")
    page.wait_for_selector(f"#lane-{stages['Proposal'].pk} article#deal-{deal.pk}")
    page.wait_for_timeout(80)
    watch.paused = False

    page.goto(deal.get_absolute_url())
    page.fill("#line-name", "flow")
    page.click("#product-choices button")
    page.wait_for_selector("tr[data-line] [name=qty]")
    page.fill("tr[data-line] [name=qty]", "4")
    page.keyboard.press("Tab")
    page.wait_for_selector("#lines-total:has-text('€14,280.00')")
    page.wait_for_load_state("networkidle")
    page.click("text=New proposal")
    page.wait_for_selector("#terms")
    page.click("[data-dialog=send-dialog]")
    page.click("#send-dialog button.btn-primary")
    page.wait_for_selector("text=not seen yet")
    letter = _until(lambda: next((one for one in smtp.to("p0@client.example") if list(_pdfs(one))), None))
    assert next(_pdfs(letter)).startswith(b"%PDF-")

    client_page.goto(re.search(r"http\S+/offers/\S+", letter.body("plain"))[0])
    client_page.fill("[name=name]", "Анна Петрова")
    client_page.check("[name=agree]")
    client_page.click(".offer-answer .btn-primary")
    client_page.wait_for_load_state("networkidle")
    _until(lambda: ProposalVersion.objects.get().status == "accepted")

    page.goto(deal.get_absolute_url())
    page.click(".stage-step.won")
    page.wait_for_selector("text=Open again")
    order = Order.objects.get(deal=deal)
    assert (order.contact, order.total) == (task.contact, Decimal("14280.00"))
    _until(lambda: Event.objects.filter(kind="deal.won", contact_id=task.contact_id).exists())


def _pdfs(letter):
    for part in letter.message.iter_attachments():
        if part.get_content_type() == "application/pdf":
            yield part.get_content()


def _ticket_is_solved(page, sign_in, axe, company, smtp, imap):
    """The client's letter is fetched, an agent answers it, the answer threads, her answer joins, she rates."""
    imap.put(
        b"From: Anna <p0@client.example>\r\nTo: support@halden.test\r\nMessage-ID: <a1@client.example>\r\n"
        b"Subject: Zero after cleaning\r\n\r\nPlease help."
    )
    ticket = _until(lambda: Ticket.objects.first())
    assert ticket.requester.email == "p0@client.example"
    assert ticket.resolution_due_at - ticket.created_at == timedelta(hours=8)
    sign_in(page, company["support_agent"])
    page.goto(ticket.get_absolute_url())
    assert axe(page) == []
    page.fill("#answer", "Fill the pipe and hold Zero.")
    page.select_option("select[name=status]", "resolved")
    page.click("button:has-text('Send')")
    page.wait_for_selector("text=Sent.")
    reply = _until(lambda: next((one for one in smtp.to("p0@client.example") if one.message["In-Reply-To"]), None))
    assert reply.message["In-Reply-To"] == "<a1@client.example>"
    survey = _until(
        lambda: next((one for one in smtp.to("p0@client.example") if "/help/ratings/" in one.body("plain")), None)
    )
    rating = re.search(r"http\S+/help/ratings/\S+", survey.body("plain"))[0]
    page.context.clear_cookies()
    page.goto(rating)
    assert not Rating.objects.exists()
    page.check("[name=score][value='5']")
    page.click("form button.btn-primary")
    page.wait_for_selector(".glyph.green")
    assert Rating.objects.get().score == 5


def _figures_agree(page, sign_in, company, capsys):
    """The page and the command line say the same, and a figure opens its records."""
    sign_in(page, company["owner"])
    call_command("kpi", "win_rate", "--json")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["value"] == "100.0"
    page.goto("/kpi/win_rate/")
    assert page.inner_text(".stat-fig.big") == "100 %"
    page.click("a.kpi-part >> nth=0")
    page.wait_for_selector("text=Анна: расходомеры")


def test_one_customer_goes_through_all_five_apps(
    page, new_page, sign_in, watch, axe, company, workers, smtp, imap, tmp_path, capsys
):
    imap.fetched_by(Mailbox.objects.get())
    _import(page, sign_in, company, tmp_path)
    for contact in Contact.objects.filter(city="Казань"):
        contact.consents.create(purpose="advertising", is_given=True, source="fair")
    Contact.objects.filter(email="p1@client.example").update(first_name="-")
    anna = Contact.objects.get(email="p0@client.example")

    _start_sequence(page, sign_in, company)
    letter = _letters_work(page, smtp)
    task = _click_makes_a_hot_task(page, letter, anna)
    _deal_is_won(page, new_page(), sign_in, watch, task, smtp)
    _ticket_is_solved(page, sign_in, axe, company, smtp, imap)
    _figures_agree(page, sign_in, company, capsys)
    kinds = set(Event.objects.filter(contact_id=anna.pk).values_list("kind", flat=True))
    assert kinds >= {"contact.imported", "email.clicked", "deal.won", "ticket.created", "ticket.rated"}
    watch.assert_clean()
