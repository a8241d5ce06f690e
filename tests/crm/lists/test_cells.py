"""Changing one field in its cell of a list."""

import pytest
from django.urls import reverse

from contacts.models import Company, Contact
from crm import outbox
from crm.conditions.widgets import dump
from crm.models import Event, Job
from deals.models import Deal
from deals.services.setup import create_standard_pipeline
from tests import factories

pytestmark = pytest.mark.django_db
HX = {"HX-Request": "true"}


@pytest.fixture
def ann(alice):
    return factories.contact("Ann", "Lee", owner=alice, team=alice.team, city="Kazan")


def cell(name, row, field):
    return reverse("list_cell", args=[name, row.pk, field])


def test_a_cell_is_written_and_comes_back_with_its_pencil(client, ann, alice):
    client.force_login(alice)

    answer = client.post(cell("contacts", ann, "city"), {"city": "Perm", "was": "Kazan"}, headers=HX)

    assert answer.status_code == 200
    assert "Perm" in answer.text
    assert cell("contacts", ann, "city") in answer.text
    assert Contact.objects.get().city == "Perm"


def test_the_form_is_a_fragment_for_htmx_and_a_page_without_script(client, ann, alice):
    client.force_login(alice)

    fragment = client.get(cell("contacts", ann, "city"), headers=HX)
    page = client.get(cell("contacts", ann, "city"))

    assert fragment.text.lstrip().startswith("<td")
    assert 'value="Kazan"' in fragment.text
    assert "<html" in page.text
    assert 'name="was" value="Kazan"' in page.text
    saved = client.post(cell("contacts", ann, "city"), {"city": "Perm", "was": "Kazan"})
    assert (saved.status_code, saved.url) == (302, reverse("contacts:index"))


def test_a_refused_value_stays_typed_and_nothing_is_written(client, ann, alice):
    client.force_login(alice)

    answer = client.post(cell("contacts", ann, "email"), {"email": "no address", "was": ""}, headers=HX)

    assert answer.status_code == 422
    assert 'value="no address"' in answer.text
    assert Contact.objects.get().email == ""


def test_what_somebody_else_wrote_meanwhile_is_shown_and_not_overwritten(client, ann, alice):
    client.force_login(alice)
    Contact.objects.update(city="Omsk")

    first = client.post(cell("contacts", ann, "city"), {"city": "Perm", "was": "Kazan"}, headers=HX)
    kept = Contact.objects.get().city
    second = client.post(cell("contacts", ann, "city"), {"city": "Perm", "was": "Omsk"}, headers=HX)

    assert (first.status_code, kept) == (422, "Omsk")
    assert "Omsk" in first.text
    assert 'value="Perm"' in first.text
    assert 'name="was" value="Omsk"' in first.text
    assert (second.status_code, Contact.objects.get().city) == (200, "Perm")


def test_a_conflict_shows_what_was_what_is_who_wrote_it_and_what_was_typed(client, ann, alice, bob, carol):
    client.force_login(bob)
    client.post(cell("contacts", ann, "owner"), {"owner": bob.pk, "was": str(alice.pk)})
    client.force_login(bob)

    answer = client.post(cell("contacts", ann, "owner"), {"owner": carol.pk, "was": str(alice.pk)}, headers=HX)

    conflict = answer.context["conflict"]
    assert answer.status_code == 422
    assert (conflict["was"], conflict["who"]) == ("Alice", bob)
    assert "Bob" in conflict["now"]
    assert f'value="{carol.pk}" selected' in answer.text
    assert Contact.objects.get().owner == bob


@pytest.mark.parametrize(("actor", "status"), [("carol", 403), ("mallory", 404)])
def test_who_may_not_change_the_row_changes_no_cell(request, client, ann, actor, status):
    client.force_login(request.getfixturevalue(actor))

    answer = client.post(cell("contacts", ann, "city"), {"city": "Perm", "was": "Kazan"}, headers=HX)

    assert answer.status_code == status
    assert Contact.objects.get().city == "Kazan"


def test_who_only_reads_sees_the_list_without_pencils(client, ann, carol, alice):
    client.force_login(carol)
    reads = client.get(reverse("contacts:index")).text
    client.force_login(alice)
    writes = client.get(reverse("contacts:index")).text

    assert cell("contacts", ann, "company") not in reads
    assert cell("contacts", ann, "company") in writes


