"""What is told about rights is what the querysets do."""

import pytest
from django.urls import reverse

from contacts.models import Contact
from crm import access
from crm.models import Collaborator
from crm.reasons import explain
from deals.models import Product
from tests import factories

pytestmark = pytest.mark.django_db


def told(user, obj):
    return {verdict.act: verdict.allowed for verdict in explain(fresh(user), obj)}


def done(user, obj):
    """What access itself allows."""
    seen = type(obj).objects.visible_to(fresh(user)).filter(pk=obj.pk)
    return {
        "view": seen.exists(),
        "edit": seen.editable_by(fresh(user)).exists(),
        "delete": seen.deletable_by(fresh(user)).exists(),
        "export": seen.exportable_by(fresh(user)).exists(),
    }


def fresh(user):
    """Rights are remembered for a request: ask as another one."""
    return type(user).objects.get(pk=user.pk)


def test_every_verdict_is_what_happens(alice, bob, mallory, admin):
    below = factories.team("North", parent=bob.team)
    other = factories.user("Nils", team=below)
    owners = [bob, alice, mallory, other, None]
    role = bob.roles.get()
    for view in range(4):
        for rest in range(4):
            role.grants = {"contact": {"view": view, "edit": rest, "delete": rest, "export": rest}}
            role.save()
            for owner in owners:
                contact = factories.contact("Ann", f"{view}{rest}", owner=owner, team=owner.team if owner else None)
                assert told(bob, contact) == done(bob, contact), (view, rest, owner)
    assert set(told(admin, contact).values()) == {True}


@pytest.mark.parametrize("can_edit", [True, False])
@pytest.mark.parametrize("level", [access.NONE, access.OWN])
def test_what_was_opened_by_hand_is_told(bob, mallory, can_edit, level):
    contact = factories.contact("Ann", "Lee", owner=mallory, team=mallory.team)
    Collaborator.objects.create(
        target_type="contacts.contact", target_id=contact.pk, user=bob, can_edit=can_edit, by=mallory
    )
    bob.roles.all().update(grants={"contact": {"view": level, "edit": level}})

    assert told(bob, contact) == done(bob, contact)
    assert told(bob, contact)["view"] is (level == access.OWN)


def test_records_of_nobody_need_all(bob, carol):
    product = Product.objects.create(name="Pump", sku="P", price=1, currency="EUR", tax_rate=0)

    assert (told(bob, product)["view"], told(carol, product)["view"]) == (False, True)
    assert told(bob, product) == done(bob, product)


def test_a_person_who_left_may_nothing(bob):
    contact = factories.contact("Ann", "Lee", owner=bob, team=bob.team)
    bob.is_active = False
    bob.save()

    assert set(told(bob, contact).values()) == {False}


def test_the_page_names_the_rule(client, alice, bob):
    contact = factories.contact("Ann", "Lee", owner=alice, team=alice.team)
    client.force_login(bob)

    page = client.get(reverse("why", args=["contact", contact.pk]))

    texts = [reason.text for verdict in page.context["verdicts"] for reason in verdict.reasons]
    assert texts[0] == (
        "The role “teammate” gives: team. The record belongs to Alice. Its team, Sales, is the own one or stands below it."
    )
    assert (
        reverse("why", args=["contact", contact.pk])
        in client.get(reverse("history", args=["contact", contact.pk])).text
    )


def test_outsiders_learn_nothing_and_only_administrators_ask_for_others(client, alice, bob, mallory, admin):
    contact = factories.contact("Ann", "Lee", owner=alice, team=alice.team)
    bob.roles.all().update(grants={"contact": {"view": access.TEAM}})
    url = reverse("why", args=["contact", contact.pk])
    client.force_login(mallory)
    outside = client.get(url).status_code
    client.force_login(bob)
    for_others = client.get(url + f"?user={mallory.pk}").status_code
    client.force_login(admin)
    page = client.get(url + f"?user={mallory.pk}")

    assert (outside, for_others) == (404, 403)
    assert page.context["verdicts"][0].allowed is False
    assert page.context["verdicts"][0].reasons[0].text == (
        "The role “outsider” gives: team. The record belongs to Alice. Its team: Sales. The own one: Elsewhere."
    )
    assert [client.get(url + query).status_code for query in ("?user=x", "?user=999999")] == [404, 404]
    assert Contact.objects.count() == 1
