"""Deals, orders and products of the demo: growth, seasons, won and lost with reasons, customers who come back."""

from deals.models import Deal, DealLine, LossReason, Product
from deals.services.proposals import draft_proposal
from deals.services.setup import create_standard_pipeline

PRODUCTS = [
    ("FM-300", "Flow meter FM-300", "Flow meters", 4850, 2900),
    ("FM-200", "Flow meter FM-200", "Flow meters", 3200, 1950),
    ("PH-10", "pH probe PH-10", "Analysis", 780, 390),
    ("DN-40", "Density sensor DN-40", "Analysis", 2400, 1380),
    ("LP-7", "Level probe LP-7", "Level", 1150, 610),
    ("CAL-1", "Annual calibration", "Service", 420, 160),
    ("SRV-4", "Service contract, four hours", "Service", 1900, 700),
    ("INST", "Installation, one day", "Service", 960, 520),
]
NAMES_EN = [
    "Annual calibration",
    "Four FM-300 flow meters",
    "New bottling line",
    "pH in the fermenters",
    "Service contract",
    "Level probes for the tanks",
]
NAMES_RU = [
    "Автоматизация розлива",
    "Поверка расходомеров",
    "Датчики уровня",
    "Сервисный договор",
    "Контроль pH",
    "Замена FM-200",
]

# What comes next on a deal: a call, a letter, a meeting, work of one's own.
STEPS_EN = ["Call about the quote", "Send the data sheets", "Visit the plant", "Check the delivery time"]
STEPS_RU = ["Позвонить по предложению", "Отправить техописание", "Выехать на объект", "Уточнить срок поставки"]


def seed(plan):
    """Pipeline, products, deals with their way through the stages, orders, purchase facts."""
    pipeline = create_standard_pipeline("en")
    Product.objects.bulk_create(
        Product(
            sku=sku,
            name=name,
            name_key=name.lower(),
            category=category,
            unit="pcs",
            price=price,
            cost=cost,
            currency="EUR",
            tax_rate=19,
        )
        for sku, name, category, price, cost in PRODUCTS
    )
    stages = {stage.name: stage.pk for stage in pipeline.stages.all()}
    values = {
        "pipeline": pipeline.pk,
        "path": [stages["New"], stages["Qualified"], stages["Proposal"], stages["Negotiation"]],
        "won": stages["Won"],
        "lost": stages["Lost"],
        "reasons": list(LossReason.objects.values_list("pk", flat=True)),
        "names_en": NAMES_EN,
        "names_ru": NAMES_RU,
    }
    _deals(plan, values)
    _stays(plan, values)
    _orders(plan)
    _facts(plan)
    _steps(plan)
    if plan.contacts <= 20_000:
        _lines_and_proposals(plan)


