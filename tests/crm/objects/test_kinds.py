"""Kinds: made with fitting rights and a limit, called anew, retired and brought back, deleted only when asked for."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm import access, field_access, jobs
from crm.lists.page import page_named
from crm.models import CustomField, Job, ObjectKind, ObjectRecord, ObjectRelation, Role, SavedView
from crm.objects import kind_acts, kind_forms, records
from crm.search import search

pytestmark = pytest.mark.django_db

NEW = {"name_en": "Contract", "plural_en": "Contracts", "name_ru": "Договор", "plural_ru": "Договоры", "icon": "file-text",
       "in_navigation": "on", "like": "contact"}  # fmt: skip


@pytest.fixture
def signed_in(client, admin, workspace):
    client.force_login(admin)
    return client


def run(name):
    """Run the one job of that kind."""
    job = Job.objects.get(kind=name)
    jobs.run({"job": job.pk})
    job.refresh_from_db()
    return job


def test_a_kind_is_made_with_the_rights_of_another_and_is_there_at_once(signed_in, alice):
    answer = signed_in.post(reverse("object_kind_new"), NEW)

    kind = ObjectKind.objects.get()
    assert answer["Location"] == reverse("object_kind_edit", args=[kind.pk])
    assert (kind.code, kind.subject, str(kind)) == ("contract", "co_contract", "Contracts")
    assert Role.objects.get(code="rep").grants["co_contract"] == Role.objects.get(code="rep").grants["contact"]
    page = signed_in.get(reverse("object_index", args=["contract"]))
    assert page.status_code == 200
    assert b'href="/objects/contract/" aria-current="page"' in page.content.replace(b"\n    ", b" ")


def test_a_kind_needs_names_and_a_pattern_that_tells_records_apart(signed_in):
    answer = signed_in.post(reverse("object_kind_new"), NEW | {"plural_en": "", "pattern": "Contract {nmber}"})

    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"plural_en", "pattern"}
    assert "There is no field “nmber”." in str(answer.context["form"].errors["pattern"])
    assert not ObjectKind.objects.exists()


def test_there_is_a_limit_that_says_so(signed_in, monkeypatch):
    monkeypatch.setattr(kind_forms, "MOST_KINDS", 1)
    signed_in.post(reverse("object_kind_new"), NEW)

    answer = signed_in.post(reverse("object_kind_new"), NEW)

    assert answer.status_code == 422
    assert "There are 1 kinds already" in answer.content.decode()
    assert ObjectKind.objects.count() == 1


def test_two_of_the_same_name_get_codes_of_their_own(signed_in):
    signed_in.post(reverse("object_kind_new"), NEW)
    signed_in.post(reverse("object_kind_new"), NEW)

    assert list(ObjectKind.objects.order_by("pk").values_list("code", flat=True)) == ["contract", "contract_2"]


def test_who_saves_an_outdated_kind_is_told(signed_in, contracts):
    ObjectKind.objects.filter(pk=contracts.pk).update(version=2, name_en="Agreement")

    answer = signed_in.post(reverse("object_kind_edit", args=[contracts.pk]), NEW | {"version": "1"})

    assert answer.status_code == 422
    assert "Somebody else has changed this kind" in answer.content.decode()
    assert ObjectKind.objects.get().name_en == "Agreement"


def test_a_pattern_calls_new_records_and_those_that_are_there(signed_in, contracts, make, signed_on):
    first = make("Old name", custom={"signed_on": "2026-03-01"})
    signed_in.post(
        reverse("object_kind_edit", args=[contracts.pk]), NEW | {"version": "1", "pattern": "C-{n} of {signed_on}"}
    )

    run("objects.rename")
    kind = ObjectKind.objects.get()
    second = records.create_record(kind, "", by=first.owner, custom={"signed_on": "2026-04-01"})

    first.refresh_from_db()
    assert (first.title, first.name_key) == ("C-1 of 2026-03-01", "c-000001 of 002026-000003-000001")
    assert second.title == "C-2 of 2026-04-01"


def test_what_nobody_may_share_is_found_in_what_is_there(signed_in, contracts, make, serial):
    one, twin = make("A", custom={"serial": "S 1"}), make("B", custom={"serial": "s  1"})

    signed_in.post(reverse("object_kind_edit", args=[contracts.pk]), NEW | {"version": "1", "unique_by": "serial"})
    job = run("objects.rename")

    one.refresh_from_db()
    twin.refresh_from_db()
    assert (one.unique_value, twin.unique_value) == ("s 000001", None)
    assert job.result["records"] == [["B", twin.get_absolute_url()]]


def test_a_retired_kind_is_nowhere_and_comes_back_whole(signed_in, admin, alice, contracts, make):
    record = make("Lease")
    signed_in.post(reverse("object_kind_retire", args=[contracts.pk]))

    assert signed_in.get(reverse("object_index", args=["contract"])).status_code == 404
    assert signed_in.get(f"/objects/contract/{record.pk}/").status_code == 404
    assert not ObjectRecord.objects.visible_to(admin).exists()
    assert "co_contract" not in {kind.name for kind in access.kinds()}
    assert search(admin, "lease") == []
    # Saving a role meanwhile keeps its rights on the kind.
    role = Role.objects.get(code="rep")
    shown = {
        f"{kind.name}:{act}": role.level(kind.name, act) if kind.owned else 0
        for kind in access.kinds()
        for act, _label in access.ACTS
    }
    signed_in.post(reverse("role_edit", args=[role.pk]), {"name": "Rep"} | shown)

    signed_in.post(reverse("object_kind_restore", args=[contracts.pk]))

    assert Role.objects.get(code="rep").name == "Rep"
    assert list(ObjectRecord.objects.visible_to(type(alice).objects.get(pk=alice.pk))) == [record]
    assert [(source.kind, hits) for source, hits in search(admin, "lease")] == [("co_contract", [record])]


def test_a_kind_with_records_goes_only_when_its_name_is_typed(signed_in, admin, contracts, make, signed_on, relate):
    make("Lease")
    relate()
    SavedView.objects.create(list_name="co_contract", name="Mine", owner=admin)
    url = reverse("object_kind_delete", args=[contracts.pk])

    refused = signed_in.post(url, {"typed": "Contract"})

    assert refused.status_code == 422
    assert not Job.objects.exists()
    assert ObjectRecord._base_manager.count() == 1

    signed_in.post(url, {"typed": "contracts"})
    job = run("objects.delete")

    assert job.result["rows"] == [["Deleted", 1]]
    for model in (ObjectKind, ObjectRecord, ObjectRelation, CustomField, SavedView):
        assert not model._base_manager.exists()
    assert "co_contract" not in Role.objects.get(code="rep").grants
    assert page_named("co_contract") is None


def test_a_kind_that_was_brought_back_is_not_deleted(contracts, make, admin):
    make("Lease")
    job = kind_acts.start_deleting(contracts, by=admin)
    kind_acts.restore(contracts)

    jobs.run({"job": job.pk})

    assert ObjectRecord._base_manager.count() == 1
    job.refresh_from_db()
    assert job.state == "failed"


def test_who_may_not_change_settings_defines_nothing(client, alice, contracts):
    client.force_login(alice)

    answers = [client.get(reverse("object_kinds")), client.post(reverse("object_kind_new"), NEW)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert ObjectKind.objects.count() == 1


def test_records_that_are_made_while_the_form_is_open_keep_their_numbers(admin, contracts, make):
    opened = ObjectKind.objects.get()
    make("One")
    make("Two")
    opened.name_en = "Agreement"

    kind_acts.change_kind(opened, "1", by=admin)

    assert ObjectKind.objects.values_list("name_en", "last_number").get() == ("Agreement", 2)
    assert make("Three").number == 3


def test_a_title_tells_nobody_what_is_hidden_from_some(signed_in, contracts, serial):
    role = Role.objects.get(code="rep")
    Role.objects.filter(pk=role.pk).update(fields={"co_contract": {"cf_serial": 0}})
    url = reverse("object_kind_edit", args=[contracts.pk])

    limited = signed_in.post(url, NEW | {"version": "1", "pattern": "C-{serial}"})
    Role.objects.filter(pk=role.pk).update(fields={})
    CustomField.objects.filter(pk=serial.pk).update(seen_by=["rep"])
    for_some = signed_in.post(url, NEW | {"version": "1", "pattern": "C-{serial}"})

    assert [limited.status_code, for_some.status_code] == [422, 422]
    assert "“Serial” is not for everybody to see" in limited.content.decode()
    assert ObjectKind.objects.get().pattern == ""
    # What stands in the title already cannot be limited later.
    assert ("cf_serial", "Serial") in field_access.guarded("co_contract")
    ObjectKind.objects.update(pattern="C-{serial}")
    assert field_access.guarded("co_contract") == []


def test_a_pattern_and_titles_that_must_differ_do_not_go_together(signed_in, contracts):
    url = reverse("object_kind_edit", args=[contracts.pk])

    answer = signed_in.post(url, NEW | {"version": "1", "pattern": "C-{year}", "unique_by": "title"})

    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"unique_by"}
    assert ObjectKind.objects.get().unique_by == ""


def test_calling_anew_waits_for_those_who_are_changing_a_title(signed_in, contracts, make):
    make("Lease")
    signed_in.post(reverse("object_kind_edit", args=[contracts.pk]), NEW | {"version": "1", "pattern": "C-{n}"})

    with CaptureQueriesContext(connection) as asked:
        run("objects.rename")

    read = [q["sql"] for q in asked if '"crm_objectrecord"."name_key"' in q["sql"] and "LIMIT 500" in q["sql"]]
    assert read
    assert all("FOR UPDATE" in sql for sql in read)


def test_a_field_of_the_title_is_not_closed_to_some(signed_in, contracts, make, serial):
    ObjectKind.objects.update(pattern="C-{serial}")
    url = reverse("custom_field_edit", args=[serial.pk])
    data = {"kind": "text", "label_en": "Serial", "version": serial.version}

    refused = signed_in.post(url, data | {"seen_by": "rep"})
    ObjectKind.objects.update(pattern="C-{n}")
    taken = signed_in.post(url, data | {"seen_by": "rep"})

    assert (refused.status_code, taken.status_code) == (422, 302)
    assert "stands in the title of “Contracts”" in str(refused.context["form"].errors["seen_by"])
    assert CustomField.objects.get(pk=serial.pk).seen_by == ["rep"]
