"""What hangs on the people and companies of the demo: groups, roles, requisites, places, stages. Numbers are invented,
their check digits are right."""

from contacts.models import Contact
from contacts.services.people import log_talk
from crm import notes
from crm.models import Collaborator, Follower

_TOOLS = r"""
CREATE OR REPLACE FUNCTION pg_temp.weighed(digits text, weights int[]) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  'SELECT sum(substr($1, n, 1)::int * $2[n]) FROM generate_series(1, array_length($2, 1)) n';
CREATE OR REPLACE FUNCTION pg_temp.inn(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
  'SELECT d || (pg_temp.weighed(d, ARRAY[2,4,10,3,5,9,4,6,8]) %% 11 %% 10)
   FROM (SELECT ''77'' || lpad((1000000 + $1 * 7 %% 8999999)::text, 7, ''0'') AS d) x';
CREATE OR REPLACE FUNCTION pg_temp.ogrn(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
  'SELECT d || (d::bigint %% 11 %% 10) FROM (SELECT ''1'' || lpad(($1 %% 20)::text, 2, ''0'') || ''77'' || lpad($1::text, 7, ''0'') AS d) x';
CREATE OR REPLACE FUNCTION pg_temp.account(i bigint, bik text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE whole text := substr(bik, 7, 3) || '40702810' || '0' || lpad((i %% 99999999999)::text, 11, '0'); total int := 0;
BEGIN
  FOR n IN 1..23 LOOP total := total + substr(whole, n, 1)::int * (ARRAY[7, 1, 3])[(n - 1) %% 3 + 1] %% 10; END LOOP;
  RETURN '40702810' || (total %% 10 * 3 %% 10) || lpad((i %% 99999999999)::text, 11, '0');
END $$;
CREATE OR REPLACE FUNCTION pg_temp.vat(i bigint) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE d text := lpad((10000000 + i * 13 %% 89999999)::text, 8, '0'); p int := 10; s int;
BEGIN
  FOR n IN 1..8 LOOP s := (substr(d, n, 1)::int + p) %% 10; IF s = 0 THEN s := 10; END IF; p := 2 * s %% 11; END LOOP;
  RETURN 'DE' || d || ((11 - p) %% 10);
END $$;
CREATE OR REPLACE FUNCTION pg_temp.iban(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
  'SELECT ''DE'' || lpad((98 - (b || ''131400'')::numeric %% 97)::text, 2, ''0'') || b FROM (SELECT ''10050000'' || lpad($1::text, 10, ''0'') AS b) x';
"""
STREETS_EN = ["Messweg", "Hafenstrasse", "Lindenallee", "Am Park", "Werkstrasse", "Ringstrasse", "Schulweg"]
STREETS_RU = ["ул. Заводская", "пр. Мира", "ул. Лесная", "наб. Речная", "ул. Садовая", "ул. Победы"]


def seed(plan):
    """After deals, which say who is a customer."""
    plan.tools()
    plan.run(_TOOLS)
    _companies(plan)
    _requisites(plan)
    _people(plan)
    _stays(plan)
    _helpers(plan)
    _notes(plan)


def _companies(plan):
    """Streets, groups of up to four with one at the head, and where goods go."""
    plan.run(
        """
        UPDATE contacts_company SET
          street = pg_temp.word(id, 60, CASE WHEN country = 'RU' THEN %(ru)s ELSE %(en)s END) || ' ' || 1 + pg_temp.pick(id, 61, 90),
          postcode = CASE WHEN country = 'RU' THEN '1' || lpad(pg_temp.pick(id, 62, 99999)::text, 5, '0') ELSE lpad((1000 + pg_temp.pick(id, 62, 90000))::text, 5, '0') END,
          parent_id = CASE WHEN (id - 1) %% 24 IN (2, 4, 6) THEN id - (id - 1) %% 24 END
        """,
        ru=STREETS_RU,
        en=STREETS_EN,
    )
    plan.run(
        """
        INSERT INTO contacts_address (company_id, kind, label, country, region, city, street, postcode, created_at)
        SELECT id, 'delivery', CASE WHEN country = 'RU' THEN 'Склад' ELSE 'Warehouse' END, country, '', city,
          CASE WHEN country = 'RU' THEN 'ул. Складская ' ELSE 'Lagerweg ' END || 1 + pg_temp.pick(id, 63, 40), postcode, created_at
        FROM contacts_company WHERE pg_temp.pick(id, 64, 5) = 0
        """
    )


