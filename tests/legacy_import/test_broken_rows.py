# Licensed under the Apache License, Version 2.0; see LICENSE.
"""orchestrator-import-legacy on a database in which nothing is as it should be: each row is told, none holds up
another, and nobody's secret is shown."""

import json
import os
import signal
import subprocess
import threading
import uuid

import pytest

from harness.client import template, unique
from stack import process


def infra():
    return str(uuid.uuid4())


def loosen(legacy, table, column, type="longtext"):
    """A column takes whatever there is."""
    legacy.load()
    legacy.server.sql("SET foreign_key_checks = 0; ALTER TABLE %s MODIFY %s %s NULL" % (table, column, type),
                      legacy.database)


def change(legacy, statement):
    """What no program would have written."""
    legacy.load()
    legacy.server.sql("SET sql_mode = '', foreign_key_checks = 0; " + statement, legacy.database)


def comes_beside(legacy, rig, alice, broken, why=None):
    """Another deployment comes, and this one does when no reason is said."""
    whole = legacy.deployment(alice, infra())
    report = legacy.run("--write")
    assert report.status == (3 if why else 0), report.said + report.complaint
    assert rig.deployment(whole)["status"] == 0
    if why:
        assert why in "".join(report.lines[broken]), report.said
    else:
        assert rig.deployment(broken)
    return report


@pytest.mark.parametrize("column, why", [
    ("status", "no status"), ("template", "no template"), ("created_at", None),
    ("updated_at", None), ("status_reason", None), ("cloud_provider_name", "no cloud provider"),
    ("cloud_provider_endpoint", None), ("deployment_provider", None), ("endpoint", None),
    ("user_group", "no user group"),
])
def test_a_value_that_is_not_there(legacy, rig, column, why):
    alice = rig.person()
    id = legacy.deployment(alice, infra())
    loosen(legacy, "deployment", column, "timestamp(6)" if column.endswith("_at") else "longtext")
    change(legacy, "UPDATE deployment SET %s = NULL" % column)
    comes_beside(legacy, rig, alice, id, why)


@pytest.mark.parametrize("column", ["tosca_node_name", "tosca_node_type", "state", "iaas_id", "metadata", "created_at"])
def test_a_value_that_a_node_does_not_have(legacy, rig, column):
    alice = rig.person()
    id = legacy.deployment(alice, infra())
    loosen(legacy, "resource", column, "timestamp(6)" if column.endswith("_at") else "longtext")
    change(legacy, "UPDATE resource SET %s = NULL" % column)
    comes_beside(legacy, rig, alice, id, "a node" if column.startswith("tosca") else None)


def test_a_time_that_is_none(legacy, rig):
    alice = rig.person()
    id = legacy.deployment(alice, infra())
    change(legacy, "UPDATE deployment SET created_at = '0000-00-00', updated_at = '0000-00-00'; "
                   "UPDATE resource SET created_at = '0000-00-00', updated_at = '0000-00-00'")
    comes_beside(legacy, rig, alice, id)


@pytest.mark.parametrize("column, value", [("subject", "NULL"), ("issuer", "NULL"), ("subject", "''"), ("issuer", "''"),
                                           ("subject", "'a\\0b'"), ("subject", "x'ff'"),
                                           ("subject", "repeat('x', 5000)")])
def test_a_person_that_is_nobody(legacy, rig, column, value):
    """Holds up no other, and none of their deployments."""
    alice, bob = rig.person(), rig.person()
    id = legacy.deployment(bob, infra())
    owner = legacy.owner("local-" + bob.name)
    loosen(legacy, "oidc_entity", column, "longblob" if "x'" in value or "0" in value else "longtext")
    change(legacy, "UPDATE oidc_entity SET %s = %s WHERE id = '%s'" % (column, value, owner))
    legacy.deployment(alice, infra())
    report = legacy.run("--write")
    assert report.status in (0, 3) and report.counts()[3] >= 1, report.said + report.complaint
    assert report.status == 0 or id in report.lines


@pytest.mark.parametrize("value", ["{", '{"a": "\\u0000"}', '"\\ud800"', "[" * 5000, "1e999999", "", '{"a":1,"a":2}',
                                   "NaN"])
@pytest.mark.parametrize("where", ["outputs", "parameters", "metadata"])
def test_a_value_that_is_odd_json(legacy, rig, where, value):
    alice = rig.person()
    id = legacy.deployment(alice, infra())
    if where == "metadata":
        legacy.node(id, metadata=value, tosca_node_name="other")
    else:
        legacy.insert("deployment_" + where, deployment_id=id, name="odd", value=value)
    whole = legacy.deployment(alice, infra())
    report = legacy.run("--write")
    assert report.status in (0, 3), report.said + report.complaint
    assert rig.deployment(whole)["status"] == 0 and (report.status == 0 or id in report.lines)


def test_nodes_that_require_each_other(legacy, rig):
    alice = rig.person()
    id = legacy.deployment(alice, infra(), nodes=[])
    nodes = [legacy.node(id, tosca_node_name=unique("n"), iaas_id="0") for _ in range(3)]
    for one, other in zip(nodes, nodes[1:] + nodes[:1]):
        legacy.insert("resource_required_by", resource_id=one, required_by=other)
    legacy.insert("resource_required_by", resource_id=nodes[0], required_by=nodes[0])
    comes_beside(legacy, rig, alice, id)
    assert rig.sql("SELECT count(*) FROM resource_requirements r JOIN resources o ON o.id = r.resource_id "
                   "WHERE o.deployment_id = %s", (id,)) == [(4,)]


