# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Deployments in any state, for tests of the routes that read and delete them: the engine is held still, and what it
would have written is written by SQL."""

import base64
import contextlib
import json
import os
import signal

import pytest

from harness import sealed
from harness.client import expect, template
from stack import local

ABSENT = "00000000-0000-7000-8000-000000000000"
CLUSTER = """\
tosca_definitions_version: tosca_simple_yaml_1_0
metadata: {{ template_name: {name} }}
topology_template:
  inputs:
    workers: {{ type: integer, default: 2, constraints: [ in_range: [ 0, 5 ] ] }}
    password: {{ type: string }}
  node_templates:
    network:
      type: tosca.nodes.network.Network
    front:
      type: tosca.nodes.Compute
    worker:
      type: tosca.nodes.Compute
      capabilities:
        scalable: {{ properties: {{ count: {{ get_input: workers }} }} }}
    software:
      type: tosca.nodes.SoftwareComponent
      requirements: [ host: worker ]
    port:
      type: tosca.nodes.network.Port
      requirements: [ binding: front, link: network ]
"""


@pytest.fixture(scope="module")
def frozen(make_stack):
    """A stack whose engine does nothing once it has begun: operations stay as they are."""
    stack = make_stack("OrchestratorMaxQueued 4\n")
    with still(stack):
        yield stack
        # What the tests put there is no work for the engine, which would log so, now or after the end's look at the
        # logs.
        stack.sql("DELETE FROM work")


@pytest.fixture(scope="module")
def bound(make_stack):
    """A stack with all surfaces."""
    return make_stack(local.bindings())


@pytest.fixture(scope="module")
def quiet(make_stack):
    """The same, and its engine does nothing: what is asked for waits."""
    stack = make_stack(local.bindings())
    with still(stack):
        yield stack
        stack.sql("DELETE FROM work")


@contextlib.contextmanager
def still(stack):
    """The engine does nothing meanwhile, and holds no lock."""
    pid = stack.wait_for(stack.daemon_pid, 15, "the daemon")

    def is_frozen():
        """Not in the middle of a transaction, whose locks would be in the way."""
        os.kill(pid, signal.SIGSTOP)
        busy = stack.sql("SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
                         "AND "
                         "backend_type = 'client backend' AND state <> 'idle'")
        if busy:
            os.kill(pid, signal.SIGCONT)
        return not busy
    stack.wait_for(is_frozen, 15, "an engine that can be held still")
    yield
    os.kill(pid, signal.SIGCONT)


def store(client, content=None):
    """Stores a template; its id."""
    return client.store_template(content or template())


def subject(stack, client):
    """The person's `sub`, registered."""
    expect(client.get("/deployments"), 200)
    payload = client.token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]


def person_id(stack, client):
    return str(stack.sql("SELECT id FROM users WHERE sub = %s", (subject(stack, client),))[0][0])


def body(stack, client, content=None, **fields):
    """What POST /deployments takes, with a template of its own."""
    value = {"template_inputs": {}, "user_group": client.group, **fields}
    if "template_id" not in value:
        value["template_id"] = store(client, content)
    return value


def submit(stack, client, content=None, **fields):
    """Asks for a deployment; its id."""
    return expect(client.post("/deployments", json=body(stack, client, content, **fields)), 202).json()["id"]


# pylint: disable=redefined-builtin
def put(stack, deployment, type="CREATE", state="succeeded", phase="ended", reason=None):
    """Puts the deployment's last operation into a state, as the engine does."""
    stack.sql("UPDATE operations o SET type = %s, state = %s, phase = %s, reason = %s,"
              " ended_at = CASE WHEN s.over THEN now() END,"
              " updated_at = now(), row_version = o.row_version + 1"
              " FROM deployments d, (SELECT %s IN ('succeeded', 'failed', 'canceled') AS over) s"
              " WHERE d.id = %s AND o.id = d.last_operation_id",
              (type, state, phase, reason, state, deployment))
    stack.sql("UPDATE work w SET is_begun = o.state <> 'pending', due_at = now() FROM operations o JOIN deployments d"
              " ON d.last_operation_id = o.id WHERE w.id = o.id AND d.id = %s", (deployment,))
    stack.sql("DELETE FROM work w USING operations o WHERE w.id = o.id AND o.ended_at IS NOT NULL AND o.deployment_id "
              "= %s",
              (deployment,))
    stack.sql("UPDATE deployments SET row_version = row_version + 1 WHERE id = %s", (deployment,))


def done(stack, client, **fields):
    """A deployment that is complete; its id."""
    made = submit(stack, client, **fields)
    put(stack, made)
    return made


def own(stack, deployment, client):
    """Makes somebody a further owner."""
    stack.sql("INSERT INTO deployment_owners (deployment_id, user_id, created_at) VALUES (%s, %s, clock_timestamp())",
              (deployment, person_id(stack, client)))
    stack.sql("UPDATE deployments SET row_version = row_version + 1 WHERE id = %s", (deployment,))


def seal(stack, column, row, text):
    """Seals a text with the stack's key, as the module does."""
    return sealed.seal(sealed.key_of(stack.path("secret.key")), column, row, text)


def pointers(response):
    """The parts of the body that a 422 names."""
    return sorted(error["pointer"] for error in expect(response, 422).json()["errors"])


def parameters(response):
    return sorted(error["parameter"] for error in expect(response, 422).json()["errors"])


def count(stack, table):
    return stack.sql("SELECT count(*) FROM " + table)[0][0]