@pytest.mark.parametrize("field", ["score", "name_key", "nothing", "password"])
def test_only_columns_marked_for_it_are_changed(client, ann, alice, field):
    client.force_login(alice)

    assert client.post(cell("contacts", ann, field), {field: "9"}, headers=HX).status_code == 404


def test_an_owner_given_in_the_cell_stands_in_the_stream_even_out_of_sight(client, ann, alice):
    other = factories.user("Other", team=factories.team("North"))
    client.force_login(alice)

    answer = client.post(cell("contacts", ann, "owner"), {"owner": other.pk, "was": str(alice.pk)}, headers=HX)

    assert answer.status_code == 200
    assert "Other" in answer.text
    assert "cell-edit" not in answer.text
    assert Event.objects.filter(kind="contact.assigned", contact_id=ann.pk).count() == 1


def test_an_amount_in_the_list_of_deals_stands_in_the_stream(client, alice, workspace):
    stage = create_standard_pipeline().stages.filter(kind="open").first()
    deal = Deal.objects.create(
        name="Pump", pipeline=stage.pipeline, stage=stage, owner=alice, team=alice.team, currency="EUR"
    )
    client.force_login(alice)

    answer = client.post(cell("deals", deal, "amount"), {"amount": "1250.50", "was": ""}, headers=HX)

    assert answer.status_code == 200
    assert str(Deal.objects.get().amount) == "1250.50"
    assert Event.objects.filter(kind="deal.amount_changed", target_id=deal.pk).count() == 1


def test_a_company_cell_of_a_number_is_checked(client, alice):
    acme = factories.company("Acme", owner=alice, team=alice.team, staff=5)
    client.force_login(alice)

    bad = client.post(cell("companies", acme, "staff"), {"staff": "many", "was": "5"}, headers=HX)
    good = client.post(cell("companies", acme, "staff"), {"staff": "7", "was": "5"}, headers=HX)

    assert (bad.status_code, good.status_code) == (422, 200)
    assert Company.objects.get().staff == 7


# The same fields on many rows


def test_a_field_is_chosen_then_written_on_many_rows_and_taken_back(client, alice):
    people = [factories.contact("Ann", f"No{i}", owner=alice, team=alice.team, city=f"City {i}") for i in range(3)]
    picks = ",".join(str(row.pk) for row in people[:2])
    client.force_login(alice)
    url = reverse("list_bulk", args=["contacts", "edit"])

    choice = client.post(url, {"picks": picks, "go": "1"})
    value = client.post(url, {"picks": picks, "go": "1", "field": "city"})
    done = client.post(url, {"picks": picks, "go": "1", "field": "city", "city": "Perm", "asked": "1"})
    cities = list(Contact.objects.order_by("pk").values_list("city", flat=True))
    tags = [m.extra_tags for m in client.get(reverse("contacts:index")).context["messages"]]
    client.post(tags[0].removeprefix("success ").removeprefix("undo:").split()[0])

    assert 'type="radio"' in choice.text
    assert 'value="city"' in choice.text
    assert 'name="city"' in value.text
    assert done.status_code == 302
    assert cities == ["Perm", "Perm", "City 2"]
    assert list(Contact.objects.order_by("pk").values_list("city", flat=True)) == ["City 0", "City 1", "City 2"]


def test_records_added_after_the_button_was_pressed_are_not_touched(client, alice):
    for i in range(3):
        factories.contact("Ann", f"No{i}", owner=alice, team=alice.team, city="Kazan")
    client.force_login(alice)
    query = "?f=" + dump({"field": "city", "op": "is", "value": "Kazan"})

    client.post(
        reverse("list_bulk", args=["contacts", "tag"]) + query, {"whole": "1", "go": "1", "tag": "vip", "how": "add"}
    )
    late = factories.contact("Late", "Comer", owner=alice, team=alice.team, city="Kazan")
    moved = Contact.objects.order_by("pk").first()
    Contact.objects.filter(pk=moved.pk).update(city="Perm")
    outbox.run_due()

    assert Job.objects.get(kind="lists.bulk").result["rows"][0] == ["Changed", 2]
    assert sorted(Contact.objects.filter(tags=["vip"]).values_list("last_name", flat=True)) == ["No1", "No2"]
    assert Contact.objects.get(pk=late.pk).tags == []