def _deals(plan, values):
    """A deal is decided after some weeks; those younger than that are open, spread over the stages."""
    plan.run(
        """
        INSERT INTO deals_deal (id, name, name_key, contact_id, company_id, owner_id, team_id, pipeline_id, stage_id, state, stage_at,
          amount, currency, rate, amount_base, amount_source, close_on, next_step, closed_at, loss_reason_id, loss_note, competitor, source,
          position, last_touch_at, created_at, updated_at)
        SELECT i, name, replace(lower(name), 'ё', 'е'), contact, company_id, owner_id, team_id, %(pipeline)s,
          CASE state WHEN 'won' THEN %(won)s WHEN 'lost' THEN %(lost)s ELSE (%(path)s::bigint[])[1 + depth] END, state,
          CASE WHEN state = 'open' THEN at + age * depth / 5 ELSE at + life END, amount, 'EUR', 1, amount, 'manual',
          CASE WHEN depth > 1 OR state <> 'open' THEN (at + life)::date END, '',
          CASE WHEN state <> 'open' THEN at + life END,
          CASE WHEN state = 'lost' THEN (%(reasons)s::bigint[])[1 + pg_temp.pick(i, 58, cardinality(%(reasons)s::bigint[]))] END,
          '', CASE WHEN state = 'lost' AND pg_temp.pick(i, 59, 3) = 0 THEN 'Metrum' ELSE '' END, source, -i, at + least(life, age), at, at
        FROM (SELECT i, contact, company_id, owner_id, team_id, source, at, life, age, amount,
            CASE WHEN country = 'RU' THEN pg_temp.word(i, 50, %(names_ru)s) ELSE pg_temp.word(i, 50, %(names_en)s) END AS name,
            pg_temp.pick(i, 55, 4) AS depth,
            CASE WHEN life > age THEN 'open' WHEN pg_temp.unit(i, 56) < 0.36 + 0.1 * extract(epoch FROM at - %(start)s) / %(span)s THEN 'won' ELSE 'lost' END AS state
          FROM (SELECT i, c.id AS contact, c.company_id, c.owner_id, c.team_id, c.country, c.source, at, %(now)s - at AS age,
              make_interval(days => 6 + (70 * pg_temp.unit(i, 53) * pg_temp.unit(i, 54))::int, mins => pg_temp.pick(i, 67, 90)) AS life,
              round((400 + 38000 * power(pg_temp.unit(i, 57), 3))::numeric, 2) AS amount
            FROM (SELECT i, 1 + pg_temp.pick(i, 51, %(contacts)s) AS contact FROM generate_series(1, %(n)s) i) d
            JOIN contacts_contact c ON c.id = d.contact
            CROSS JOIN LATERAL (SELECT c.created_at + (%(now)s - c.created_at) * power(pg_temp.unit(d.i, 52), 1.4) AS about) m
            CROSS JOIN LATERAL (SELECT greatest(c.created_at, least(pg_temp.work(about, d.i, 66), %(now)s - interval '1 hour')) AS at) w) a) b
        """,
        n=plan.deals,
        contacts=plan.contacts,
        **values,
    )
    plan.run("SELECT setval(pg_get_serial_sequence('deals_deal', 'id'), %(n)s)", n=plan.deals)


def _stays(plan, values):
    """The way of each deal: equal parts of its life in the stages it reached, then won or lost."""
    plan.run(
        """
        INSERT INTO deals_stagestay (deal_id, stage_id, came_from_id, entered_at, left_at, seconds, source, by_id, amount_base, close_on)
        SELECT id, stage, before, entered, ended, extract(epoch FROM ended - entered)::bigint, 'page', owner_id, amount_base, close_on
        FROM (SELECT d.id, d.owner_id, d.amount_base, d.close_on, s.stage, lag(s.stage) OVER w AS before,
            d.created_at + (last - d.created_at) * (s.n - 1)::float8 / steps AS entered,
            CASE WHEN s.n = steps AND d.state = 'open' THEN NULL ELSE d.created_at + (last - d.created_at) * s.n::float8 / steps END AS ended
          FROM (SELECT *, CASE WHEN state = 'open' THEN array_position(%(path)s::bigint[], stage_id) WHEN state = 'won' THEN 4 ELSE 1 + pg_temp.pick(id, 60, 4) END AS steps,
              CASE WHEN state = 'open' THEN stage_at + (%(now)s - stage_at) / 2 ELSE closed_at END AS last FROM deals_deal) d
          CROSS JOIN LATERAL (SELECT n, (%(path)s::bigint[])[n] AS stage FROM generate_series(1, d.steps) n) s
          WINDOW w AS (PARTITION BY d.id ORDER BY s.n)) p
        """,
        **values,
    )
    plan.run(
        """
        INSERT INTO deals_stagestay (deal_id, stage_id, came_from_id, entered_at, left_at, seconds, source, by_id, amount_base, close_on)
        SELECT id, stage_id, NULL, closed_at, NULL, NULL, 'page', owner_id, amount_base, close_on FROM deals_deal WHERE state <> 'open'
        """
    )
    plan.run(
        """
        UPDATE deals_deal d SET stage_at = s.entered_at FROM deals_stagestay s WHERE s.deal_id = d.id AND s.left_at IS NULL
        """
    )


