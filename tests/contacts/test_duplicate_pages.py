"""The desk of duplicates, both records side by side, and the warning while somebody types."""

import pytest
from django.urls import reverse

from contacts.models import Company, Contact, ContactPair, DuplicateSettings, Merge
from contacts.services import merging, people
from contacts.tasks import search_duplicates
from crm import access, tasks
from crm.models import Job, OutboxMessage

pytestmark = pytest.mark.django_db


@pytest.fixture
def twins(workspace, alice):
    """Two records of Alice's, waiting at the desk."""
    ann = people.create_contact(by=alice, first_name="Ann", last_name="Lee", email="ann@example.com", city="Bonn")
    anna = people.create_contact(by=alice, first_name="Anna", last_name="Lee", phone="+49 30 55501192", city="Berlin")
    reasons = [["surname", "same"], ["given_name", "alike"], ["date_of_birth", "other"]]
    ContactPair.objects.create(first=ann, second=anna, score=0.93, reasons=reasons)
    return Contact.objects.get(pk=ann.pk), Contact.objects.get(pk=anna.pk)


def _side_by_side(kept, gone):
    return reverse("contacts:merge_new", args=["contact", kept.pk, gone.pk])


def _seen(kept, gone):
    return {"seen-kept": kept.updated_at.isoformat(), "seen-gone": gone.updated_at.isoformat()}


def test_the_desk_shows_the_pairs_of_ones_own_with_their_reasons(
    client, alice, mallory, twins, django_assert_max_num_queries
):
    client.force_login(alice)
    assert client.get(reverse("contacts:duplicates"))["Location"].endswith("?view=open")
    with django_assert_max_num_queries(22):
        page = client.get(reverse("contacts:duplicates"), {"view": "open"}).content.decode()
    assert _side_by_side(*twins) in page
    assert "93 %" in page
    assert "last name" in page

    client.force_login(mallory)
    assert "Lee" not in client.get(reverse("contacts:duplicates"), {"view": "open"}).content.decode()


def test_what_is_chosen_for_each_field_is_what_the_one_record_has(client, alice, twins, django_assert_max_num_queries):
    ann, anna = twins
    client.force_login(alice)
    with django_assert_max_num_queries(75):
        page = client.get(_side_by_side(ann, anna)).content.decode()
    assert 'name="choose-city"' in page
    assert 'name="choose-last_name"' not in page

    answer = client.post(
        _side_by_side(ann, anna), _seen(ann, anna) | {"choose-city": "gone", "choose-first_name": "kept"}
    )

    assert (answer.status_code, answer["Location"]) == (302, reverse("contacts:duplicates"))
    kept = Contact.objects.get()
    assert (kept.first_name, kept.city, kept.email, kept.phone) == (
        "Ann",
        "Berlin",
        "ann@example.com",
        "+49 30 55501192",
    )
    merge = Merge.objects.get()
    assert (merge.by, merge.score, merge.gone_id) == (alice, 0.93, anna.pk)
    assert not ContactPair.objects.exists()


def test_the_address_of_a_merged_record_leads_to_the_kept_one_and_only_those_who_may_see_it(
    client, alice, carol, mallory, twins
):
    ann, anna = twins
    merging.merge_contacts(ann, anna, by=alice)
    old = reverse("contacts:contact_show", args=[anna.pk])

    for user in (alice, carol):
        client.force_login(user)
        assert client.get(old)["Location"] == ann.get_absolute_url()
    client.force_login(mallory)
    assert client.get(old).status_code == 404


def test_who_may_only_look_compares_and_is_offered_nothing_that_is_refused(client, alice, bob, carol, twins):
    ann, anna = twins
    client.force_login(carol)

    page = client.get(_side_by_side(ann, anna))

    assert page.status_code == 200
    assert [page.context[name] for name in ("may_change", "may_merge", "may_swap")] == [False, False, False]
    assert "not merge them this way" in page.content.decode()
    assert "data-key" not in page.content.decode().split("<main")[1]
    assert client.post(_side_by_side(ann, anna), _seen(ann, anna)).status_code == 403
    assert Contact.objects.filter(pk__in=[ann.pk, anna.pk]).count() == 2
    # Of two records the one that goes is one that the user may delete.
    role = bob.roles.get()
    role.grants["contact"] = {**role.grants["contact"], "delete": access.OWN}
    role.save()
    Contact.objects.filter(pk=ann.pk).update(owner=bob)
    assert ContactPair.objects.mergeable_by(bob).get().merge_url_for(bob) == _side_by_side(anna, ann)
    assert ContactPair.objects.get().merge_url_for(alice) == _side_by_side(ann, anna)


def test_one_that_changed_meanwhile_is_shown_again_and_not_merged(client, alice, twins):
    ann, anna = twins
    seen = _seen(ann, anna)
    anna.city = "Hamburg"
    anna.save()
    client.force_login(alice)

    answer = client.post(_side_by_side(ann, anna), seen)

    assert answer.status_code == 422
    assert "changed one of the two" in answer.content.decode()
    assert (Contact.objects.count(), Merge.objects.count()) == (2, 0)
    assert client.post(_side_by_side(ann, anna), {}).status_code == 400


