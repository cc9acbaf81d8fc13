# Licensed under the Apache License, Version 2.0; see LICENSE.
"""orchestrator-import-legacy: what it takes over, as what, and what it leaves."""

import json
import uuid

import pytest

from harness.client import template, unique
from harness.sealed import key_of, unseal
from legacy_import.old import CREATED, made_by_the_old_server
from stack import process

STATUSES = {"CREATE_COMPLETE": 0, "CREATE_FAILED": 1, "CREATE_IN_PROGRESS": 2, "DELETE_COMPLETE": 3, "DELETE_FAILED": 4,
            "DELETE_IN_PROGRESS": 5, "UNKNOWN": 6, "UPDATE_COMPLETE": 7, "UPDATE_FAILED": 8}


def everything(rig):
    """All that an import may write."""
    tables = ("users", "templates", "deployments", "deployment_owners", "resources", "resource_requirements",
              "operations", "operation_steps", "operation_times", "operation_logs", "infrastructures", "work",
              "legacy_imports")
    return {table: sorted(json.dumps(row) for (row,) in rig.sql("SELECT to_jsonb(t) FROM %s t" % table))
            for table in tables}


def infra():
    """The id of an infrastructure that is at no IM."""
    return str(uuid.uuid4())


def test_a_dry_run_tells_and_writes_nothing(legacy, rig):
    alice, template_text = rig.person(), template()
    legacy.deployment(alice, infra(), template=template_text)
    legacy.deployment(alice, infra(), template=template_text)
    legacy.deployment(alice, infra(), template=template())
    refused = legacy.deployment(alice, infra(), cloud_provider_name="ELSEWHERE")
    legacy.owner("somebody-" + alice.name)
    legacy.load()
    before = everything(rig)
    reports = [legacy.run(*options) for options in ((), ("--dry-run",))]
    assert everything(rig) == before
    for report in reports:
        assert report.status == 3 and report.counts() == (2, 1, 2, 3, 0, 1)
        assert list(report.lines) == [refused] and "nothing was written" in report.said
    assert legacy.write(3).counts() == (2, 1, 2, 3, 0, 1)


@pytest.mark.parametrize("options", [["--dry-run", "--write"], ["--nonsense"], ["more"], ["--callback-host", "/"]])
def test_odd_options_are_refused(legacy, options):
    report = legacy.run(*options)
    assert report.status == 2 and "usage:" in report.complaint


def test_it_breaks_off_where_nothing_can_be_read(legacy, tmp_path):
    nowhere = str(tmp_path / "nowhere.cnf")
    process.write(nowhere, "[client]\nsocket=%s\n" % (tmp_path / "no-socket"))
    report = legacy.run(**{"from": nowhere})
    assert report.status == 1 and "old database can't be reached" in report.complaint


