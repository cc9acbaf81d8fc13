# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Engines without httpd: PostgreSQL, token issuer, IM simulator, and as many daemons (build/tests/engine/run_engine) as
a test wants. Work is put into the database as the API puts it there, so that the engine is tested on its own."""

import contextlib
import json
import os
import signal
import subprocess
import time
import uuid

import pytest

from stack import issuer, process

from . import live, sealed, statements
from .client import template, unique

# Milliseconds; by the names of orc_config_t.
QUICK = {"poll_min": 50, "poll_max": 300, "looks": [300, 600, 1200, 2400], "delete_repeat": 400,
         "public_address_recheck": 600, "lease": 2000, "im_timeout": 1500, "im_create_timeout": 1500,
         "watch_interval": 0}
# Providers for placement: the first of a pair fails, the second does not.
PAIRS = 100


def providers(stack):
    """The harness's providers, and pairs of a bad one and a good one that serve the groups pair-NN."""
    value = live.providers(stack)
    pairs = ["pair-%02d" % number for number in range(PAIRS)]
    value["providers"] += [
        live.provider(stack, "bad-one", pairs, "id = {name}; type = Dummy; behaviour = all_vms_failed"),
        live.provider(stack, "good-one", pairs),
        live.provider(stack, "off-one", pairs, enabled=False),
        live.provider(stack, "kube-one", pairs, type="kubernetes")]
    return value


def configuration(stack, **config):
    """What a daemon of its own is told, beside httpd or without one."""
    with open(stack.issuer.secret_file, encoding="ascii") as file:
        secret = file.read().strip()
    issuers = [{"url": stack.issuer.url.rstrip("/"), "client_id": "orchestrator", "client_secret": secret}]
    return {"database": stack.postgres.conninfo, "im": stack.im_url, "providers": stack.path("providers.json"),
            "types": stack.path("types"), "key": stack.path("secret.key"), "public_url": stack.url, "issuers": issuers,
            **QUICK, **config}


