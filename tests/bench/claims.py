# Licensed under the Apache License, Version 2.0; see LICENSE.
"""./dev bench engine: what claims cost beside much that is live, ended or pending, and a transaction that lasts."""

import contextlib
import importlib.util
import os
import pathlib
import re
import statistics
import time

import psycopg2

from stack import process

HERE = os.path.dirname(os.path.abspath(__file__))
SQL = os.path.join(os.path.dirname(os.path.dirname(HERE)), "sql")
LIVE, ENDED, PENDING, GROUPS, ENDPOINTS = 20000, 1000000, 10000, 500, 20
EACH = 20  # ended operations of a deployment
POLL = 30  # seconds between two looks at what is live
LASTS = 600  # seconds that the transaction has been open for
BATCH, FRESH, CLAIMS = 64, 16, 60
LATE = 3000000  # microseconds: orc_engine_claims.c

# Without the triggers, which would do one by one what is written here at once.
FILL = """
SET session_replication_role = replica;
DELETE FROM work;
INSERT INTO users (id, issuer, sub, name, username, email)
    SELECT md5('user' || n)::uuid, 'https://issuer.example', 'bench-' || n, 'Bench', 'bench', 'bench@example.org'
    FROM generate_series(1, %(groups)s) n;
INSERT INTO templates (id, content, checksum, name, target_provider_type, tosca_definition_version, created_by,
        updated_by)
    SELECT md5('template')::uuid, '{}', 'x', 'x', 'openstack', 'x', md5('user1')::uuid, md5('user1')::uuid;
INSERT INTO deployments (id, template_id, template_inputs, user_group, user_group_issuer, per_provider_max_retries,
        tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt, last_operation_id, status, created_by,
        updated_by, created_at)
    SELECT md5('deployment' || n)::uuid, md5('template')::uuid, '{}', 'group-' || n %% %(groups)s,
        'https://issuer.example', 1, 1440, 1440, false, md5('operation' || n)::uuid,
        CASE WHEN n <= %(ended)s THEN 0 ELSE 2 END,
        md5('user' || n %% %(groups)s + 1)::uuid, md5('user1')::uuid,
        now() - interval '1 day' + n * interval '10 milliseconds'
    FROM generate_series(1, %(all)s) n WHERE n <= %(ended)s / %(each)s OR n > %(ended)s;
INSERT INTO operations (id, deployment_id, type, state, phase, user_group, user_group_issuer, created_by, created_at,
        ended_at)
    SELECT md5('operation' || n)::uuid,
        md5('deployment' || CASE WHEN n <= %(ended)s THEN (n - 1) / %(each)s + 1 ELSE n END)::uuid, 'CREATE',
        (CASE WHEN n <= %(ended)s THEN 'succeeded' WHEN n <= %(begun)s THEN 'in progress'
            ELSE 'pending' END)::operation_state,
        (CASE WHEN n <= %(ended)s THEN 'ended' WHEN n <= %(begun)s THEN 'provisioning'
            ELSE 'queued' END)::operation_phase,
        'group-' || n %% %(groups)s, 'https://issuer.example', md5('user' || n %% %(groups)s + 1)::uuid,
        now() - interval '1 day' + n * interval '10 milliseconds', CASE WHEN n <= %(ended)s THEN now() END
    FROM generate_series(1, %(all)s) n;
INSERT INTO work (id, kind, phase, is_begun, rhythm, endpoint, memory, due_at)
    SELECT md5('operation' || n)::uuid, 'CREATE', CASE WHEN n <= %(begun)s THEN 'provisioning' ELSE 'queued' END,
        n <= %(begun)s, CASE WHEN n <= %(begun)s THEN %(poll)s * 1000000 ELSE 0 END,
        'https://im-' || n %% %(endpoints)s || '.example', '{}', now() - interval '1 hour'
    FROM generate_series(%(ended)s + 1, %(all)s) n;
RESET session_replication_role;
VACUUM ANALYZE
"""

# One look at everything that is live, `age` seconds ago.
LOOK = """UPDATE work SET lease_number = lease_number + 1,
    due_at = clock_timestamp() + (random() * {poll} - {age}) * interval '1 second' WHERE is_begun"""


