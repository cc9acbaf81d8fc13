# Licensed under the Apache License, Version 2.0; see LICENSE.
"""./dev bench lists: what pages of long lists cost, as multiples of a GET by id, measured over HTTP in turns with it.

1,000,000 deployments of 10,000 persons, of whom one owns 20,000.
"""

import contextlib
import http.client
import json
import os
import statistics
import time
import urllib.parse

import psycopg2

from harness.client import expect
from harness.live import LiveStack
from stack import process

PERSONS, DEPLOYMENTS, EVERY = 10000, 1000000, 50  # each 50th is one person's
ROUNDS, GETS = 5, 20

# Without the triggers, which would do one by one what is written here at once. Ids sort by time, as those of the module
# do.
FILL = """
SET session_replication_role = replica;
INSERT INTO users (id, issuer, sub, name, username, email)
    SELECT md5('user' || n)::uuid, %(issuer)s, 'bench-' || n, 'Bench ' || n, 'bench-' || n,
    'bench-' || n || '@example.org'
    FROM generate_series(1, %(persons)s) n;
INSERT INTO deployments (id, template_id, template_inputs, template_outputs, user_group, user_group_issuer,
        per_provider_max_retries, tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt, target_provider,
        im_infra_id, last_operation_id, status, status_reason, task, created_by, updated_by, created_at, updated_at)
    SELECT (age || substr(md5('deployment' || n), 13))::uuid, %(template)s, '{"num_cpus": 2}',
    '{"node_ip": "10.0.0.1"}',
        'group-' || n %% 50, %(issuer)s, n %% 10 + 1, 1440 + n %% 100, 1440, false, 'cloud-' || n %% 7,
        md5('infrastructure' || n)::uuid::text, (age || substr(md5('operation' || n), 13))::uuid, f::integer,
        CASE WHEN f THEN 'No provider could take it: attempt ' || n END, 8, owner, owner,
        now() - n * interval '1 second',
        now() - (n::bigint * 7919 %% 1000003) * interval '1 second'
    FROM generate_series(1, %(deployments)s) n, LATERAL (SELECT n %% 20 = 7 AS f,
        lpad(to_hex(%(deployments)s - n), 12, '0') AS age, CASE WHEN n %% %(every)s = 0
        THEN %(owner)s::uuid ELSE md5('user' || (n %% %(persons)s + 1))::uuid END AS owner) o;
INSERT INTO operations (id, deployment_id, type, state, phase, reason, user_group, user_group_issuer, created_by,
        started_at, ended_at)
    SELECT last_operation_id, id, 'CREATE', CASE status WHEN 0 THEN 'succeeded' ELSE 'failed' END::operation_state,
        'ended', status_reason, user_group, user_group_issuer, created_by, now(), now() FROM deployments;
INSERT INTO deployment_owners (deployment_id, user_id, deployment_created_at, created_at)
    SELECT id, created_by, created_at, created_at FROM deployments;
INSERT INTO deployment_tallies (user_id, place, owned) SELECT user_id, 0, count(*) FROM deployment_owners GROUP BY 1;
RESET session_replication_role;
VACUUM ANALYZE
"""

# Values of filters that much has, little has, or nothing.
SOME = "00000000-0000-7000-8000-000000000000"
VALUES = {"id": [SOME], "created_by": ["me", SOME], "updated_by": ["me", SOME], "owned_by": ["me", SOME],
          "template_id": [None, SOME], "user_group": ["group-3", "nobody"],
          "user_group_issuer": ["https://nobody.example"], "keep_last_attempt": ["true", "false"],
          "target_provider": ["cloud-3", "nobody"], "target_region": ["nowhere"], "target_iaas_project": ["none"],
          "im_infra_id": ["none"], "status": ["CREATE_COMPLETE", "CREATE_FAILED", "UNKNOWN"],
          "status_name": ["CREATE_COMPLETE", "CREATE_FAILED", "UNKNOWN"],
          "status_reason": ["attempt", "attempt 777", "zebra"],
          "task": ["finished", "submitted"], "task_name": ["finished", "submitted"], "last_operation": [SOME],
          "per_provider_max_retries": ["3", "11"], "max_providers": ["3"], "tot_timeout_mins": ["1450", "7"],
          "per_provider_timeout_mins": ["1440", "7"]}
ENDS = {"created_at": ("created_before", "created_after"), "updated_at": ("updated_before", "updated_after")}