def test_a_reason_that_is_a_book(legacy, rig):
    alice = rig.person()
    id = legacy.deployment(alice, infra(), status="CREATE_FAILED", status_reason="x")
    change(legacy, "UPDATE deployment SET status_reason = repeat('no such place. ', 2000000)")
    comes_beside(legacy, rig, alice, id)
    assert len(rig.deployment(id)["status_reason"]) <= 1024 * 1024


def test_a_template_of_one_mebibyte(legacy, rig):
    alice, text = rig.person(), template()
    text += "\n#" + "x" * (1024 * 1024 - len(text) - 2)
    assert len(text) == 1024 * 1024
    comes_beside(legacy, rig, alice, legacy.deployment(alice, infra(), template=text))


def test_one_subject_at_two_issuers_is_two_persons(legacy, rig):
    alice = rig.person()
    subject = "local-" + alice.name
    ids = [legacy.deployment(alice, infra(), owner_id=legacy.owner(subject, issuer))
           for issuer in ("https://one.example.org/", "https://two.example.org")]
    legacy.write()
    owners = [rig.deployment(id)["created_by"] for id in ids]
    assert len({*owners, alice.id}) == 3


def test_one_person_with_and_without_a_slash_is_one(legacy, rig):
    subject = unique("somebody")
    for issuer in ("https://one.example.org/", "https://one.example.org"):
        legacy.owner(subject, issuer)
    assert legacy.run().counts()[:2] == legacy.write().counts()[:2] == (2, 1)


def test_what_is_told_has_one_line_each(legacy, rig):
    """Whatever stands in what it names; and a password in an URL is nobody's to read."""
    alice = rig.person()
    ids = [legacy.deployment(alice, infra(), status="X\ndeployment 1: y\x1b[2J"),
           legacy.deployment(alice, infra(), endpoint={"imEndpoint": "https://me:hunter2@im.example.org"}),
           legacy.deployment(alice, infra(), callback="https://me:hunter2@dashboard.example.org/?token=hunter2")]
    report = legacy.run("--write")
    assert set(report.lines) == set(ids) and "\x1b" not in report.said and "hunter2" not in report.said, report.said
    assert "hunter2" not in json.dumps(rig.log_lines(ids[2]))


def test_two_runs_at_once_take_everything_once(legacy, rig):
    alice = rig.person()
    text = template()
    ids = [legacy.deployment(alice, infra(), template=text, owner_id=legacy.owner(unique("p"))) for _ in range(150)]
    legacy.load()
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(legacy.run("--write"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.status for one in reports] == [0, 0], "\n".join(one.said[:2000] + one.complaint for one in reports)
    assert sum(one.counts()[3] for one in reports) == len(ids)
    assert rig.sql("SELECT count(*) FROM deployments WHERE id = ANY (%s::uuid[])", (ids,)) == [(len(ids),)]


def test_a_run_that_is_killed_is_gone_on_with(legacy, rig):
    alice = rig.person()
    ids = [legacy.deployment(alice, infra()) for _ in range(300)]
    arrived = "SELECT count(*) FROM deployments WHERE id = ANY (%s::uuid[])"
    command = legacy.command("--write")
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    rig.wait_for(lambda: rig.sql(arrived, (ids,))[0][0] > 10, 20, "some of them", 0.005)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    before = rig.sql(arrived, (ids,))[0][0]
    taken, there, refused = legacy.write().counts()[3:]
    assert (taken + there, refused) == (len(ids), 0)
    assert there - before in (0, 1), "PostgreSQL may have had one in hand when its client was killed"
    for table in ("infrastructures", "operations", "deployment_owners", "resources", "legacy_imports"):
        assert rig.sql("SELECT count(*) FROM %s WHERE deployment_id = ANY (%%s::uuid[])" % table, (ids,)) == [
            (len(ids),)]


def test_a_database_that_takes_nothing_is_told(legacy, rig):
    legacy.deployment(rig.person(), infra())
    report = legacy.run("--write", to=rig.postgres.conninfo + " options='-c default_transaction_read_only=on'")
    assert report.status == 1 and "read-only" in report.complaint, report.said + report.complaint


def test_a_database_without_this_version_s_tables_is_told(legacy, rig, database):
    legacy.deployment(rig.person(), infra())
    report = legacy.run("--write", to=database)
    assert report.status == 1 and "orchestrator-migrate" in report.complaint, report.said + report.complaint


def test_another_s_database_is_told(legacy, rig):
    legacy.deployment(rig.person(), infra())
    change(legacy, "ALTER TABLE deployment DROP COLUMN callback")
    report = legacy.run()
    assert report.status == 1 and "callback" in report.complaint, report.said + report.complaint


def test_a_password_of_the_options_is_not_shown(legacy, rig, tmp_path):
    source = str(tmp_path / "source.cnf")
    process.write(source, "[client]\nsocket=%s\nuser=nobody\npassword=hunter2hunter2\n" % legacy.server.socket)
    for report in (legacy.run(**{"from": source}),
                   legacy.run(to="host=127.0.0.1 port=1 dbname=x user=y password=hunter2hunter2")):
        assert report.status == 1 and report.complaint and "hunter2" not in report.complaint + report.said