class Engine:
    """A daemon of `rig`: a stack with a `wrapper` that its daemons run in. `program`: of tests/engine."""

    def __init__(self, rig, number, config, program="run_engine"):
        self.rig = rig
        self.program = os.path.join(rig.build, "tests/engine", program)
        self.config = rig.path("engine-%d.json" % number)
        self.log = rig.path("engine-%d.log" % number)
        process.write(self.config, json.dumps(config))
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.rig.wrapper + [self.program, self.config], stdin=subprocess.DEVNULL,
                                            stdout=log,
                                            stderr=log)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """How long it took to end."""
        began = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        return time.monotonic() - began

    def text(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()


class Person:
    """Somebody with deployments; stored as the API stores them."""

    def __init__(self, rig, group, ttl=3600, refresh=False, **token):
        self.rig = rig
        self.group = group
        self.name = unique("person")
        self.id = str(uuid.uuid4())
        self.issuer = rig.issuer.url.rstrip("/")
        rig.sql("INSERT INTO users (id, issuer, sub, name, username, email, public_ssh_key) VALUES (%s, %s, %s, %s, "
                "%s, %s, %s)",
                (self.id, self.issuer, "local-" + self.name, self.name, self.name, self.name + "@example.org",
                 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA " + self.name))
        self.bring_token(ttl, **token)
        if refresh:
            rig.sql("UPDATE users SET refresh_token = %s WHERE id = %s", (rig.seal(
                "users.refresh_token", self.id, issuer.refresh_token(
                    rig.issuer.url, rig.issuer.keys[0], issuer.person(self.name, [group]))), self.id))

    def bring_token(self, ttl=3600, expires=None, **token):
        """What the API does when the person comes back."""
        self.token = self.rig.issuer.token(self.name, [self.group], ttl=ttl, **token)
        self.rig.sql("""INSERT INTO credentials (user_id, access_token, expires_at)
            VALUES (%s, %s, now() + %s * interval '1 second')
            ON CONFLICT (user_id) DO UPDATE SET access_token = excluded.access_token,
            expires_at = excluded.expires_at""",
                     (self.id, self.rig.seal("credentials.access_token", self.id, self.token), ttl if expires is None
                      else expires))
        self.rig.sql("""WITH woken AS (UPDATE work w SET due_at = now(), is_hurried = true FROM operations o
                WHERE o.id = w.id AND o.created_by = %s AND o.waits_for_token RETURNING w.id)
            UPDATE operations o SET waits_for_token = false FROM woken w WHERE o.id = w.id""", (self.id,))
        self.rig.notify()

    def create(self, content=None, inputs=None, nodes=None, sealed_inputs=None, **fields):
        """A deployment as POST /deployments leaves it; its id. `nodes`: (name, is_compute) of its resources;
        `sealed_inputs`: all of them, when some are secret, or a text in the place of what they are sealed to."""
        rig, deployment, operation, text = self.rig, str(uuid.uuid4()), str(uuid.uuid4()), content or template()
        values = {"retries": 1, "max_providers": None, "timeout": 60, "provider_timeout": 60, "keep": False,
                  "provider": None, "region": None, "deadline": 3600.0, **fields}
        values.update(id=deployment, operation=operation, template=str(uuid.uuid4()), person=self.id, group=self.group,
                      issuer=self.issuer, inputs=json.dumps(inputs or {}), text=text,
                      sealed=rig.seal("deployments.template_inputs_sealed", deployment, json.dumps(sealed_inputs))
                      if isinstance(sealed_inputs, dict) else sealed_inputs, nodes=json.dumps(
                          [{"position": n, "name": name, "compute": compute}
                           for n, (name, compute) in enumerate(nodes or [("simple_node", True)])]))
        rig.sql("""
            WITH t AS (INSERT INTO templates (id, content, checksum, name, target_provider_type,
            tosca_definition_version,
                    created_by, updated_by)
                VALUES (%(template)s, %(text)s, %(template)s, 'x', 'openstack', 'tosca_simple_yaml_1_0', %(person)s,
                %(person)s)),
            d AS (INSERT INTO deployments (id, template_id, template_inputs, user_group, user_group_issuer,
                    per_provider_max_retries, max_providers, tot_timeout_mins, per_provider_timeout_mins,
                    keep_last_attempt, target_provider, target_region, last_operation_id, created_by, updated_by,
                    template_inputs_sealed)
                VALUES (%(id)s, %(template)s, %(inputs)s, %(group)s, %(issuer)s, %(retries)s, %(max_providers)s,
                    %(timeout)s, %(provider_timeout)s, %(keep)s, %(provider)s, %(region)s, %(operation)s, %(person)s,
                    %(person)s, %(sealed)s)),
            w AS (INSERT INTO deployment_owners (deployment_id, user_id) VALUES (%(id)s, %(person)s)),
            r AS (INSERT INTO resources (id, deployment_id, position, tosca_node_name, tosca_node_type, is_compute,
                    created_by, updated_by)
                SELECT gen_random_uuid(), %(id)s, position, name, 'tosca.nodes.Compute', compute, %(person)s, %(person)s
                FROM json_to_recordset(%(nodes)s) AS n (position integer, name text, compute boolean)),
            k AS (INSERT INTO work (id, kind) VALUES (%(operation)s, 'CREATE'))
            INSERT INTO operations (id, deployment_id, type, user_group, user_group_issuer, created_by, deadline)
            VALUES (%(operation)s, %(id)s, 'CREATE', %(group)s, %(issuer)s, %(person)s,
                now() + %(deadline)s * interval '1 second')""", values)
        rig.notify()
        return deployment

    def delete(self, deployment, force=False, unsecure=False):
        """The same as DELETE; the operation's id."""
        operation = str(uuid.uuid4())
        self.rig.sql(*statements.together(
            *self._canceling(deployment, None, operation),
            ("deployment_delete", {"id": deployment, "operation_id": operation, "is_forced": force, "caller": self.id,
                                   "is_unsecure": unsecure, "parent_id": None, "correlation_id": None, "note": None})))
        self.rig.notify()
        return operation

    def cancel(self, deployment, type="CREATE"):
        """The same as POST .../cancel of its last operation of that type."""
        self.rig.sql(*statements.together(*self._canceling(
            deployment, self.rig.operation(deployment, type)["id"], None)))
        self.rig.notify()

    def _canceling(self, deployment, operation, deletion):
        return (("deployment_lock_operations", {"id": deployment}), ("deployment_lock", {"id": deployment}),
                ("operation_cancel", {"deployment_id": deployment, "id": operation, "deletion_id": deletion,
                                      "caller": self.id}))


class Rig(live.LiveStack):
    def __init__(self, build=None, wrapper=(), **options):
        super().__init__(providers=providers, build=build, **options)
        self.wrapper = list(wrapper)
        self.engines = []
        self._started = 0
        self._pairs = ["pair-%02d" % number for number in range(PAIRS)]
        self._key = None

    def start(self, report=None):
        for _, _, start, _ in self.parts()[:-1]:
            start()
        self._prepare()
        process.run([os.path.join(self.build, "orchestrator-migrate"), self.postgres.conninfo])
        self._key = sealed.key_of(self.path("secret.key"))

    def seal(self, column, row, text):
        return sealed.seal(self._key, column, row, text)

    def pair(self):
        """A group that a bad provider serves and a good one, in this order."""
        return self._pairs.pop()

    def engine(self, program="run_engine", **config):
        """Starts a daemon."""
        self._started += 1
        made = Engine(self, self._started, configuration(self,
                                                         **{"public_url": "https://paas.example.org/api/v1", **config}),
                      program)
        self.engines.append(made)
        return made

    @contextlib.contextmanager
    def instead(self, **config):
        """With a daemon of another configuration instead of the one that all tests of a module share."""
        (shared,) = self.engines
        shared.stop()
        made = self.engine(**config)
        try:
            yield made
        finally:
            made.stop()
            self.engines.remove(made)
            shared.start()

    def person(self, behaviour=None, group=None, **token):  # pylint: disable=arguments-differ
        return Person(self, group or self.group(behaviour), **token)

    def notify(self):
        self.sql("SELECT pg_notify('orchestrator', '')")

    # looking

    def operation(self, deployment, type="CREATE"):
        """The last operation of that type as a dict, or None; with its work, until it has ended."""
        rows = self.sql("""SELECT COALESCE(to_jsonb(w), '{}') || to_jsonb(o) FROM operations o LEFT
            JOIN work w USING (id)
            WHERE deployment_id = %s AND type = %s::operation_type ORDER BY created_at DESC LIMIT 1""", (deployment,
            type))
        return rows[0][0] if rows else None

    def change_work(self, deployment, change, *values, type="CREATE"):
        """Changes what an operation remembers, or when it is due, behind the back of who has it in hand; how many
        rows."""
        return self.sql("""UPDATE work SET lease_number = lease_number + 1, %s WHERE id = (SELECT id FROM operations
            WHERE deployment_id = %%s AND type = %%s::operation_type AND ended_at IS NULL)""" % change,
            values + (deployment, type))

    def let_the_time_of_the_provider_pass(self, deployment, phase):
        """A minute is the shortest that can be asked for: moves its beginning, between two looks."""
        self.wait_for(lambda: self.sql("""UPDATE work w SET lease_number = lease_number + 1, due_at = now(),
            memory = jsonb_set(memory, '{since}', to_jsonb((memory ->> 'since')::bigint - 61000000))
            FROM operations o WHERE o.id = w.id AND deployment_id = %s AND w.phase = %s
                AND due_at > now() + interval '20 milliseconds' AND due_at < now() + interval '1 second'""",
                                       (deployment, phase)), 10, "a moment between two looks")

    def wait_for_end(self, deployment, type="CREATE", timeout=20):
        def look():
            found = self.operation(deployment, type)
            return found if found is None or found["ended_at"] else None
        try:
            return self.wait_for(look, timeout, "the end of %s of %s" % (type, deployment))
        except Exception as problem:
            raise AssertionError("%s; it is %r" % (problem, self.operation(deployment, type))) from problem

    def wait_for_phase(self, deployment, *phases, type="CREATE", timeout=10):
        return self.wait_for(lambda: self.operation(deployment, type)["phase"] in phases, timeout,
                             "phase %s" % (phases,))

    def finish(self, deployment, state="succeeded", type="CREATE", timeout=20):
        """Waits for the end; it must be `state`. The operation."""
        found = self.wait_for_end(deployment, type, timeout)
        assert found["state"] == state, (found["state"], found["reason"], self.log_lines(deployment))
        return found

    def deployment(self, deployment):
        return self.sql("SELECT to_jsonb(d) FROM deployments d WHERE id = %s", (deployment,))[0][0]

    def resources(self, deployment):
        return [row[0]
                for row in self.sql("SELECT to_jsonb(r) FROM resources r WHERE deployment_id = %s ORDER BY position",
                                    (deployment,))]

    def steps(self, deployment, stage="infrastructure_creation"):
        return [row[0] for row in self.sql("""SELECT to_jsonb(s) FROM operation_steps s JOIN operations o
            ON o.id = operation_id
            WHERE deployment_id = %s AND stage = %s ORDER BY o.created_at, number""", (deployment, stage))]

    def known(self, deployment):
        """The rows of all that is at IM because of a deployment, oldest first; with their work, while there is any."""
        return [row[0] for row in self.sql("""SELECT COALESCE(to_jsonb(w), '{}') || to_jsonb(i) FROM infrastructures i
            LEFT JOIN work w USING (id) WHERE deployment_id = %s ORDER BY asked_at, i.id""", (deployment,))]

    def wait_until_gone(self, person, but=(), timeout=20):
        """Waits until nothing of a person is at IM, but for what is at these clouds."""
        self.wait_for(lambda: {one["cloud_id"] for one in self.infrastructures(person, alive="true")} == set(but),
                      timeout, "an IM without anything of %s but for %s" % (person.name, list(but)))

    def log_lines(self, deployment):
        return [row[0] for row in self.sql("SELECT message FROM operation_logs WHERE deployment_id = %s ORDER BY id",
                                           (deployment,))]

    def alive(self, deployment):
        """What is at IM of a deployment."""
        return [one for one in self.control.ledger(alive="true") if one["metadata"].get("PAAS_DEP_UUID") == deployment]

    def infrastructures(self, person=None, **parameters):
        """The simulator's ledger, of one person."""
        return [one for one in self.control.ledger(**parameters)
                if person is None or person.name in json.dumps(one["owner"])
                or one["metadata"].get("PAAS_DEP_USER_EMAIL", "") == person.name + "@example.org"]

    def infrastructure(self, deployment):
        """The id at IM of a deployment that is at work, once it is known."""
        return self.wait_for(lambda: self.deployment(deployment)["im_infra_id"], 10, "an infrastructure")

    def wait_for_calls(self, number):
        """Waits until so many calls are under way at IM, which nobody else asks anything."""
        self.wait_for(lambda: self.control.get("calls")["in_flight"] == number, 10, "%d calls under way" % number)

    def wait_for_creation(self):
        """Waits until a creation is under way at IM, whatever else it is asked."""
        self.wait_for(lambda: self.control.get("calls")["under_way"]["create"] == 1, 10, "a creation under way")

    def stop_engines(self):
        for one in self.engines:
            if one.process.poll() is None:
                one.signal(signal.SIGCONT)
                one.stop()
        self.engines.clear()

    def finish_work(self):
        """Stops the daemons and ends what they left, so that the next ones find nothing to do."""
        self.stop_engines()
        self.sql("DELETE FROM work")
        self.sql("UPDATE operations SET state = 'canceled', phase = 'ended', ended_at = now() WHERE ended_at IS NULL")
        self.control.mend()

    def close(self):
        self.stop_engines()
        with contextlib.suppress(FileNotFoundError):
            super().close()


@pytest.fixture(scope="session")
def _rig(_sweep):
    made = Rig(build=os.environ.get("ORCHESTRATOR_BUILD") or None)
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def bare_rig(_rig):
    """PostgreSQL, issuer and simulator; a test starts its daemons itself."""
    yield _rig
    _rig.finish_work()


@pytest.fixture(scope="module")
def _one_engine(bare_rig):
    bare_rig.engine()
    return bare_rig


@pytest.fixture
def engine_rig(_one_engine):
    """The same with one daemon, which all tests of a module share. A provider that mostly failed would come last, so
    each test begins without their records."""
    _one_engine.sql("DELETE FROM provider_records")
    yield _one_engine
    had_faults = _one_engine.control.touched
    _one_engine.control.mend()
    for one in _one_engine.engines:
        assert one.process.poll() is None, one.text()[-2000:]
    if had_faults:  # the breaker that they may have opened closes, lest the next test's calls are held back
        _one_engine.finish(_one_engine.person().create())