def statement(name):
    """The text of a named statement with $n for its parameters, and their names."""
    spec = importlib.util.spec_from_file_location("compile_sql", os.path.join(SQL, "compile.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = pathlib.Path(SQL, "queries", "work.sql")
    parts = re.split(r"^-- name: (\w+)\s*$", path.read_text(encoding="utf-8"), flags=re.M)
    return module.Statement(path, name, dict(zip(parts[1::2], parts[2::2]))[name])


class Claims:
    """A database of that size, and the claim in a session of its own, prepared as an engine prepares it."""

    def __init__(self, postgres):
        began = time.monotonic()
        self.postgres = postgres
        self._admin = None
        self.claim = statement("work_claim")
        self.session = self.connect()
        self.cursor = self.session.cursor()
        for part in (FILL % {"ended": ENDED, "each": EACH, "begun": ENDED + LIVE, "all": ENDED + LIVE + PENDING,
                             "groups": GROUPS, "endpoints": ENDPOINTS, "poll": POLL}).split(";\n"):
            self.execute_as_admin(part)
        self.cursor.execute("SET jit = off")
        self.cursor.execute("PREPARE claim AS " + self.claim.text)
        self.since, self.seconds = 0, time.monotonic() - began

    def connect(self):
        made = psycopg2.connect(self.postgres.url)
        made.autocommit = True
        return made

    def execute_as_admin(self, sql):
        if not self._admin:
            self._admin = psycopg2.connect(self.postgres.admin_url.replace("/postgres?", "/%s?" % self.database()))
            self._admin.autocommit = True
        self._admin.cursor().execute(sql)

    def database(self):
        self.cursor.execute("SELECT current_database()")
        return self.cursor.fetchone()[0]

    def values(self, due, pending):
        self.cursor.execute("SELECT (extract(epoch FROM now()) * 1000000)::bigint")
        values = {"due": due, "pending": pending, "per_group": 500, "groups": 32, "after_issuer": "", "after_group": "",
                  "since": self.since, "owner": "bench", "lease": 60000000, "slow": [], "rooms": [], "rests": [],
                  "ahead": [], "longest": POLL * 1000000,
                  "phases": ["CREATE/queued", "CREATE/provisioning"], "with_template": ["CREATE/queued"],
                  "watching": [], "deleting": [], "with_resources": [], "idle": 0, "idle_since": 0, "orders": 0,
                  "orders_since": 0, "ordering": []}
        return [values[name] for name in self.claim.parameters]

    def take(self, due, pending):
        """(milliseconds of the processor, rows) of a claim."""
        values = self.values(due, pending)
        began = self.processor()
        self.cursor.execute("EXECUTE claim (%s)" % ", ".join(["%s"] * len(values)), values)
        rows = self.cursor.fetchall()
        return self.processor() - began, rows

    def processor(self):
        """Milliseconds that the session had a processor for: others that are busy make claims late, and not dear."""
        with open("/proc/%d/schedstat" % self.session.get_backend_pid(), encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e6

    def are_due(self, count):
        self.cursor.execute("SELECT count(*) FROM (SELECT FROM work WHERE is_begun AND due_at <= now() LIMIT %s) w",
                            (count,))
        return self.cursor.fetchone()[0] >= count

    def taken(self, due, pending):
        """What claims take that find so much: the median, and what one of twenty takes or more."""
        times = []
        for _ in range(CLAIMS):
            if due:
                process.wait_for(lambda: self.are_due(due), POLL, "%d that are due" % due)
            took, rows = self.take(due, pending)
            times.append(took)
            if due:
                column = self.claim.columns.index
                self.since = min(int(row[column("was_due")]) for row in rows if row[column("id")]) - LATE
        return statistics.median(times), sorted(times)[-len(times) // 20]

    def measure(self):
        """(what, median, worst) of each."""
        self.cursor.execute(LOOK.format(poll=POLL, age=0))
        yield "%d due of %d" % (BATCH, LIVE), *self.taken(BATCH, 0)
        yield "%d pending" % PENDING, *self.taken(0, FRESH)
        with contextlib.closing(self.connect()) as old:
            old.autocommit = False
            old.set_session(isolation_level="REPEATABLE READ")
            old.cursor().execute("SELECT FROM users")
            for age in range(LASTS - POLL, -1, -POLL):
                self.cursor.execute(LOOK.format(poll=POLL, age=age))
            self.since = 0
            self.take(BATCH, 0)
            yield "%d due, a transaction open for 10 minutes" % BATCH, *self.taken(BATCH, 0)
            yield "%d pending, the same transaction" % PENDING, *self.taken(0, FRESH)