def _orders(plan):
    """The order of each won deal, and repeat orders about every three months, more of them in autumn."""
    plan.run(
        """
        INSERT INTO deals_order (number, contact_id, company_id, deal_id, owner_id, team_id, source, external_id, currency, amount, tax, rate,
          amount_base, ordered_at, paid_at, created_at)
        SELECT '', contact_id, company_id, CASE WHEN n = 0 THEN id END, owner_id, team_id, CASE WHEN n = 0 THEN 'deal' ELSE 'import' END, '', 'EUR', net,
          round(net * 0.19, 2), 1, net, at, at + interval '6 days', at
        FROM (SELECT d.*, n, closed_at + make_interval(days => n * (60 + pg_temp.pick(id, 62, 60)) + (CASE WHEN n = 0 THEN 0 ELSE pg_temp.pick(id + n, 63, 20) END)) AS at,
            CASE WHEN n = 0 THEN amount ELSE round((amount * (0.1 + 0.5 * pg_temp.unit(id + n, 64)))::numeric, 2) END AS net
          FROM deals_deal d CROSS JOIN LATERAL generate_series(0, pg_temp.pick(d.id, 61, 6)) n WHERE state = 'won') o
        WHERE at < %(now)s - interval '7 days'
        """
    )
    plan.run("UPDATE deals_order SET number = 'O-' || (10000 + id) WHERE number = ''")
    plan.run(
        """
        INSERT INTO deals_orderline (order_id, product_id, name, sku, unit, qty, price, cost, tax_rate, discount_percent, discount_amount, position, net)
        SELECT o.id, p.id, p.name, p.sku, p.unit, 1, o.amount, round(o.amount * 0.62, 2), 19, 0, 0, 0, o.amount
        FROM deals_order o JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS n FROM deals_product) p ON p.n = pg_temp.pick(o.id, 65, 8)
        """
    )


def _facts(plan):
    plan.run(
        """
        INSERT INTO deals_purchasefacts (contact_id, orders, revenue_base, first_order_at, last_order_at)
        SELECT contact_id, count(*), sum(amount_base), min(paid_at), max(paid_at) FROM deals_order WHERE paid_at IS NOT NULL AND contact_id IS NOT NULL GROUP BY 1
        """
    )
    plan.run("UPDATE contacts_contact SET stage = 'customer' WHERE id IN (SELECT contact_id FROM deals_purchasefacts)")


def _steps(plan):
    """What comes next on four of five open deals: some late, some today, most in the coming two weeks."""
    plan.run(
        """
        INSERT INTO contacts_task (kind, title, note, reasons, contact_id, company_id, target_type, target_id, due_at, is_hot, outcome,
          created_at, owner_id, team_id)
        SELECT (ARRAY['call', 'mail', 'meeting', 'task'])[n],
          CASE WHEN c.country = 'RU' THEN (%(steps_ru)s::text[])[n] ELSE (%(steps_en)s::text[])[n] END,
          '', '[]', d.contact_id, d.company_id, 'deals.deal', d.id,
          CASE WHEN pg_temp.pick(d.id, 169, 10) < 2 THEN pg_temp.work(%(now)s - make_interval(days => 1 + pg_temp.pick(d.id, 168, 3)), d.id, 167)
            WHEN pg_temp.pick(d.id, 169, 10) < 4 THEN %(now)s + make_interval(hours => 1 + pg_temp.pick(d.id, 168, 4))
            ELSE pg_temp.work(%(now)s + make_interval(days => 4 + pg_temp.pick(d.id, 168, 14)), d.id, 167) END,
          false, '', least(d.stage_at, %(now)s - interval '1 day'), d.owner_id, d.team_id
        FROM deals_deal d JOIN contacts_contact c ON c.id = d.contact_id
          CROSS JOIN LATERAL (SELECT 1 + pg_temp.pick(d.id, 166, 4) AS n) k
        WHERE d.state = 'open' AND pg_temp.pick(d.id, 165, 5) > 0
        """,
        steps_en=STEPS_EN,
        steps_ru=STEPS_RU,
    )
    plan.run(
        """
        UPDATE deals_deal d SET next_step = t.title, next_step_at = t.due_at FROM contacts_task t
        WHERE t.target_type = 'deals.deal' AND t.target_id = d.id AND t.done_at IS NULL
        """
    )


def _lines_and_proposals(plan):
    """Lines on some open deals of late stages, and drafts of proposals for them."""
    products = list(Product.objects.order_by("pk"))
    chance = plan.chance("lines")
    for deal in (
        Deal.objects.filter(state="open", stage__position__gte=2).select_related("contact", "owner").order_by("pk")[:24]
    ):
        for position, product in enumerate(chance.sample(products, 3)):
            line = DealLine(deal=deal, qty=chance.randint(1, 4), position=position)
            line.take(product)
            line.save()
        draft_proposal(deal, by=deal.owner)
