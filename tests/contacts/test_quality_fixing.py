"""“Fix the next 20”: what is proposed, what is written, and two people at once."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import Company, Contact, ContactPoint, ContactQuality, FixRun, QualityMark, QualityRule
from contacts.services.quality import figures, fixing, measuring
from contacts.services.quality.proposals import mended_email, mended_phone, proposals_of
from crm import access, conditions, field_access
from crm.models import Role
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ({"first": "Соколов", "last": "Иван"}, {"first_name": "Иван", "last_name": "Соколов", "language": "ru"}),
        ({"first": "ИВАН", "last": "СОКОЛОВ"}, {"first_name": "Иван", "last_name": "Соколов", "language": "ru"}),
        ({"first": "Aннa", "last": "Иванова", "language": "ru"}, {"first_name": "Анна"}),
        ({"first": "Eva 🌸", "last": "Lind✨"}, {"first_name": "Eva", "last_name": "Lind"}),
        ({"first": "Mr. Paul", "last": "Weber"}, {"first_name": "Paul"}),
        (
            {"first": "Иванова Анна Петровна", "last": "", "language": "ru"},
            {"first_name": "Анна", "middle_name": "Петровна", "last_name": "Иванова"},
        ),
        ({"first": "anna.weber@acme.example", "last": "", "email": ""}, {"first_name": "Anna", "last_name": "Weber", "email": "anna.weber@acme.example"}),
        ({"first": "test", "last": "Weber"}, {}),
        ({"first": "Ann", "last": "Lee", "email": "ann@gmial.com"}, {"email": "ann@gmail.com"}),
        ({"first": "Ann", "last": "Lee", "phone": "8 (9OO) 123-45-67", "country": "RU"}, {"phone": "+7 900 123-45-67"}),
        ({"first": "Ann", "last": "Lee", "phone": "+49 30 5550001", "country": "FR"}, {"country": "DE"}),
        ({"first": "Ann", "last": "Lee", "phone": "12345", "country": "DE"}, {}),
    ],
)  # fmt: skip
def test_what_is_proposed_instead(workspace, fields, offered):
    contact = factories.contact(**fields)
    measuring.settle_all()
    contact = Contact.objects.select_related("measured", "company", "owner").get(pk=contact.pk)

    assert proposals_of(contact, contact.measured) == offered


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        (" <Ann@Example.com>, ", "ann@example.com"),
        ("mailto:ann@example,com", "ann@example.com"),
        ("аnn@yandeks.ru", "ann@yandex.ru"),
        ("ann @ mail.ry", "ann@mail.ru"),
    ],
)
def test_addresses_as_they_were_meant(text, mended):
    assert mended_email(text) == mended


@pytest.mark.parametrize(
    ("text", "region", "mended"),
    [
        ("8 900 123 45 67 доб. 12", "RU", "+7 900 123-45-67"),
        ("0049 30 5550001", "DE", "+49 30 5550001"),
        ("30 5550001; 30 5550002", "DE", "+49 30 5550001"),
        ("call me", "DE", ""),
    ],
)
def test_numbers_as_they_were_meant(text, region, mended):
    assert mended_phone(text, region) == mended


def test_company_and_owner_are_proposed_by_the_domain_of_the_address(workspace, alice):
    acme = factories.company("Acme", domain="acme.example", owner=alice, team=alice.team)
    contact = factories.contact(email="ann@acme.example")
    measuring.settle_all()
    contact = Contact.objects.select_related("measured", "company", "owner").get(pk=contact.pk)

    assert proposals_of(contact, contact.measured) == {"company": str(acme), "owner": str(alice.pk)}


@pytest.fixture
def three(workspace, alice, bob):
    """Three of Alice's people with gaps, the worst first, and one of nobody."""
    mine = {"owner": alice, "team": alice.team, "language": "ru", "created_at": timezone.now()}
    made = [
        factories.contact("Соколов", "Иван", **mine),
        factories.contact("ANNA", "LEE", email="ann@gmial.com", phone="+49 30 5550001", **mine),
        factories.contact("Eva", "Lind", email="eva@example.com", phone="+49 30 5550002", **mine),
    ]
    factories.contact("test", "")
    measuring.settle_all()
    return made


def _begin(client, user, **data):
    client.force_login(user)
    answer = client.post(reverse("contacts:fix_create"), data)
    return FixRun.objects.get(pk=answer.url.rstrip("/").rpartition("/")[2])


def _act(client, run, did, record=None, was=None, **fields):
    data = {"did": did, "record": record.pk if record else ""}
    data |= {f"f-{name}": value for name, value in fields.items()}
    data |= {f"was-{name}": value for name, value in (was or {}).items()}
    answer = client.post(reverse("contacts:fix_act", args=[run.pk]), data, **HTMX)
    run.refresh_from_db()
    return answer