def _requisites(plan):
    plan.run(
        """
        INSERT INTO contacts_requisite (company_id, country, name, form, inn, kpp, ogrn, vat_id, registration_no, address, is_primary, created_at, version)
        SELECT id, country, name, CASE WHEN country = 'RU' THEN 'ООО' ELSE '' END, CASE WHEN country = 'RU' THEN pg_temp.inn(id) ELSE '' END,
          CASE WHEN country = 'RU' THEN '770101001' ELSE '' END, CASE WHEN country = 'RU' THEN pg_temp.ogrn(id) ELSE '' END,
          CASE WHEN country = 'RU' THEN '' ELSE pg_temp.vat(id) END, CASE WHEN country = 'RU' THEN '' ELSE 'HRB ' || 10000 + id END,
          concat_ws(', ', postcode, city, street), true, created_at, 1
        FROM contacts_company c WHERE pg_temp.pick(id, 65, 4) > 0
          AND NOT EXISTS (SELECT FROM contacts_company first WHERE first.domain = c.domain AND first.id < c.id)
        """
    )
    plan.run(
        """
        INSERT INTO contacts_bankaccount (requisite_id, bank, bik, account, correspondent, iban, bic, created_at)
        SELECT id, CASE WHEN country = 'RU' THEN 'Банк «Пример»' ELSE 'Beispielbank' END, CASE WHEN country = 'RU' THEN '044525225' ELSE '' END,
          CASE WHEN country = 'RU' THEN pg_temp.account(id, '044525225') ELSE '' END, CASE WHEN country = 'RU' THEN '30101810400000000225' ELSE '' END,
          CASE WHEN country = 'RU' THEN '' ELSE pg_temp.iban(id) END, CASE WHEN country = 'RU' THEN '' ELSE 'BEVODEBB' END, created_at
        FROM contacts_requisite
        """
    )
    plan.run(
        "UPDATE contacts_company c SET inn = coalesce(nullif(r.inn, ''), r.vat_id) FROM contacts_requisite r WHERE r.company_id = c.id"
    )


def _people(plan):
    """Second addresses, earlier places of work."""
    plan.run(
        """
        INSERT INTO contacts_contactpoint (contact_id, kind, value, norm, digits_reversed, label, is_primary, verified_at, bounced_at, created_at)
        SELECT id, 'messenger', '@p' || id, '@p' || id, '', 'Telegram', true, NULL::timestamptz, NULL::timestamptz, created_at
        FROM contacts_contact WHERE pg_temp.pick(id, 67, 6) = 0
        UNION ALL
        SELECT id, 'email', 'p' || id || '@private.example', 'p' || id || '@private.example', '', CASE WHEN country = 'RU' THEN 'личная' ELSE 'private' END,
          false, NULL, CASE WHEN pg_temp.pick(id, 68, 9) = 0 THEN %(now)s - interval '40 days' END, created_at
        FROM contacts_contact WHERE email <> '' AND pg_temp.pick(id, 69, 7) = 0
        """
    )
    plan.run(
        """
        INSERT INTO contacts_employment (contact_id, company_id, role, is_primary, has_left, since_on, until_on)
        SELECT c.id, k.id, c.job_title, false, true, (c.created_at - interval '4 years')::date, (c.created_at - interval '1 month')::date
        FROM contacts_contact c JOIN contacts_company k ON k.id = 1 + (c.company_id + 1) %% %(companies)s
        WHERE pg_temp.pick(c.id, 71, 9) = 0 AND k.id <> c.company_id AND k.country = c.country
        """,
        companies=plan.companies,
    )


def _stays(plan):
    """Everybody came as a lead, unless he is one still; the rest of the way is somewhere between then and now."""
    plan.run(
        """
        INSERT INTO contacts_lifecyclestay (contact_id, stage, entered_at, left_at, by_id, how)
        SELECT id, 'lead', created_at, moved, NULL, '' FROM (SELECT *, created_at + (%(now)s - created_at) * (0.2 + 0.6 * pg_temp.unit(id, 72)) AS moved
          FROM contacts_contact WHERE stage <> 'lead') c
        UNION ALL
        SELECT id, stage, CASE WHEN stage = 'lead' THEN created_at ELSE created_at + (%(now)s - created_at) * (0.2 + 0.6 * pg_temp.unit(id, 72)) END, NULL,
          CASE WHEN stage IN ('qualified', 'lost') THEN owner_id END, CASE stage WHEN 'customer' THEN 'order' WHEN 'qualified' THEN 'hand' WHEN 'lost' THEN 'hand' ELSE '' END
        FROM contacts_contact
        """
    )


def _helpers(plan):
    """The support lead works along on a few people of the first sales rep, who follows them."""
    rep, lead = plan.users["sales_rep"], plan.users["support_lead"]
    people = "SELECT id FROM contacts_contact WHERE owner_id = %(rep)s ORDER BY id LIMIT 5"
    for model, columns, values in [
        (Collaborator, "can_edit, by_id,", "true, %(rep)s,"),
        (Follower, "", ""),
    ]:
        plan.run(
            f"INSERT INTO {model._meta.db_table} (target_type, target_id, user_id, {columns} created_at)"  # noqa: S608  names out of the models
            f" SELECT 'contacts.contact', id, %(who)s, {values} %(now)s FROM ({people}) p",
            rep=rep.pk,
            who=lead.pk if model is Collaborator else rep.pk,
        )


# What colleagues wrote to each other: (language, kind, text); the first of each is pinned and liked.
_NOTES = [
    ("en", "note", "Wants one contact for all sites. @Anton Reis, please decide on the frame discount."),
    ("en", "call", "Prefers mornings before ten. The plant stands still in the last week of December."),
    ("ru", "note", "Просит единые условия для всех площадок. @Anton Reis, нужна ваша скидка."),
    ("ru", "meeting", "Показали FM-300 на стенде, просят опытную эксплуатацию на месяц."),
]


def _notes(plan):
    """Notes with mentions, a pin and a sign on the first people of a sales rep of each language."""
    manager = plan.users["sales_manager"]
    for language, kind, text in _NOTES:
        rep = plan.reps[language][0]
        contact = Contact.objects.filter(owner=rep, language=language).order_by("pk").first()
        if contact is None:
            continue
        written = log_talk(contact, kind, text, by=rep, minutes=None if kind == "note" else 15)
        if kind == "note":
            notes.pin(contact, written.event, by=rep)
            notes.react(written.event, "like", by=manager)