@pytest.mark.parametrize("status, becomes, reason", [
    ("CREATE_COMPLETE", "CREATE_COMPLETE", None),
    ("CREATE_FAILED", "CREATE_FAILED", "the old reason"),
    ("UPDATE_COMPLETE", "UPDATE_COMPLETE", None),
    ("UPDATE_FAILED", "UPDATE_FAILED", "the old reason"),
    ("UPDATE_IN_PROGRESS", "UPDATE_FAILED", "It was being updated when"),
    ("DELETE_FAILED", "DELETE_FAILED", "the old reason"),
    ("DELETE_COMPLETE", "DELETE_COMPLETE", None),
    ("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", None),
    ("DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS", None),
    ("UNKNOWN", "UNKNOWN", "the old reason"),
])
def test_each_status_becomes_what_can_be_told_of_it(legacy, rig, status, becomes, reason):
    made = infra()
    id = legacy.deployment(rig.person(), made, status, status_reason="the old reason password: hunter2hunter2")
    legacy.write()
    row = rig.deployment(id)
    assert row["status"] == STATUSES[becomes]
    assert (row["status_reason"] or "").startswith(reason or "") and bool(row["status_reason"]) == bool(reason)
    assert "hunter2" not in json.dumps([row, rig.log_lines(id)])
    assert row["created_at"].startswith("2024-03-01T09:56:01.123456")
    assert row["updated_at"].startswith("2024-03-02") or becomes == "DELETE_IN_PROGRESS"  # which was asked for now
    is_there = status != "DELETE_COMPLETE"
    assert row["im_infra_id"] == (made if is_there else None)
    assert [(one["infra_id"], one["standing"], one["unwanted_at"]) for one in rig.known(id)] == \
        ([(made, "made", None)] if is_there else [])
    watched = rig.sql("SELECT FROM work WHERE id = %s AND kind = 'watch'", (id,))
    assert bool(watched) == (becomes in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_FAILED", "UNKNOWN"))
    assert rig.log_lines(id)[0] == "It was taken over from the former orchestrator, where it was %s." % status


@pytest.mark.parametrize("status, becomes", [
    ("CREATE_COMPLETE", "CREATE_FAILED"), ("CREATE_IN_PROGRESS", "CREATE_FAILED"), ("UNKNOWN", "CREATE_FAILED"),
    ("CREATE_FAILED", "CREATE_FAILED"), ("DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS"),
    ("DELETE_FAILED", "DELETE_FAILED")])
def test_without_an_infrastructure_nothing_is_thought_to_be_there(legacy, rig, status, becomes):
    id = legacy.deployment(rig.person(), None, status, deployment_provider=None, cloud_provider_name=None,
                           cloud_provider_endpoint=None)
    report = legacy.write()
    assert rig.deployment(id)["status"] == STATUSES[becomes] and not rig.known(id)
    assert not rig.sql("SELECT FROM work WHERE id = %s", (id,))
    told = "PAAS_DEP_UUID=" + id in report.said
    assert told == (status in ("CREATE_COMPLETE", "CREATE_IN_PROGRESS", "UNKNOWN"))


def test_everything_of_it_is_kept(legacy, rig):
    alice, text = rig.person(), template("with-a-name")
    host = {"id": str(uuid.uuid4()), "iaas_id": "4", "state": "STOPPED", "created_at": "2024-03-01 09:56:03"}
    other = {"id": str(uuid.uuid4()), "tosca_node_name": "volume", "tosca_node_type": "tosca.nodes.BlockStorage",
             "created_at": "2024-03-01 09:56:02"}
    id = legacy.deployment(alice, infra(), inputs={"num_cpus": 2}, template=text, nodes=[host, other],
                           outputs={"node_ip": "10.0.0.1", "list": [1, {"a": None}]})
    legacy.insert("resource_required_by", resource_id=other["id"], required_by=host["id"])
    twin = legacy.deployment(alice, infra(), template=text)
    legacy.write()
    row = rig.deployment(id)
    assert (row["created_by"], row["user_group"], row["user_group_issuer"]) == (alice.id, alice.group, alice.issuer)
    assert (row["target_provider"], row["target_region"], row["target_iaas_project"], row["im_endpoint"]) == \
        ("cloud-a", "region-1", "project-" + alice.group, rig.im_url)
    assert row["template_inputs"] == {"num_cpus": 2}
    assert row["template_outputs"] == {"node_ip": "10.0.0.1", "list": [1, {"a": None}]}
    assert rig.sql("SELECT user_id FROM deployment_owners WHERE deployment_id = %s", (id,)) == [(alice.id,)]
    assert rig.sql("SELECT content, name FROM templates WHERE id = %s", (row["template_id"],)) == [
        (text, "with-a-name")]
    assert rig.deployment(twin)["template_id"] == row["template_id"]
    assert [(one["id"], one["im_vm_idx"], one["status"], one["is_compute"]) for one in rig.resources(id)] == \
        [(host["id"], "4", 10, True), (other["id"], None, 8, False)]
    assert rig.sql("SELECT resource_id, required_by_id FROM resource_requirements WHERE resource_id = %s",
                   (other["id"],)) == [(other["id"], host["id"])]


def test_inputs_are_what_the_template_declares(legacy, rig):
    id = legacy.deployment(rig.person(), infra(), inputs={"num_cpus": "2"})
    assert not legacy.write().lines
    assert rig.deployment(id)["template_inputs"] == {"num_cpus": 2}


def test_what_does_not_fit_is_told_and_taken_all_the_same(legacy, rig):
    alice = rig.person()
    wrong = legacy.deployment(alice, infra(), inputs={"num_cpus": "many"})
    broken = legacy.deployment(alice, infra(), template="tosca_definitions_version: ?\n" + alice.name)
    going = legacy.deployment(alice, infra(), "CREATE_IN_PROGRESS", inputs={"num_cpus": "some"})
    report = legacy.write()
    assert report.counts()[3:] == (3, 0, 0)
    assert "do not fit its template (/num_cpus)" in report.lines[wrong][0]
    assert "can't be used here" in report.lines[broken][0]
    assert [rig.deployment(id)["status"] for id in (wrong, broken, going)] == [0, 0, 1]
    assert "many" not in report.said and rig.log_lines(wrong)[-1] == report.lines[wrong][0]
    assert [one["standing"] for one in rig.known(going)] == ["made"]


def test_a_callback_is_called_where_its_host_may_be(legacy, rig):
    """And of what was before nobody is told."""
    alice = rig.person()
    urls = ("https://dashboard.example.org/callback", "https://elsewhere.example.org/", "gopher://x")
    ids = [legacy.deployment(alice, infra(), callback=url) for url in urls]
    report = legacy.write(**{"callback-host": "dashboard.example.org"})
    assert [(rig.deployment(id)["callback"], rig.deployment(id)["callback_host"]) for id in ids] == [
        (urls[0], "dashboard.example.org:443"), (urls[1], None), (None, None)]
    assert "is not called" in report.lines[ids[1]][0] and "is left out" in report.lines[ids[2]][0]
    assert not rig.sql("SELECT FROM callbacks WHERE deployment_id = ANY (%s::uuid[])", (ids,))


def test_what_an_input_is_no_more_is_left_out(legacy, rig):
    id = legacy.deployment(rig.person(), infra(), inputs={"num_cpus": 3, "additional_description": "mine"})
    assert "additional_description" in legacy.write().lines[id][0]
    assert rig.deployment(id)["template_inputs"] == {"num_cpus": 3}


def test_a_template_goes_with_its_last_deployment(legacy, rig):
    alice, text = rig.person(), template(unique("goes"))
    ids = [legacy.deployment(alice, infra(), template=text) for _ in range(2)]
    legacy.write()
    left = []
    for id in ids:
        rig.sql("DELETE FROM deployments WHERE id = %s", (id,))
        left += rig.sql("SELECT count(*) FROM templates WHERE content = %s", (text,))
    assert left == [(1,), (0,)]


def test_secrets_are_sealed(legacy, rig):
    secret = "s3cr3t-" + uuid.uuid4().hex
    vm = {"vmProperties": [{"class": "system", "id": "simple_node", "disk.0.os.credentials.password": secret}]}
    node = {"id": str(uuid.uuid4()), "iaas_id": "0", "metadata": json.dumps({"VirtualMachineInfo": json.dumps(vm)})}
    id = legacy.deployment(rig.person(), infra(), inputs={"admin_password": secret}, outputs={"the_token": secret},
                           nodes=[node], template=template().replace(
                               "  inputs:\n", "  inputs:\n    admin_password: { type: string }\n"))
    report = legacy.write()
    assert secret not in report.said and secret not in json.dumps(everything(rig))
    key, row, (resource,) = key_of(rig.path("secret.key")), rig.deployment(id), rig.resources(id)
    assert secret in unseal(key, "deployments.template_inputs_sealed", id, row["template_inputs_sealed"])
    assert secret in unseal(key, "deployments.template_outputs_sealed", id, row["template_outputs_sealed"])
    opened = json.loads(unseal(key, "resources.metadata_sealed", node["id"], resource["metadata_sealed"]))
    assert opened == {"VirtualMachineInfo": vm}
    assert resource["metadata"]["VirtualMachineInfo"]["vmProperties"][0]["id"] == "simple_node"


@pytest.mark.parametrize("columns, why", [
    ({"cloud_provider_name": "ELSEWHERE"}, "its provider ELSEWHERE is called ELSEWHERE here"),
    ({"endpoint": {"imEndpoint": "https://im.third.example.org"}}, "it is at the Infrastructure Manager https"),
    ({"endpoint": {"hybridCloudProviderEndpoints": {"x": {}}}}, "it spans several providers"),
    ({"cloud_provider_name": None}, "at no cloud provider"),
    ({"cloud_provider_endpoint": "{"}, "its cloud_provider_endpoint is no JSON"),
    ({"deployment_provider": "MARATHON"}, "it is at MARATHON"),
    ({"status": "SLEEPING"}, "its status is none that is known: SLEEPING"),
    ({"owner_id": None}, "it has no owner"),
    ({"user_group": None}, "it has no user group"),
    ({"template": ""}, "it has no template"),
    ({"template": "#" * (1024 * 1024 + 1)}, "more than 1 MiB"),
])
def test_what_can_not_be_taken_is_told_with_its_reason(legacy, rig, columns, why):
    alice = rig.person()
    left = legacy.deployment(alice, infra(), **columns)
    taken = legacy.deployment(alice, infra())
    report = legacy.write(3)
    assert report.counts()[3:] == (1, 0, 1)
    assert list(report.lines) == [left] and report.lines[left][0].startswith("not taken over: ")
    assert why in report.lines[left][0]
    assert rig.deployment(taken)["status"] == 0 and not rig.sql("SELECT FROM deployments WHERE id = %s", (left,))


def test_an_infrastructure_is_one_deployment_s(legacy, rig):
    made, alice = infra(), rig.person()
    ids = sorted(legacy.deployment(alice, made) for _ in range(2))
    for report in (legacy.run(), legacy.write(3), legacy.write(3)):  # each time anew, also when one is known already
        assert list(report.lines) == ids[1:] and "its infrastructure is that of" in report.said
    assert rig.sql("SELECT count(*) FROM infrastructures WHERE infra_id = %s", (made,)) == [(1,)]


def test_the_mapping_file_says_what_is_called_otherwise(legacy, rig):
    alice = rig.person()
    group = alice.group
    legacy.mapping["providers"]["FAR"] = {"provider": "cloud-b", "region": "region-2", "project": "p"}
    legacy.mapping.update(groups={"renamed": group}, group=group)
    far = legacy.deployment(alice, infra(), cloud_provider_name="FAR", user_group="renamed")
    plain = legacy.deployment(alice, infra(), cloud_provider_name="cloud-b", user_group=None)
    stranger = legacy.deployment(alice, infra(), user_group="nobody-knows-it")
    report = legacy.write()
    row, other = rig.deployment(far), rig.deployment(plain)
    assert (row["target_provider"], row["target_region"], row["target_iaas_project"], row["user_group"]) == \
        ("cloud-b", "region-2", "p", group)
    assert (other["target_provider"], other["target_region"], other["user_group"]) == ("cloud-b", "region-1", group)
    assert list(report.lines) == [stranger] and "does not serve its group" in report.lines[stranger][0]


def test_mistakes_of_the_mapping_file_are_all_named(legacy):
    legacy.mapping = {"im": "", "ims": [], "providers": {"A": {"provider": 1, "zone": "x"}}, "people": {}}
    report = legacy.run()
    assert report.status == 1
    for place in ("/im", "/ims", "/providers/A/provider", "/providers/A/zone", "/people"):
        assert place + " " in report.complaint, report.complaint


def test_once_more_changes_nothing(legacy, rig):
    alice = rig.person()
    ids = [legacy.deployment(alice, infra(), status) for status in
           ("CREATE_COMPLETE", "UPDATE_FAILED", "CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE")]
    assert legacy.write().counts() == (1, 0, 5, 5, 0, 0)
    before = everything(rig)
    assert legacy.write().counts() == (1, 0, 0, 0, 5, 0)
    assert everything(rig) == before
    rig.sql("DELETE FROM deployments WHERE id = %s", (ids[0],))  # by force
    before = everything(rig)
    assert legacy.write().counts() == (1, 0, 0, 0, 5, 0)
    assert everything(rig) == before
    later = legacy.deployment(alice, infra())
    assert legacy.write().counts() == (1, 0, 1, 1, 5, 0) and rig.deployment(later)["status"] == 0


def test_a_dump_is_read_as_the_database_was(legacy, rig, mariadb):
    """The way of MIGRATION.md: a dump, loaded into a server of one's own."""
    alice = rig.person()
    id = legacy.deployment(alice, infra(), outputs={"word": "città 'quoted' \\ \U0001f600"}, nodes=[])
    legacy.load()
    copy = unique("copy").replace("-", "_")
    mariadb.sql("CREATE DATABASE " + copy)
    mariadb.sql(mariadb.dump(legacy.database), copy)
    legacy.database = copy
    legacy.write()
    assert rig.deployment(id)["template_outputs"] == {"word": "città 'quoted' \\ \U0001f600"}


# ---- what becomes of them ----

def look(rig, id):
    """The next look at a deployment is due."""
    rig.sql("UPDATE work SET due_at = now() WHERE id = %s AND kind = 'watch'", (id,))


def test_an_adopted_deployment_is_watched_and_deleted(legacy, rig):
    alice = rig.person()
    made = made_by_the_old_server(rig, alice)
    id = legacy.deployment(alice, made)
    legacy.write()
    rig.engine(watch_interval=200)
    look(rig, id)
    rig.wait_for(lambda: rig.resources(id)[0]["metadata"], 20, "a description of its machine")
    assert rig.resources(id)[0]["status"] == 8
    rig.control.force(made, "stopped")
    rig.wait_for(lambda: rig.resources(id)[0]["status"] == 10, 20, "a machine that is stopped")
    rig.control.force(made, None)
    alice.delete(id)
    rig.finish(id, type="DELETE")
    assert [one["cloud_id"] for one in rig.infrastructures(alice)] == ["cloud-a"]
    assert not rig.infrastructures(alice, alive="true")


def test_an_unknown_one_is_what_a_look_tells(legacy, rig):
    alice = rig.person()
    id = legacy.deployment(alice, made_by_the_old_server(rig, alice), "UNKNOWN", nodes=[
        {"iaas_id": "0", "state": "ERROR"}])
    legacy.write()
    rig.engine(watch_interval=200)
    look(rig, id)
    rig.wait_for(lambda: rig.deployment(id)["status"] == STATUSES["CREATE_COMPLETE"], 20, "a status")
    assert rig.resources(id)[0]["status"] == 8


def test_a_creation_goes_on(legacy, rig):
    alice = rig.person()
    made = made_by_the_old_server(rig, alice, behaviour="slow_boot")
    id = legacy.deployment(alice, made, "CREATE_IN_PROGRESS", nodes=[{"state": "CREATING"}])
    legacy.write()
    rig.engine(watch_interval=200)
    rig.finish(id, timeout=40)
    row, (resource,) = rig.deployment(id), rig.resources(id)
    assert (row["status"], row["im_infra_id"]) == (0, made) and row["template_outputs"]["node_ip"]
    assert (resource["status"], resource["im_vm_idx"]) == (8, "0") and resource["metadata"]
    assert [one["id"] for one in rig.infrastructures(alice)] == [made]
    assert rig.sql("SELECT FROM work WHERE id = %s AND kind = 'watch'", (id,))


def test_a_creation_that_fails_is_kept_and_not_made_again(legacy, rig):
    alice = rig.person()
    made = made_by_the_old_server(rig, alice, behaviour="all_vms_failed")
    id = legacy.deployment(alice, made, "CREATE_IN_PROGRESS", nodes=[{"state": "CREATING"}])
    legacy.write()
    rig.engine()
    rig.finish(id, "failed")
    assert rig.deployment(id)["im_infra_id"] == made
    assert [one["id"] for one in rig.infrastructures(alice)] == [made]
    assert [one["id"] for one in rig.infrastructures(alice, alive="true")] == [made]
    alice.delete(id)
    rig.finish(id, type="DELETE")
    rig.wait_until_gone(alice)


def test_a_creation_waits_for_its_owner_s_token(legacy, rig):
    alice = rig.person()
    made = made_by_the_old_server(rig, alice)
    id = legacy.deployment(alice, made, "CREATE_IN_PROGRESS", nodes=[{"state": "CREATING"}])
    rig.sql("DELETE FROM credentials WHERE user_id = %s", (alice.id,))
    legacy.write()
    rig.engine()
    rig.wait_for(lambda: rig.operation(id)["waits_for_token"], 20, "a creation that waits")
    alice.bring_token()
    rig.finish(id)


def test_a_deletion_that_was_asked_for_is_carried_out(legacy, rig):
    alice = rig.person()
    id = legacy.deployment(alice, made_by_the_old_server(rig, alice), "DELETE_IN_PROGRESS")
    gone = legacy.deployment(alice, None, "DELETE_IN_PROGRESS", cloud_provider_name=None)
    legacy.write()
    rig.engine()
    for each in (id, gone):
        rig.finish(each, type="DELETE")
        assert rig.deployment(each)["status"] == STATUSES["DELETE_COMPLETE"]
    rig.wait_until_gone(alice)


# ---- many ----

def test_ten_thousand(legacy, rig):
    """All of them, in a memory that does not grow with their number; what it took is printed."""
    people, texts = [rig.person() for _ in range(20)], [template() for _ in range(50)]
    for number in range(10000):
        person = people[number % len(people)]
        legacy.deployment(person, infra(), inputs={"num_cpus": number % 4 + 1}, template=texts[number % len(texts)],
                          outputs={"node_ip": "10.%d.%d.1" % divmod(number, 256)}, nodes=[
                              {"iaas_id": "0"}, {"iaas_id": "1"}], created_at=CREATED)
    report = legacy.write()
    assert report.counts() == (20, 0, 50, 10000, 0, 0)
    ids = "SELECT id FROM deployments WHERE created_by = ANY (%s::uuid[])"
    everybody = ([person.id for person in people],)
    for table, each in (("resources", 2), ("infrastructures", 1), ("operations", 1), ("deployment_owners", 1)):
        assert rig.sql("SELECT count(*) FROM %s WHERE deployment_id IN (%s)" % (table, ids), everybody) == \
            [(10000 * each,)]
    assert rig.sql("SELECT sum(owned) FROM deployment_tallies WHERE user_id = ANY (%s::uuid[])", everybody) == \
        [(10000,)]
    again = legacy.write()
    assert again.counts() == (20, 0, 0, 0, 10000, 0)
    print("10,000 deployments: %.1f s, %d MiB; once more: %.1f s" % (report.seconds, report.memory, again.seconds))
