"""A key of somebody else's record inside a form is refused, names nothing, and leaves nothing behind."""

import pytest
from django.urls import reverse

from contacts.models import Task
from deals.models import Deal
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("field", ["contact", "company", "stage", "task"])
def test_a3_a_deal_is_not_hung_on_what_one_may_not_see(client, stages, ann, alice, mallory, field):
    company = factories.company("Secret Works", owner=alice, team=alice.team)
    task = Task(title="Secret call", contact=ann)
    task.assign_to(alice)
    task.save()
    foreign = {"contact": f"#{ann.pk}", "company": f"#{company.pk}", "stage": "999999", "task": str(task.pk)}
    data = {"name": "Mine", "stage": stages["New"].pk, "currency": "EUR", "owner": mallory.pk, "amount": "10"}
    client.force_login(mallory)

    answer = client.post(reverse("deals:create"), data | {field: foreign[field]})

    task.refresh_from_db()
    assert answer.status_code == (404 if field == "task" else 422)
    assert not Deal.objects.exists()
    assert task.done_at is None
    for word in ("Ann Lee", "Secret Works", "Secret call"):
        assert word not in answer.content.decode()
