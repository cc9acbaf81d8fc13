# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Reads find their rows by an index, through the views: a view that PostgreSQL can't inline would read whole tables."""

import contextlib
import json
import os
import pathlib
import re
import subprocess

import psycopg2
import pytest

from harness.statements import statements

TOP = pathlib.Path(__file__).parents[2]
MANY = 3000
PERSON, DEPLOYMENT = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"
VALUES = {"with_idle": True, "id": DEPLOYMENT, "deployment_id": DEPLOYMENT, "resource_id": DEPLOYMENT,
          "caller": PERSON, "is_admin": "f", "base_url": "https://paas.example", "user_group": "g", "issuer": "i",
          "said": None, "resource_type": "service_instances", "room": 5}
FILL = """
INSERT INTO users (id, issuer, sub, name, username, email)
SELECT CASE i WHEN 1 THEN %(person)s ELSE gen_random_uuid() END, 'i', 's' || i, 'n', 'u', 'e'
FROM generate_series(1, %(many)s) i;
INSERT INTO templates (id, content, checksum, name, target_provider_type, tosca_definition_version,
    created_by, updated_by)
SELECT gen_random_uuid(), 'x', i, 'n', 'p', 'v', %(person)s, %(person)s FROM generate_series(1, %(many)s) i;
INSERT INTO deployments (id, template_id, template_inputs, user_group, user_group_issuer, per_provider_max_retries,
    tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt, last_operation_id, created_by, updated_by,
    created_at)
SELECT CASE checksum WHEN '1' THEN %(deployment)s ELSE gen_random_uuid() END, id, '{}', 'g', 'i', 1, 1, 1, false, NULL,
    %(person)s, %(person)s, now() - checksum::int * interval '1 s' FROM templates;
INSERT INTO operations (id, deployment_id, type, user_group, user_group_issuer, created_by)
SELECT gen_random_uuid(), id, 'CREATE', 'g', 'i', created_by FROM deployments;
UPDATE deployments d SET last_operation_id = o.id FROM operations o WHERE o.deployment_id = d.id;
INSERT INTO deployment_owners (deployment_id, user_id) SELECT d.id, u.id FROM deployments d JOIN (
    SELECT id, row_number() OVER () AS i FROM users) u ON u.i = (SELECT checksum::int FROM templates
    WHERE id = d.template_id);
INSERT INTO resources (id, deployment_id, position, tosca_node_name, tosca_node_type, is_compute, created_by,
    updated_by)
SELECT gen_random_uuid(), id, 0, 'n', 't', true, created_by, created_by FROM deployments;
INSERT INTO infrastructures (id, deployment_id, operation_id, step, user_id, user_group, user_group_issuer, endpoint,
    standing, answer_until)
SELECT gen_random_uuid(), deployment_id, id, 1, created_by, 'g', 'i', 'e', 'made', now() FROM operations;
INSERT INTO orchestrations (id, type, description, parameters, is_admin, is_dry_run, keeps_windows, workers, begins_at,
    created_by)
VALUES (%(deployment)s, 'DELETE', '', '{}', true, false, false, 5, now(), %(person)s);
INSERT INTO orchestration_targets (id, orchestration_id, deployment_id, due_at, name, user_group, user_group_issuer,
    inputs)
SELECT gen_random_uuid(), %(deployment)s, id, now(), 'n', 'g', 'i', '{}' FROM deployments;
"""


@pytest.fixture
def plans(build, database):
    """plans(name, around, without): the nodes of a statement's generic plan; without something that planners may do."""
    subprocess.run([os.path.join(build, "orchestrator-migrate"), database], stdout=subprocess.DEVNULL, check=True)

    def nodes(node):
        yield node
        for below in node.get("Plans", []):
            yield from nodes(below)
    with contextlib.closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(FILL, {"person": PERSON, "deployment": DEPLOYMENT, "many": MANY})
        cursor.execute("ANALYZE")

        def explain(name, around="%s", without="enable_tidscan"):
            cursor.execute("RESET ALL; SET plan_cache_mode = force_generic_plan; SET %s = off" % without)
            statement = statements()[name]
            text = statement.text
            # A list's base may be given more than it uses, which PREPARE can't find the type of.
            values = [VALUES[parameter] for number, parameter in enumerate(statement.parameters, 1)
                      if "$%d" % number in text]
            cursor.execute("PREPARE asked AS " + (around % text).replace("%", "%%"))
            given = "(%s)" % ", ".join(["%s"] * len(values)) if values else ""
            cursor.execute("EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE asked " + given, values)
            [plan] = cursor.fetchall()[0][0]
            cursor.execute("DEALLOCATE asked")
            return list(nodes(plan["Plan"]))
        yield explain


