# Licensed under the Apache License, Version 2.0; see LICENSE.
"""An orchestration that is canceled keeps what it asked for, and nobody has begun, from beginning: of each deployment
for itself, so one that somebody has locked is in no other's way."""

import contextlib
import uuid

import psycopg2


def orchestrate(rig, person, deployments):
    """A DELETE of these that is being canceled: its operations were asked for, and have not begun; their ids."""
    orchestration, operations = str(uuid.uuid4()), []
    rig.sql("""INSERT INTO orchestrations (id, type, state, description, parameters, is_admin, is_dry_run,
                                           keeps_windows, workers, begins_at, resolved_at, canceled_by, created_by)
        VALUES (%s, 'DELETE', 'canceling', '', '{}', false, false, false, 100, now(), now(), 'them', %s)""",
            (orchestration, person.id))
    for deployment in deployments:
        operation = str(uuid.uuid4())
        rig.sql("""INSERT INTO operations (id, deployment_id, type, user_group, user_group_issuer, created_by, deadline,
                                           orchestration_id)
            VALUES (%s, %s, 'DELETE', %s, %s, %s, now() + interval '1 day', %s)""",
                (operation, deployment, person.group, person.issuer, person.id, orchestration))
        rig.sql("INSERT INTO work (id, kind) VALUES (%s, 'DELETE')", (operation,))
        rig.sql("""INSERT INTO orchestration_targets (id, orchestration_id, deployment_id, is_begun, due_at, name,
                                                      user_group, user_group_issuer, inputs)
            VALUES (%s, %s, %s, true, now(), 'x', %s, %s, '{}')""",
                (operation, orchestration, deployment, person.group, person.issuer))
        operations.append(operation)
    rig.sql("""INSERT INTO work (id, kind, phase, is_begun, is_resting, endpoint)
        VALUES (%s, 'orchestration', 'working', true, true, 'orders')""", (orchestration,))
    return operations


@contextlib.contextmanager
def locked(rig, deployment):
    """While somebody has its row."""
    with contextlib.closing(psycopg2.connect(rig.postgres.conninfo)) as connection:
        connection.cursor().execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        connection.cursor().execute("SELECT FROM deployments WHERE id = %s FOR UPDATE", (deployment,))
        yield


def test_a_locked_deployment_keeps_no_other_from_being_canceled(rig):
    person = rig.person()
    deployments = [person.create() for _ in range(6)]
    rig.sql("""WITH o AS (UPDATE operations SET state = 'succeeded', phase = 'ended', ended_at = now()
        WHERE deployment_id = ANY (%s::uuid[]) RETURNING id) DELETE FROM work w USING o WHERE w.id = o.id""",
            (deployments,))
    operations = orchestrate(rig, person, deployments)

    def states():
        return [row[0] for row in rig.sql("""SELECT state::text FROM operations
            JOIN unnest(%s::uuid[]) WITH ORDINALITY AS x (id, n) USING (id) ORDER BY n""", (operations,))]

    with locked(rig, deployments[0]):
        rig.engine(max_operations=0)
        rig.wait_for(lambda: states()[1:] == ["canceled"] * 5, 30, "the end of those that nobody has locked")
        assert states()[0] == "pending"
    rig.wait_for(lambda: states() == ["canceled"] * 6, 30, "the end of the one that was locked")