def test_a_round_mends_skips_takes_back_and_ends(client, alice, three):
    ivan, anna, eva = three
    run = _begin(client, alice)
    page = client.get(reverse("contacts:fix_show", args=[run.pk])).content.decode()
    assert "1 of 20" in page
    assert 'name="f-first_name" value="Иван"' in page
    assert "Proposed instead of “Соколов”" in page

    answer = _act(
        client,
        run,
        "accept",
        ivan,
        {"first_name": "Соколов", "last_name": "Иван"},
        first_name="Иван",
        last_name="Соколов",
    )

    ivan.refresh_from_db()
    assert (ivan.first_name, ivan.last_name) == ("Иван", "Соколов")
    assert "2 of 20" in answer.content.decode()
    assert run.current == anna.pk
    assert not QualityRule.objects.filter(pk__in=ContactQuality.objects.get(pk=ivan.pk).gaps, test="name").exists()

    assert "eva@example.com" not in answer.content.decode()
    assert 'value="ann@gmail.com"' in answer.content.decode()
    _act(client, run, "skip")
    assert run.current == eva.pk
    _act(client, run, "accept", eva, {"city": ""}, city="")
    eva.refresh_from_db()
    assert timezone.localdate(eva.verified_at) == timezone.localdate()
    assert (run.current, [act["did"] for act in run.acts]) == (None, ["mended", "skipped", "right"])
    end = client.get(reverse("contacts:fix_show", args=[run.pk])).content.decode()
    assert "Mended: 1. Right as it was: 1. Skipped: 1." in end

    for _press in range(3):
        _act(client, run, "undo")
    ivan.refresh_from_db()
    assert (ivan.first_name, ivan.last_name) == ("Соколов", "Иван")
    assert (run.current, run.acts, run.finished_at) == (ivan.pk, [], None)
    assert "There is nothing to take back." in _act(client, run, "undo").content.decode()


def test_two_people_never_get_the_same_record(client, alice, bob, three):
    ivan, anna, eva = three
    hers, his = _begin(client, alice), _begin(client, bob)
    assert (hers.current, his.current) == (ivan.pk, anna.pk)

    # Alice went for lunch; Bob is given her record when his own are done.
    ContactQuality.objects.filter(pk=ivan.pk).update(held_until=timezone.now() - timedelta(minutes=1))
    _act(client, his, "skip")
    assert his.current == ivan.pk
    client.force_login(alice)
    answer = _act(client, hers, "accept", ivan, {"first_name": "Соколов"}, first_name="Олег")

    ivan.refresh_from_db()
    assert ivan.first_name == "Соколов"
    assert "Somebody else is at this record now. Here is the next one." in answer.content.decode()
    assert hers.current in {anna.pk, eva.pk}
    assert ContactQuality.objects.get(pk=ivan.pk).held_by == bob.pk
    # The same press twice is done once.
    again = _act(client, hers, "accept", ivan, {"first_name": "Соколов"}, first_name="Олег")
    assert "This record is done already." in again.content.decode()


def test_a_press_that_waited_for_its_twin_touches_no_other_record(client, alice, three):
    """Both presses have read the round before the first is done: the second must not write into the next record."""
    ivan, anna, eva = three
    run = _begin(client, alice)
    twin = FixRun.objects.get(pk=run.pk)
    fixing.accept(run, {"city": "Ulm"}, {"city": ""})

    with pytest.raises(fixing.FixRefused, match="done already"):
        fixing.accept(twin, {"city": "Ulm"}, {"city": ""})
    fixing.skip(twin)

    assert list(Contact.objects.filter(city="Ulm")) == [ivan]
    run.refresh_from_db()
    assert (run.current, [act["did"] for act in run.acts]) == (anna.pk, ["mended"])


def test_nothing_is_proposed_or_counted_out_of_a_hidden_field(client, alice, workspace):
    factories.role("email-hidden", {"contact": dict.fromkeys(("view", "edit"), access.ALL)})
    Role.objects.filter(code="email-hidden").update(fields={"contact": {"email": field_access.HIDDEN}})
    rita = factories.user("Rita", roles=[Role.objects.get(code="email-hidden")])
    mine = {"owner": alice, "team": alice.team, "language": "en"}
    factories.contact("test", "", **mine)
    factories.contact("", "", email="anna.weber@acme.example", **mine)
    measuring.settle_all()
    ContactQuality.objects.filter(record__email="").update(total=0)
    missing = QualityRule.objects.get(subject="contact", test="filled", field="email")
    city = QualityRule.objects.get(subject="contact", test="filled", field="city")
    run = _begin(client, rita)

    page = _act(client, run, "skip").content.decode()
    of_gap = client.post(reverse("contacts:fix_create"), {"gap": missing.pk})

    assert run.current == Contact.objects.get(email="anna.weber@acme.example").pk
    assert 'name="f-first_name"' in page
    assert "Weber" not in page
    assert of_gap.status_code == 404
    figures.count()
    shown = client.get(reverse("contacts:quality")).content.decode()
    assert (str(missing) in shown, str(city) in shown) == (False, True)
    asked = [
        conditions.where({"field": "gap", "op": "any_of", "value": [str(r.pk)]}, "contact", user=rita)
        for r in (missing, city)
    ]
    assert [Contact.objects.filter(one).count() for one in asked] == [0, 2]