@pytest.fixture
def scans(plans):
    """scans(name, around): those that read tables, as (kind, table, index)."""
    return lambda *asked: {(node["Node Type"], node.get("Relation Name"), node.get("Index Name"))
                           for node in plans(*asked)
                           if "Relation Name" in node or "Index Name" in node}


def test_single_objects_are_found_by_their_keys(scans):
    for name, index in (("deployment_get", "deployments_pkey"), ("deployment_get_with_template", "deployments_pkey"),
                        ("deployment_template", "templates_pkey"), ("deployment_standing", "deployments_pkey"),
                        ("template_get", "templates_pkey"), ("user_get", "users_pkey"),
                        ("broker_place", "operations_pkey"), ("broker_operation", "operations_pkey"),
                        ("legacy_deployment", "deployments_pkey"), ("legacy_template", "templates_pkey"),
                        ("legacy_resource", "resources_pkey")):
        found = scans(name)
        assert index in {used for _, _, used in found}, (name, found)
        empty = ("resource_requirements", "providers", "operation_times", "operation_steps")
        assert [node for node in found if node[0] == "Seq Scan" and node[1] not in empty] == [], name


def test_pages_are_found_by_the_index_of_their_order(scans):
    page = "SELECT b.object FROM (%s) b ORDER BY b.created_at DESC, b.id DESC LIMIT 5"
    for name, table in (("deployment_list_all", "deployments"), ("operation_list_all", "operations"),
                        ("template_list", "templates"), ("legacy_deployment_list_all", "deployments")):
        found = scans(name, page)
        assert table + "_created_at" in {used for _, _, used in found}, (name, found)
        assert [node for node in found if node[0] == "Seq Scan"] == [], name


def test_what_is_below_a_deployment_is_found_by_it(scans):
    for name, around, table in (("operation_get", "%s", "operations"),
                                ("operation_list", "SELECT b.object FROM (%s) b", "operations"),
                                ("operation_list_of_resource", "SELECT b.object FROM (%s) b", "operations"),
                                ("operation_list_own", "SELECT b.id FROM (%s) b", "operations"),
                                ("operation_record", "%s", "operations"),
                                ("run_find", "%s", "operations"),
                                ("run_get", "%s", "operations"),
                                ("run_list_own", "SELECT b.id FROM (%s) b", "operations"),
                                ("legacy_machines", "%s", "resources"),
                                ("legacy_resource_list", "SELECT b.object FROM (%s) b", "resources"),
                                ("resource_get", "%s", "resources"),
                                ("resource_list", "SELECT b.object FROM (%s) b", "resources")):
        kinds = {kind for kind, read, _ in scans(name, around) if read == table}
        assert kinds and "Seq Scan" not in kinds, name


def test_the_caller_s_own_deployments_are_found_by_their_owner(scans):
    found = scans("deployment_list_own", "SELECT b.id FROM (%s) b")
    assert "deployment_owners_user_id" in {used for _, _, used in found}, found
    assert [node for node in found if node[0] == "Seq Scan"] == []


def test_a_walk_over_the_caller_s_own_deployments_goes_along_their_index(plans):
    """From wherever it stands, and no further than its stride."""
    stride = ("SELECT b.id, b.created_at FROM (%s) b WHERE (b.created_at, b.id) < ('infinity'::timestamptz, "
              "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid) ORDER BY b.created_at DESC, b.id DESC LIMIT 100")
    nodes = plans("legacy_deployment_list_own", stride)
    assert "Sort" not in {node["Node Type"] for node in nodes}
    [used] = [node for node in nodes if node.get("Index Name") == "deployment_owners_user_id"]
    assert "ROW(" in used["Index Cond"], used
    nodes = plans("legacy_deployment_list_all", stride)
    assert "Sort" not in {node["Node Type"] for node in nodes}
    assert "ROW(" in [node for node in nodes if node.get("Index Name") == "deployments_created_at"][0]["Index Cond"]


def test_all_of_the_caller_s_own_deployments_are_looked_up_one_by_one(scans):
    found = scans("deployment_whole_own", "SELECT b.id, b.task_rank FROM (%s) b")
    assert {used for _, _, used in found if used} == {"deployments_pkey", "deployment_owners_user_id"}, found
    assert "Seq Scan" not in {kind for kind, _, _ in found}