def test_never_the_same_takes_the_pair_off_the_desk_for_good(client, alice, twins):
    ann, anna = twins
    client.force_login(alice)

    client.post(reverse("contacts:merge_never", args=["contact", anna.pk, ann.pk]))

    pair = ContactPair.objects.get()
    assert (pair.state, pair.by, Contact.objects.count()) == ("never", alice, 2)
    assert (
        "Ann" not in client.get(reverse("contacts:duplicates"), {"view": "open"}).content.decode().split("<tbody")[-1]
    )


def test_nobody_is_a_duplicate_of_himself(client, alice, twins):
    client.force_login(alice)
    ContactPair.objects.all().delete()
    pk = twins[0].pk

    assert client.post(reverse("contacts:merge_never", args=["contact", pk, pk])).status_code == 404
    assert client.get(reverse("contacts:merge_new", args=["contact", pk, pk])).status_code == 404

    assert not ContactPair.objects.exists()


@pytest.mark.parametrize(("act", "left"), [("merge", 1), ("never", 2)])
def test_many_pairs_are_decided_at_once(client, alice, twins, act, left):
    client.force_login(alice)

    client.post(reverse("list_bulk", args=["contact_pairs", act]), {"pick": ContactPair.objects.get().pk, "go": "1"})

    assert Contact.objects.count() == left
    assert not ContactPair.objects.open().exists()


def test_parting_shows_what_came_since_and_brings_both_back(client, alice, bob, mallory, twins):
    ann, anna = twins
    merge = merging.merge_contacts(ann, anna, by=alice)
    people.log_talk(ann, "note", "Met her", by=alice)
    page = reverse("contacts:merge_show", args=[merge.pk])
    client.force_login(mallory)
    assert (
        client.get(page).status_code == client.post(reverse("contacts:merge_undo", args=[merge.pk])).status_code == 404
    )
    client.force_login(bob)
    assert "Events: 1" in client.get(page).content.decode()

    client.post(reverse("contacts:merge_undo", args=[merge.pk]))

    anna.refresh_from_db()
    assert (anna.first_name, Contact.objects.count()) == ("Anna", 2)
    assert "Parted again" in client.get(page).content.decode()


def test_who_is_here_already_is_told_while_typing_and_stops_the_first_press(client, alice, mallory, twins):
    typed = {"first_name": "Ann", "last_name": "Li", "email": "ANN@example.com", "stage": "lead"}
    client.force_login(alice)
    told = client.get(reverse("contacts:similar"), typed).content.decode()
    assert "Ann Lee" in told
    assert "same email" in told
    assert client.get(reverse("contacts:similar"), {"exclude": "x", "birthday_on": "x"}).content.strip() == b""

    first = client.post(reverse("contacts:contact_create"), typed)
    assert (first.status_code, Contact.objects.count()) == (422, 2)
    second = client.post(reverse("contacts:contact_create"), typed | {"anyway": "1"})
    assert (second.status_code, Contact.objects.count()) == (302, 3)

    client.force_login(mallory)
    assert b"Ann Lee" not in client.get(reverse("contacts:similar"), typed).content


def test_a_company_that_is_here_already_is_told_too(client, alice):
    company = Company(name="ООО «Волна Севера»", inn="7707083893")
    company.assign_to(alice)
    company.save()
    client.force_login(alice)
    assert "Волна" in client.get(reverse("contacts:company_similar"), {"name": "Volna Severa"}).content.decode()

    first = client.post(reverse("contacts:company_create"), {"name": "Волна Севера"})
    second = client.post(reverse("contacts:company_create"), {"name": "Волна Севера", "anyway": "1"})

    assert (first.status_code, second.status_code, Company.objects.count()) == (422, 302, 2)


def test_what_is_merged_by_itself_is_set_by_those_who_run_the_company(client, admin, alice, carol):
    address = reverse("contacts:duplicate_settings")
    client.force_login(carol)
    assert client.post(address, {"is_automatic": "on", "least_score": "0.995"}).status_code == 403
    client.force_login(admin)
    assert client.post(address, {"is_automatic": "on", "least_score": "0.5"}).status_code == 422
    assert not DuplicateSettings.objects.exists()

    client.post(address, {"is_automatic": "on", "least_score": "0.995"})

    row = DuplicateSettings.get()
    assert (row.is_automatic, row.least_score) == (True, 0.995)
    client.force_login(alice)
    assert client.post(reverse("contacts:duplicate_search")).status_code == 302
    assert Job.objects.get().kind == "contacts.duplicates"


def test_the_persons_page_names_who_may_be_the_same_and_what_was_merged(client, alice, carol, twins):
    ann, anna = twins
    panel = reverse("panel", args=["contact", "duplicates", ann.pk])
    client.force_login(alice)
    assert "Anna Lee" in client.get(panel).content.decode()
    merging.merge_contacts(ann, anna, by=alice)
    assert "Merged" in client.get(panel).content.decode()
    client.force_login(carol)
    assert "May be the same" not in client.get(panel).content.decode()


def test_a_search_that_nobody_comes_back_to_holds_up_no_other(admin):
    search_duplicates()
    Job.objects.update(state="running")
    OutboxMessage.objects.filter(kind="job").update(state="parked", attempts=5)
    search_duplicates()
    assert list(Job.objects.values_list("state", flat=True)) == ["running"]

    tasks.end_given_up_jobs()
    search_duplicates()

    assert list(Job.objects.order_by("pk").values_list("kind", "state")) == [
        ("contacts.duplicates", "failed"),
        ("contacts.duplicates", "queued"),
    ]