class Lists:
    def __init__(self, say):
        self.say, self.rows = say, []
        self.stack = LiveStack("LogLevel warn\n", durable=True)
        self.stack.postgres.settings["shared_buffers"] = "768MB"  # as conf/orchestrator.conf advises
        self.stack.start()
        self.admin = self.stack.person(admin=True, ttl=7200)
        self.owner = self.stack.person(ttl=7200)
        port = urllib.parse.urlsplit(self.stack.base_url).port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.template = self.fill()
        self.one = self.owner.get("/deployments").json()["data"][0]["id"]

    def fill(self):
        began = time.monotonic()
        template = self.owner.store_template()
        issuer = expect(self.admin.get("/users/me"), 200).json()["issuer"]
        values = {"issuer": "'%s'" % issuer, "persons": PERSONS, "deployments": DEPLOYMENTS, "every": EVERY,
                  "template": "'%s'" % template, "owner": "'%s'" % self.owner.id}
        database = self.stack.sql("SELECT current_database()")[0][0]
        url = self.stack.postgres.admin_url.replace("/postgres?", "/%s?" % database)
        with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            for statement in (FILL % values).split(";\n"):
                cursor.execute(statement)
        self.say("%d deployments of %d persons in %.0f s" % (DEPLOYMENTS, PERSONS, time.monotonic() - began))
        return template

    def close(self):
        self.connection.close()
        self.stack.close()

    def milliseconds(self, who, path):
        """The time of one answer, on one connection that is kept."""
        began = time.perf_counter()
        self.connection.request("GET", "/api/v1" + path, headers={"Authorization": "Bearer " + who.token})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit("%s answers %d: %s" % (path, answer.status, body[:500]))
        return (time.perf_counter() - began) * 1000

    def gets(self):
        return statistics.median(self.milliseconds(self.owner, "/deployments/" + self.one) for _ in range(GETS))

    def compare(self, name, limit, asked, often=1):
        """`asked`: [(who, path)]; the dearest of them by its median counts."""
        times = {path: [] for _, path in asked}
        rest = []
        for who, path in asked:
            self.milliseconds(who, path)
        for _ in range(ROUNDS):
            rest.append(self.gets())
            for who, path in asked:
                times[path].append(statistics.median(self.milliseconds(who, path) for _ in range(often)))
        yardstick = statistics.median(rest)
        if os.environ.get("ORCHESTRATOR_BENCH_ALL"):
            for path in sorted(times, key=lambda path: -statistics.median(times[path])):
                self.say("    %8.2f  %s" % (statistics.median(times[path]), path))
        dearest = max(times, key=lambda path: statistics.median(times[path]))
        ratio = statistics.median(times[dearest]) / yardstick
        self.rows.append((name, ratio, limit, ratio <= limit))
        self.say("%-52s %6.2f  (at most %.2f)  %.2f against %.2f ms: %s" % (
            name, ratio, limit, statistics.median(times[dearest]), yardstick, dearest))

    def measure(self):
        self.compare("a person's own first page / GET by id", 6, [(self.owner, "/deployments?size=20")], GETS)
        self.compare("a person's own last page / GET by id", 150, [(self.owner, "/deployments?size=20&page=1000")],
                     GETS)
        self.compare("everybody's first page / GET by id", 6, [(self.admin, "/deployments?size=20")], GETS)
        self.compare("everybody's page 2,000 / GET by id", 50, [(self.admin, "/deployments?size=20&page=2000")])
        self.compare("everybody's page 25,000 / GET by id", 150, [(self.admin, "/deployments?size=20&page=25000")])
        self.compare("everybody's page 50,000 / GET by id", 150, [(self.admin, "/deployments?size=20&page=50000")])
        for who, whose in ((self.owner, "own"), (self.admin, "everybody's")):
            self.compare("%s, sorted by any attribute / GET by id" % whose, 250, self.sorted(who))
            self.compare("%s, filtered by any attribute / GET by id" % whose, 250, self.filtered(who))

    def columns(self):
        path = os.path.join(process.CHECKOUT, "mod_orchestrator", "routes", "deployments.json")
        with open(path, encoding="utf-8") as file:
            return json.load(file)["list"]

    def sorted(self, who):
        return [(who, "/deployments?size=20&sort=%s%s" % (sign, column["name"]))
                for column in self.columns() if column.get("sort", True) for sign in ("", "-")]

    def filtered(self, who):
        asked = []
        for column in self.columns():
            for name in ENDS.get(column["name"], [column["name"]]):
                values = ["2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"] if column["kind"] == "time" else VALUES[name]
                asked += [(who, "/deployments?size=20&%s=%s" % (name, urllib.parse.quote(value or self.template)))
                          for value in values]
        mine = [(who, path) for who, path in asked if path.endswith("owned_by=" + SOME)]
        return asked if who is self.admin else [entry for entry in asked if entry not in mine]


def measure(say):
    """Rows of (name, ratio, limit, whether it is kept)."""
    lists = Lists(say)
    try:
        lists.measure()
        return lists.rows
    finally:
        lists.close()
