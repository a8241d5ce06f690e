"""Records of own kinds: made, changed, found, listed and deleted with the rights of their kind."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from contacts.models import Playbook, PlaybookRun, Task
from contacts.services import playbooks
from crm import access
from crm.audit import changes_of
from crm.custom import CustomRefused, write
from crm.models import CustomField, Event, ObjectKind, ObjectRecord, ObjectRelation, Role, StoredFile
from crm.objects import kind_acts, records, ties
from crm.objects.relations import links_of, tied
from crm.reasons import explain
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, alice, workspace):
    client.force_login(alice)
    return client


def events_of(record):
    return list(Event.objects.about(record).order_by("id").values_list("kind", flat=True))


def test_a_record_is_made_with_its_fields_and_tells_the_stream(signed_in, alice, contracts, signed_on, serial):
    url = reverse("object_new", args=["contract"])
    data = {"title": "Lease", "owner": alice.pk, "cf_signed_on": "2026-03-01", "cf_serial": "S-1"}

    answer = signed_in.post(url, data)

    record = ObjectRecord.objects.get()
    assert answer["Location"] == reverse("object_show", args=["contract", record.pk])
    assert (record.title, record.owner, record.team, record.number) == ("Lease", alice, alice.team, 1)
    assert record.custom == {"signed_on": "2026-03-01", "serial": "S-1"}
    assert events_of(record) == ["object.created"]


def test_a_required_field_is_asked_for_and_what_was_typed_stays(signed_in, contracts, serial):
    CustomField.objects.filter(pk=serial.pk).update(is_required=True)

    answer = signed_in.post(reverse("object_new", args=["contract"]), {"title": "Lease", "cf_serial": ""})

    assert answer.status_code == 422
    assert "Fill in “Serial”." in answer.content.decode()
    assert 'value="Lease"' in answer.content.decode()
    assert not ObjectRecord.objects.exists()


def test_a_second_record_with_what_one_may_have_leads_to_the_first(signed_in, contracts, make, serial):
    ObjectKind.objects.filter(pk=contracts.pk).update(unique_by="serial")
    make("Lease", custom={"serial": "S 1"})

    answer = signed_in.post(reverse("object_new", args=["contract"]), {"title": "Other", "cf_serial": "s 1"})

    assert answer.status_code == 422
    assert "“Lease” has the same: Serial." in answer.content.decode()
    assert ObjectRecord.objects.count() == 1


def test_no_way_of_writing_gets_round_what_one_may_have(contracts, make, serial, alice):
    ObjectKind.objects.filter(pk=contracts.pk).update(unique_by="serial")
    make("Lease", custom={"serial": "S 1"})
    other = make("Other", custom={"serial": "S 2"})

    with pytest.raises(CustomRefused) as refusal:
        write(other, {"serial": "S 1"}, by=alice)

    assert list(refusal.value.errors) == ["serial"]
    other.refresh_from_db()
    assert (other.custom, other.unique_value) == ({"serial": "S 2"}, "s 000002")


def test_a_title_is_changed_once_and_told(signed_in, contracts, make):
    record = make("Lease")
    edit = reverse("object_edit", args=["contract", record.pk])
    opened = signed_in.get(edit).context["form"].opened

    signed_in.post(edit, {"title": "Big lease", "owner": record.owner_id, "opened": opened})

    record.refresh_from_db()
    assert (record.title, record.name_key, record.version) == ("Big lease", "big lease", 2)
    assert events_of(record) == ["object.created", "object.changed"]
    assert [(c.label, c.before, c.after) for c in changes_of(record) if c.field == "title"] == [
        ("title", "Lease", "Big lease")
    ]


def test_who_saves_an_outdated_form_is_told_and_loses_nothing(signed_in, contracts, make):
    record = make("Lease")
    edit = reverse("object_edit", args=["contract", record.pk])
    opened = signed_in.get(edit).context["form"].opened
    records.change_title(record, "Theirs", by=record.owner)

    answer = signed_in.post(edit, {"title": "Mine", "owner": record.owner_id, "opened": opened})

    assert answer.status_code == 422
    assert "Theirs" in answer.content.decode()
    assert 'value="Mine"' in answer.content.decode()
    assert ObjectRecord.objects.get().title == "Theirs"


def test_the_page_shows_what_there_is(signed_in, contracts, make, signed_on, django_assert_max_num_queries):
    record = make("Lease", custom={"signed_on": "2026-03-01"})

    with django_assert_max_num_queries(28):
        page = signed_in.get(record.get_absolute_url()).content.decode()

    assert "Lease" in page
    assert "1 Mar" in page
    assert reverse("panel", args=["co_contract", "files", record.pk]) in page


def test_a_note_stands_in_the_timeline_of_the_record(signed_in, contracts, make):
    record = make("Lease")

    signed_in.post(reverse("object_note", args=["contract", record.pk]), {"text": "They want two years"})

    assert events_of(record) == ["object.created", "note.added"]
    page = signed_in.get(reverse("timeline", args=["co_contract", record.pk])).content.decode()
    assert "They want two years" in page


def test_a_file_is_kept_with_the_record_and_has_its_rights(client, contracts, make, alice, mallory, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    record = make("Lease")
    client.force_login(alice)
    url = reverse("object_file_create", args=["contract", record.pk])
    client.post(url, {"file": SimpleUploadedFile("a.txt", b"Signed")})

    file = StoredFile.objects.get()
    assert (file.target_type, file.target_id) == ("crm.objectrecord", record.pk)
    assert client.get(file.get_absolute_url()).status_code == 200
    client.force_login(mallory)
    assert client.get(file.get_absolute_url()).status_code == 404


def test_the_list_has_the_fields_as_columns_in_a_fixed_number_of_queries(
    signed_in, contracts, make, signed_on, serial, django_assert_max_num_queries
):
    for n in range(12):
        make(f"Lease {n}", custom={"signed_on": f"2026-03-{n + 1:02}", "serial": f"S-{n}"})

    with django_assert_max_num_queries(22):
        page = signed_in.get(reverse("object_index", args=["contract"]) + "?sort=-cf_signed_on").content.decode()

    assert page.index("Lease 11") < page.index("Lease 2<") < page.index("Lease 0")
    assert "S-11" in page


def test_a_list_is_filtered_exported_and_changed_in_bulk_by_the_one_engine(
    signed_in, alice, bob, contracts, make, signed_on
):
    early, late = make("Early", custom={"signed_on": "2026-01-01"}), make("Late", custom={"signed_on": "2026-06-01"})
    wish = '?f={"all":[{"field":"cf_signed_on","op":"after","value":"2026-03-01"}]}'

    page = signed_in.get(reverse("object_index", args=["contract"]) + wish).content.decode()
    signed_in.post(
        reverse("list_bulk", args=["co_contract", "assign"]), {"pick": [early.pk], "go": "1", "owner": bob.pk}
    )

    assert "Late" in page
    assert "Early" not in page
    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.owner, late.owner) == (bob, alice)


def test_deleting_takes_it_away_and_leaves_a_word(signed_in, contracts, make, alice):
    record = make("Lease")

    signed_in.post(reverse("object_delete", args=["contract", record.pk]))

    assert not ObjectRecord.objects.exists()
    assert Event.objects.filter(kind="object.deleted").get().data["title"] == "Lease"


def test_each_kind_has_rights_of_its_own(contracts, make, alice, bob, carol, mallory):
    machine = kind_acts.create_kind(ObjectKind(code="machine", name_en="Machine", plural_en="Machines"), like="company")
    role = Role.objects.get(code="teammate")
    role.grants["co_machine"] = {"view": access.ALL, "edit": access.NONE, "delete": access.NONE, "export": access.NONE}
    role.save()
    lease, drill = make("Lease"), records.create_record(machine, "Drill", by=mallory)
    bob = type(bob).objects.get(pk=bob.pk)

    def seen(user, act="visible_to"):
        return sorted(str(row) for row in getattr(ObjectRecord.objects, act)(type(user).objects.get(pk=user.pk)))

    assert seen(alice) == ["Lease"]
    assert seen(bob) == ["Drill", "Lease"]
    assert seen(bob, "editable_by") == ["Lease"]
    assert seen(bob, "exportable_by") == ["Lease"]
    assert seen(carol) == ["Drill", "Lease"]
    assert seen(mallory) == ["Drill"]
    for user in (alice, bob, carol, mallory):
        user = type(user).objects.get(pk=user.pk)
        for row in (lease, drill):
            told = {verdict.act: verdict.allowed for verdict in explain(user, row)}
            assert told["view"] == ObjectRecord.objects.visible_to(user).filter(pk=row.pk).exists()
            assert told["edit"] == ObjectRecord.objects.visible_to(user).editable_by(user).filter(pk=row.pk).exists()


def test_a_record_of_one_kind_is_none_of_another(signed_in, contracts, make):
    kind_acts.create_kind(ObjectKind(code="machine", name_en="Machine", plural_en="Machines"), like="contact")
    record = make("Lease")

    def answers(kind):
        pages = ("panel", [kind, "files", record.pk]), ("why", [kind, record.pk]), ("history", [kind, record.pk])
        pages = (*pages, ("timeline", [kind, record.pk]), ("object_show", [kind.removeprefix("co_"), record.pk]))
        codes = [signed_in.get(reverse(name, args=args)).status_code for name, args in pages]
        return [*codes, signed_in.post(reverse("follow", args=[kind, record.pk])).status_code]

    assert answers("co_contract") == [200] * 5 + [302]
    assert answers("co_machine") == [404] * 6


def test_work_on_a_deleted_record_stays_with_who_has_it(signed_in, alice, contracts, make):
    record, on_it = make("Lease"), {"about": "co_contract"}
    form = {
        "title": "Renew it",
        "kind": "task",
        "priority": 1,
        "due_on": "2027-01-10",
        "owner": alice.pk,
        "note": "Soon",
    }
    signed_in.post(reverse("contacts:task_new"), form | on_it | {"of": record.pk})
    playbook = Playbook.objects.create(name="Renewal")
    playbook.steps.create(position=1, title="Call", days=1)
    playbooks.start(playbook, record, by=alice)

    signed_in.post(reverse("object_delete", args=["contract", record.pk]))

    said = "About “Lease”, which was deleted."
    assert sorted(Task.objects.values_list("title", "note", "target_type", "target_id", "owner")) == [
        ("Call", said, "", None, alice.pk), ("Renew it", f"Soon\n\n{said}", "", None, alice.pk)
    ]  # fmt: skip
    assert not PlaybookRun.objects.get().is_running
    page = signed_in.get(reverse("contacts:task_show", args=[Task.objects.get(title="Call").pk])).content.decode()
    assert said in page


def test_a_file_comes_with_the_form_and_a_refused_one_makes_nothing(signed_in, contracts, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    CustomField.objects.create(subject="co_contract", key="scan", kind="file", label_en="Scan")
    url = reverse("object_new", args=["contract"])

    refused = signed_in.post(url, {"title": "Lease", "cf_scan": SimpleUploadedFile("a.exe", b"MZ")})
    made_before = ObjectRecord.objects.count()
    signed_in.post(url, {"title": "Lease", "cf_scan": SimpleUploadedFile("a.txt", b"Signed")})

    assert refused.status_code == 422
    assert "is a program" in refused.content.decode()
    assert made_before == 0
    file, record = StoredFile.objects.get(), ObjectRecord.objects.get()
    assert record.custom == {"scan": {"file": str(file.uuid), "name": "a.txt"}}
    assert (file.target_type, file.target_id) == ("crm.objectrecord", record.pk)


def test_work_stands_on_a_record_and_repeats_its_next_step(signed_in, alice, contracts, make):
    record = make("Lease")
    person = factories.contact("Ann", "Lee", owner=alice, team=alice.team)
    relation = ObjectRelation.objects.create(kind=contracts, target="contact", label_en="Customer")
    ties.tie(relation, record, person, by=alice)

    form = {"title": "Renew it", "kind": "task", "priority": 1, "due_on": "2027-01-10", "owner": alice.pk}
    form |= {"about": "co_contract", "of": record.pk}
    signed_in.post(reverse("contacts:task_new"), form)

    task = Task.objects.get()
    assert (task.target_type, task.target_id, task.contact) == ("crm.objectrecord", record.pk, person)
    record.refresh_from_db()
    assert record.next_step == "Renew it"
    panel = signed_in.get(reverse("panel", args=["co_contract", "tasks", record.pk])).content.decode()
    assert "Renew it" in panel


def test_the_boxes_of_a_form_follow_the_rules_while_it_is_filled_in(signed_in, alice, contracts, make, serial):
    shown = {"show": {"all": [{"field": "owner", "op": "not_empty"}]}}
    CustomField.objects.filter(pk=serial.pk).update(rules=shown)
    record = make("Sale")

    def has_box(pk, **typed):
        answer = signed_in.post(reverse("custom_boxes", args=["co_contract", pk]), {"title": "Sale", **typed})
        return "cf_serial" in answer.content.decode()

    assert has_box(record.pk, owner=alice.pk)
    assert not has_box(record.pk, owner="")
    assert has_box(0, owner=alice.pk)
    assert not has_box(0, owner="")


def test_two_people_on_one_form_lose_nothing_of_own_fields_and_ties(signed_in, alice, contracts, make, serial, relate):
    ann, ben = (factories.contact(first, "Lee", owner=alice, team=alice.team) for first in ("Ann", "Ben"))
    relation = relate(is_single=True)
    record = make("Lease", custom={"serial": "S-1"})
    ties.tie(relation, record, ann, by=alice)
    edit = reverse("object_edit", args=["contract", record.pk])
    form = signed_in.get(edit).context["form"]
    mine = {"title": "Lease", "owner": alice.pk, "cf_serial": "S-1", relation.name: form[relation.name].value()}
    mine["opened"] = form.opened
    write(record, {"serial": "S-2"}, by=alice)
    ties.tie(relation, record, ben, by=alice)

    first = signed_in.post(edit, mine | {"title": "Big lease"})
    now = ObjectRecord.objects.get()
    assert (first.status_code, now.title, now.custom) == (302, "Big lease", {"serial": "S-2"})
    assert tied(relation, record, alice).get() == ben

    second = signed_in.post(edit, mine | {"cf_serial": "S-3", relation.name: ""})
    assert (second.status_code, ObjectRecord.objects.get().custom) == (422, {"serial": "S-2"})
    assert second.context["form"].theirs == [("Customer", f"Ben Lee #{ben.pk}"), ("Serial", "S-2")]
    # Who has read it and saves again means it.
    mine["opened"] = second.context["form"].opened
    third = signed_in.post(edit, mine | {"cf_serial": "S-3", relation.name: f"Ann Lee #{ann.pk}"})
    now = ObjectRecord.objects.get()
    assert (third.status_code, now.title, now.custom) == (302, "Lease", {"serial": "S-3"})
    assert tied(relation, record, alice).get() == ann


def test_who_does_not_see_the_other_record_is_not_made_to_replace_it(
    client, alice, bob, mallory, contracts, make, relate
):
    relation = relate(is_single=True, is_required=True)
    record = make("Lease")
    hers = factories.contact("Mel", "Ray", owner=mallory, team=mallory.team)
    ties.tie(relation, record, hers, by=mallory)
    client.force_login(alice)
    edit = reverse("object_edit", args=["contract", record.pk])

    form = client.get(edit).context["form"]
    answer = client.post(edit, {"title": "Big lease", "owner": alice.pk, "opened": form.opened})

    assert relation.name not in form.fields
    assert answer.status_code == 302
    assert ObjectRecord.objects.get().title == "Big lease"
    assert list(links_of(relation).values_list("target", flat=True)) == [hers.pk]


def test_a_refused_twin_is_named_only_to_those_who_see_it(client, alice, mallory, contracts, serial):
    ObjectKind.objects.filter(pk=contracts.pk).update(unique_by="serial")
    records.create_record(ObjectKind.objects.get(), "Secret plan", by=mallory, custom={"serial": "S 1"})
    client.force_login(alice)

    answer = client.post(reverse("object_new", args=["contract"]), {"title": "Other", "cf_serial": "s 1"})

    assert answer.status_code == 422
    assert "Secret plan" not in answer.content.decode()
    assert "A record that you do not see has the same: Serial." in answer.content.decode()
    assert ObjectRecord.objects.count() == 1