def test_what_somebody_else_wrote_meanwhile_is_not_written_over(client, alice, three):
    ivan = three[0]
    run = _begin(client, alice)
    Contact.objects.filter(pk=ivan.pk).update(last_name="Петров")

    answer = _act(
        client,
        run,
        "accept",
        ivan,
        {"first_name": "Соколов", "last_name": "Иван"},
        first_name="Иван",
        last_name="Соколов",
    )

    ivan.refresh_from_db()
    assert answer.status_code == 422
    assert "Somebody changed this to “Петров” meanwhile." in answer.content.decode()
    assert (ivan.first_name, ivan.last_name, run.acts) == ("Соколов", "Петров", [])


def test_a_wrong_value_is_refused_and_kept_on_the_page(client, alice, three):
    run = _begin(client, alice)

    answer = _act(client, run, "accept", three[0], {"email": ""}, email="nowhere")

    assert answer.status_code == 422
    assert "“nowhere” is not an email address." in answer.content.decode()
    assert 'value="nowhere"' in answer.content.decode()
    assert not ContactPoint.objects.exists()


def test_a_round_is_its_owners_and_shows_only_what_they_may_change(client, alice, bob, carol, mallory, three):
    run = _begin(client, alice)
    for other in (bob, carol, mallory):
        client.force_login(other)
        assert client.get(reverse("contacts:fix_show", args=[run.pk])).status_code == 404
        assert _act(client, run, "accept", three[0], {"first_name": "Соколов"}, first_name="X").status_code == 404
    assert not Contact.objects.filter(first_name="X").exists()
    client.force_login(carol)
    assert client.post(reverse("contacts:fix_create")).status_code == 403
    assert "Nothing to mend" in client.get(_show(client, mallory)).content.decode()


def _show(client, user):
    return reverse("contacts:fix_show", args=[_begin(client, user).pk])


def test_a_round_through_one_gap(client, alice, three):
    rule = QualityRule.objects.get(subject="contact", test="case")

    run = _begin(client, alice, gap=rule.pk)

    assert run.current == three[1].pk
    _act(client, run, "skip")
    assert run.current is None


def test_companies_have_their_round(client, alice, workspace):
    acme = Company.objects.create(name="Acme", email="office@acme.example", owner=alice, team=alice.team)
    measuring.settle_all()
    run = _begin(client, alice, of="company")
    assert 'value="acme.example"' in client.get(reverse("contacts:fix_show", args=[run.pk])).content.decode()

    _act(client, run, "accept", acme, {"domain": ""}, domain="acme.example")

    acme.refresh_from_db()
    assert (acme.domain, run.current) == ("acme.example", None)


def test_a_record_in_the_queue_costs_a_fixed_number_of_statements(client, alice, three, django_assert_max_num_queries):
    for n in range(60):
        factories.contact(f"P{n}", owner=alice, team=alice.team)
    measuring.settle_all()
    run = _begin(client, alice)

    with django_assert_max_num_queries(22):
        client.get(reverse("contacts:fix_show", args=[run.pk]))


def test_rules_are_set_in_the_browser_with_a_live_count(client, alice, admin, three):
    url = reverse("contacts:quality_rule_new") + "?of=contact&test=condition"
    client.force_login(alice)
    assert client.get(reverse("contacts:quality_rules")).status_code == 403
    client.force_login(admin)
    assert "The name cannot be used in a greeting" in client.get(reverse("contacts:quality_rules")).content.decode()
    assert client.get(url).status_code == 200
    tree = {"c.t": "group", "c.join": "all", "c.0.t": "leaf", "c.0.what": "field:city", "c.0.op": "empty"}
    data = {"dimension": "consistency", "weight": "15", "is_on": "on", "name_en": "Nowhere", "name_ru": "Нигде"} | tree

    count = client.post(reverse("contacts:quality_count") + "?of=contact&test=condition", data)
    assert "<b>4</b> records break it now." in count.content.decode()
    refused = client.post(url, data | {"weight": "0", "name_en": "", "name_ru": ""})
    assert refused.status_code == 422
    assert "Say what is wrong with such a record." in refused.content.decode()
    assert not QualityRule.objects.filter(weight=15, test="condition").exists()
    QualityMark.objects.all().delete()
    assert client.post(url, data).status_code == 302

    rule = QualityRule.objects.get(name_en="Nowhere")
    assert rule.tree == {"all": [{"field": "city", "op": "empty"}]}
    measuring.settle_all()
    assert ContactQuality.objects.filter(gaps__contains=[rule.pk]).count() == 4
    assert client.post(reverse("contacts:quality_rule", args=[rule.pk]), {"delete": "1"}).status_code == 302
    measuring.settle_all()
    assert not ContactQuality.objects.filter(gaps__contains=[rule.pk]).exists()


def test_weights_are_set_in_the_browser(client, admin, three):
    client.force_login(admin)
    url = reverse("contacts:quality_weights")
    data = dict.fromkeys(measuring.Dimension.values, "0") | {"source_least": "30", "source_share": "20"}
    assert client.post(url, data).status_code == 422

    assert client.post(url, data | {"freshness": "1"}).status_code == 302
    measuring.settle_all()

    assert set(Contact.objects.values_list("quality", flat=True)) == {100}
