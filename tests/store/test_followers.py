# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What the tables keep of one another: a deployment's status of its last operation, a person's list of their
deployments."""

import contextlib
import itertools
import json
import os
import pathlib
import subprocess
import uuid

import psycopg2
import pytest

ENUMS = json.loads(pathlib.Path(__file__).parents[2].joinpath("mod_orchestrator/routes/enums.json").read_text(
    encoding="utf-8"))
STATUS, TASK = ENUMS["deployment_status"], ENUMS["deployment_task"]
TYPES, STATES, PHASES = (ENUMS["operation_" + word] for word in ("type", "state", "phase"))
ENDED = ("succeeded", "failed", "canceled")


class Tables:
    def __init__(self, cursor):
        self.cursor = cursor
        self.person = self.user()
        self.sql("INSERT INTO templates (id, content, checksum, name, target_provider_type, tosca_definition_version,"
                 " created_by, updated_by) VALUES (%s, 'x', 'x', 'n', 'p', 'v', %s, %s)",
                 self.person, self.person, self.person)

    def sql(self, text, *values):
        self.cursor.execute(text, values)
        return self.cursor.fetchall() if self.cursor.description else None

    def user(self):
        one = str(uuid.uuid4())
        self.sql("INSERT INTO users (id, issuer, sub, name, username, email) VALUES (%s, 'i', %s, 'n', 'u', 'e')", one,
                 one)
        return one

    def deployment(self, operation=None, **fields):
        one = str(uuid.uuid4())
        self.sql("INSERT INTO deployments (id, template_id, template_inputs, user_group, user_group_issuer,"
                 " per_provider_max_retries, tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt, "
                 "created_by,"
                 " updated_by, last_operation_id, created_at)"
                 " VALUES (%s, %s, '{}', 'g', 'i', 1, 1, 1, false, %s, %s, %s, coalesce(%s::timestamptz, now()))",
                 one, self.person, self.person, self.person, operation, fields.get("created_at"))
        return one

    def operation(self, deployment, type="CREATE", state="pending", phase="queued", reason=None, id=None):
        id = id or str(uuid.uuid4())
        self.sql("INSERT INTO operations (id, deployment_id, type, state, phase, reason, user_group,"
                 " user_group_issuer, created_by, ended_at) VALUES (%s, %s, %s, %s, %s, %s, 'g', 'i', %s,"
                 " CASE WHEN %s THEN now() END)", id, deployment, type, state, phase, reason, self.person,
                 state in ENDED)
        return id

    def change(self, operation, state, phase, reason=None):
        self.sql("UPDATE operations SET state = %s, phase = %s, reason = %s, ended_at = CASE WHEN %s THEN now() END"
                 " WHERE id = %s", state, phase, reason, state in ENDED, operation)

    def point(self, deployment, operation):
        self.sql("UPDATE deployments SET last_operation_id = %s WHERE id = %s", operation, deployment)

    def standing(self, deployment):
        [row] = self.sql("SELECT status, task, status_reason FROM deployments WHERE id = %s", deployment)
        return row

    def owned(self, person):
        """What the tally says, which is what there is."""
        [(tally,
          count)] = self.sql("SELECT (SELECT coalesce(sum(owned), 0) FROM deployment_tallies WHERE user_id = %s),"
                             " (SELECT count(*) FROM deployment_owners WHERE user_id = %s)", person, person)
        assert tally == count
        return count


@pytest.fixture
def tables(build, database):
    subprocess.run([os.path.join(build, "orchestrator-migrate"), database], stdout=subprocess.DEVNULL, check=True)
    with contextlib.closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        yield Tables(cursor)


def expected(type, state, phase, reason):
    word = type if type in ("CREATE", "DELETE") else "UPDATE"
    if state == "succeeded":
        known = {"CREATE": "CREATE_COMPLETE", "UPDATE": "UPDATE_COMPLETE", "DELETE": "DELETE_COMPLETE"}
        status = STATUS[known[type]] if type in known else STATUS["UNKNOWN"]
    else:
        status = STATUS[word + ("_FAILED" if state in ENDED else "_IN_PROGRESS")]
    phases = {"placing": "provider_filtering", "submitting": "infrastructure_creation"}
    task = ("finished" if state in ENDED else "infrastructure_deletion" if type == "DELETE" else "submitted"
            if phase == "queued" else
            "resources_updating" if type != "CREATE" and phase not in ("provisioning", "collecting")
            else phases.get(phase, "resources_configuration"))
    shown = status in [STATUS[name] for name in ("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED", "UNKNOWN")]
    return status, TASK[task], reason if shown else None


def every_standing():
    return itertools.product(TYPES, STATES, PHASES, (None, "why"))


def test_a_deployment_follows_its_last_operation_through_everything(tables):
    for type in TYPES:
        deployment = tables.deployment()
        operation = tables.operation(deployment, type)
        tables.point(deployment, operation)
        for standing in every_standing():
            if standing[0] == type:
                tables.change(operation, *standing[1:])
                assert tables.standing(deployment) == expected(*standing), standing


def test_an_operation_that_begins_takes_its_deployment_along(tables):
    for standing in every_standing():
        id = str(uuid.uuid4())
        tables.sql("BEGIN")
        deployment = tables.deployment(id)
        tables.operation(deployment, *standing, id=id)
        tables.sql("COMMIT")
        assert tables.standing(deployment) == expected(*standing), standing


def test_a_deployment_turns_to_another_operation_or_to_none(tables):
    deployment = tables.deployment()
    nothing = STATUS["UNKNOWN"], TASK["finished"], None
    assert tables.standing(deployment) == nothing
    failed = tables.operation(deployment, "CREATE", "failed", "ended", "why")
    other = tables.operation(deployment, "UPDATE", "in progress", "provisioning")
    tables.point(deployment, failed)
    assert tables.standing(deployment) == (STATUS["CREATE_FAILED"], TASK["finished"], "why")
    tables.point(deployment, other)
    tables.change(failed, "succeeded", "ended")
    assert tables.standing(deployment) == (STATUS["UPDATE_IN_PROGRESS"], TASK["resources_configuration"], None)
    tables.sql("DELETE FROM operations WHERE id = %s", other)
    assert tables.standing(deployment) == nothing


@pytest.mark.parametrize("type", TYPES)
def test_a_deployment_turns_to_an_operation_of_the_same_statement(tables, type):
    """As a deletion is asked for, or another try."""
    deployment, id = tables.deployment(), str(uuid.uuid4())
    tables.point(deployment, tables.operation(deployment, "CREATE", "failed", "ended", "why"))
    tables.sql("WITH operation AS (INSERT INTO operations (id, deployment_id, type, user_group, user_group_issuer, "
               "created_by)"
               " VALUES (%s, %s, %s, 'g', 'i', %s)) UPDATE deployments SET last_operation_id = %s WHERE id = %s",
               id, deployment, type, tables.person, id, deployment)
    assert tables.standing(deployment) == expected(type, "pending", "queued", None)


def test_the_tally_of_a_person_is_what_they_own(tables):
    one, other = tables.user(), tables.user()
    deployments = [tables.deployment() for _ in range(5)]
    for deployment in deployments:
        tables.sql("INSERT INTO deployment_owners (deployment_id, user_id) VALUES (%s, %s)", deployment, one)
    tables.sql("INSERT INTO deployment_owners (deployment_id, user_id) VALUES (%s, %s)", deployments[0], other)
    assert (tables.owned(one), tables.owned(other)) == (5, 1)
    tables.sql("UPDATE deployment_owners SET user_id = %s WHERE user_id = %s AND deployment_id = %s",
               other, one, deployments[1])
    assert (tables.owned(one), tables.owned(other)) == (4, 2)
    tables.sql("DELETE FROM deployments WHERE id = %s", deployments[0])
    assert (tables.owned(one), tables.owned(other)) == (3, 1)
    tables.sql("BEGIN; DELETE FROM deployment_owners; ROLLBACK")
    assert tables.owned(one) == 3
    tables.sql("DELETE FROM deployment_owners")
    tables.sql("DELETE FROM users WHERE id = %s", one)
    assert (tables.owned(one), tables.owned(other)) == (0, 0)


def test_an_owner_has_the_deployment_s_time(tables):
    old = tables.deployment(created_at="2020-01-01T00:00:00Z")
    tables.sql("INSERT INTO deployment_owners (deployment_id, user_id) VALUES (%s, %s)", old, tables.person)
    assert tables.sql("SELECT d.created_at = w.deployment_created_at FROM deployments d"
                      " JOIN deployment_owners w ON w.deployment_id = d.id") == [(True,)]