def test_counting_what_there_is_to_do_reads_nothing_that_has_ended(scans):
    """Rows of work go when it has ended."""
    assert {table for _, table, _ in scans("work_load")} == {"work"}
    found = scans("infrastructure_load")
    assert {used for _, _, used in found if used} == {"infrastructures_unwanted"}, found
    assert "Seq Scan" not in {kind for kind, _, _ in found}


def test_counting_what_is_at_work_of_an_orchestration_reads_none_of_what_waits(scans):
    for name in ("orchestration_adopt", "orchestration_due"):
        found = scans(name)
        assert "orchestration_targets_at_work" in {used for _, _, used in found}, (name, found)
        assert ("Seq Scan", "orchestration_targets", None) not in found, name


def columns(collection):
    routes = json.loads(TOP.joinpath("mod_orchestrator/routes", collection + ".json").read_text(encoding="utf-8"))
    return routes["list"]


def compared(column):
    """As orc_surface_plan.c does it."""
    return column.get("expression", "b." + column["name"]) + (' COLLATE "C"'
                                                              if column["kind"] in ("word", "issuer", "text") else "")


LISTED = {"templates": "is_kept"}  # what of a table its list has, and an index needs no more


@pytest.mark.parametrize("collection", ["deployments", "operations", "templates"])
def test_columns_that_are_said_to_be_indexed_begin_an_index(plans, database, collection):
    assert plans("deployment_keys_all")
    with contextlib.closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
                       " AND a.attnum = i.indkey[0] WHERE i.indrelid = %s::regclass AND (i.indpred IS NULL"
                       " OR pg_get_expr(i.indpred, i.indrelid) = %s)", [collection, LISTED.get(collection)])
        first = {name for name, in cursor.fetchall()} | {"resource_id"}  # of operations: or the deployment's
    spread = {column["name"] for column in columns(collection) if column.get("spread")}
    assert spread and all(first & {name, name + "_id"} for name in spread), first


@pytest.mark.parametrize("collection", ["deployments", "operations"])
def test_everybody_s_rows_are_read_in_any_order_by_an_index(plans, collection):
    indexed = [column for column in columns(collection) if column.get("indexed") and not column.get("spread")]
    assert len(indexed) > 5
    for column in indexed:
        order = column.get("order", compared(column))
        found = plans(collection[:-1] + "_list_all",
                      "SELECT b.id FROM (%%s) b ORDER BY %s DESC, b.id DESC LIMIT 5" % order)
        assert not {node["Node Type"] for node in found} & {"Seq Scan", "Sort", "Incremental Sort"}, column["name"]
        if "order" not in column:  # the rows before a far page are passed over without a look at them
            assert "Index Only Scan" in {node["Node Type"] for node in found}, column["name"]


@pytest.mark.parametrize("collection", ["deployments", "operations"])
def test_whatever_everybody_s_rows_are_filtered_by_is_in_an_index(plans, collection):
    """But for what is worked out of other columns."""
    array = {"id": "'{%s}'::uuid[]" % PERSON, "integer": "'{1}'::bigint[]", "boolean": "'{true}'::boolean[]",
             "word": "'{x}'::text[]"}
    array.update({"person": array["id"], "enum": array["integer"], "issuer": array["word"]})
    for column in columns(collection):
        if column["kind"] == "time":
            condition = "%s > '2020-01-01'" % compared(column)
        elif column["kind"] == "text":
            condition = "%s IS NOT NULL" % column["order"]
        elif "condition" in column and "EXISTS" in column["condition"]:
            continue  # by the owners' own index
        elif "condition" in column:
            value = {"type": "CREATE", "state": "failed"}.get(column["name"], "x:y")
            condition = column["condition"].replace("$?", "'{%s}'::text[]" % value)
        else:
            condition = "%s = ANY (%s)" % (compared(column), array[column["kind"]])
        if collection == "operations" and not column.get("indexed") and column["name"] != "label":
            continue
        found = plans(collection[:-1] + "_list_all", "SELECT count(*) FROM (%%s) b WHERE %s" % condition,
                      "enable_seqscan")
        assert any("Index Cond" in node for node in found), (column["name"], found)


@pytest.mark.parametrize("name", ["deployment_list_all", "operation_list", "operation_list_all", "operation_list_own",
                                  "resource_list", "run_list_all", "run_list_own", "template_list", "user_list_all"])
def test_functions_that_views_call_are_put_into_the_statement(plans, name):
    """One that stays a call is parsed and planned anew in each statement, which costs more than the rest of a page."""
    output = [text for node in plans(name, "SELECT b.object, b.bytes FROM (%s) b") for text in node.get("Output", [])]
    assert output and [text for text in output if re.search(r"\borc_views_\w+\.|\bjson_bytes\(", text)] == []
