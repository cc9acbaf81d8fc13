# Licensed under the Apache License, Version 2.0; see LICENSE.
"""./dev bench engine: daemons without httpd, at IMs that the simulator stands in for, each at a port of its own."""

import contextlib
import json
import os
import signal
import time

from harness import live
from harness.client import template
from harness.live import HELD
from harness.proxies import Far
from harness.rig import Rig
from stack import build, process

import claims

IMS, HUNG, BUSY = 100, 10, 40  # endpoints, those that hang, operations that each of these has at work
LIVE, LIVE_IMS = 20000, 20
POLL, SECONDS = 30, 45  # between two looks; for how long it is watched
CREATIONS, AWAY = 100, 0.02  # with a database so far away
# A hundred IMs in one process: calls that hang at ten of them are not to take the threads of the others.
THREADS = "ThreadLimit 512\nThreadsPerChild 512\nMaxRequestWorkers 512\nMaxSpareThreads 512\n"
DEFAULTS = {"poll_min": 5000, "poll_max": POLL * 1000, "lease": 60000, "im_timeout": 60000}

WATCH = 300  # seconds between two looks at what is complete
COMPLETE = """WITH n AS (SELECT gen_random_uuid() AS d, gen_random_uuid() AS o FROM generate_series(1, %s)),
    k AS (INSERT INTO deployments (id, status, task, template_id, template_inputs, template_outputs, user_group,
            user_group_issuer, per_provider_max_retries, max_providers, tot_timeout_mins, per_provider_timeout_mins,
            keep_last_attempt, last_operation_id, created_by, updated_by, im_infra_id, im_endpoint, target_provider,
            target_region, target_iaas_project)
        SELECT n.d, status, task, template_id, '{}', template_outputs, user_group, user_group_issuer, 1, 1, 600, 600,
            false, n.o, created_by, created_by, im_infra_id, im_endpoint, target_provider, target_region,
            target_iaas_project
        FROM n, deployments WHERE id = %s),
    o AS (INSERT INTO operations (id, deployment_id, type, state, phase, user_group, user_group_issuer, created_by,
            started_at, ended_at)
        SELECT n.o, n.d, 'CREATE', 'succeeded', 'ended', user_group, user_group_issuer, created_by, now(), now()
        FROM n, operations WHERE deployment_id = %s),
    r AS (INSERT INTO resources (id, deployment_id, position, tosca_node_name, tosca_node_type, is_compute, im_vm_idx,
            status, metadata, metadata_sealed, created_by, updated_by)
        SELECT gen_random_uuid(), n.d, position, tosca_node_name, tosca_node_type, is_compute, im_vm_idx, status,
            metadata, metadata_sealed, created_by, updated_by
        FROM n, resources WHERE deployment_id = %s)
    INSERT INTO work (id, kind, is_begun, is_idle, is_resting, due_at, endpoint, rhythm, memory)
    SELECT n.d, kind, true, true, true, clock_timestamp() + random() * %s * interval '1 second', endpoint, %s, memory
    FROM n, work WHERE id = %s"""

MULTIPLY = """WITH n AS (SELECT gen_random_uuid() AS d, gen_random_uuid() AS o FROM generate_series(1, %s)),
    k AS (INSERT INTO deployments (id, template_id, template_inputs, user_group, user_group_issuer,
            per_provider_max_retries, max_providers, tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt,
            last_operation_id, created_by, updated_by)
        SELECT n.d, template_id, '{}', user_group, user_group_issuer, 1, 1, 600, 600, false, n.o, created_by, created_by
        FROM n, deployments WHERE id = %s),
    o AS (INSERT INTO operations (id, deployment_id, type, state, phase, description, user_group, user_group_issuer,
            created_by, deadline, started_at)
        SELECT n.o, n.d, 'CREATE', 'in progress', 'provisioning', description, user_group, user_group_issuer,
            created_by, now() + interval '10 hours', now()
        FROM n, operations WHERE deployment_id = %s)
    INSERT INTO work (id, kind, phase, is_begun, due_at, endpoint, rhythm, memory)
    SELECT n.o, 'CREATE', 'provisioning', true, clock_timestamp() + random() * %s * interval '1 second', endpoint, %s,
        memory || jsonb_build_object('interval', %s) FROM n, work JOIN operations USING (id) WHERE deployment_id = %s"""


def providers(stack):
    """Each at an endpoint of its own, for a group of its own."""
    return {"providers": [live.provider(stack, "im-%d" % n, ["im-%d" % n], im="http://127.0.0.1:%d" % port)
                          for n, port in enumerate(stack.im_ports)]}


class Engines:
    def __init__(self, say):
        self.say, self.rows = say, []
        build.make(build.PLAIN, "tests/engine/run_engine")
        self.rig = Rig(build=os.environ.get("ORCHESTRATOR_BUILD") or None)
        self.rig.im_ports = [process.free_port() for _ in range(IMS)]
        self.rig.simulator.more = THREADS + "".join("Listen 127.0.0.1:%d\n" % port for port in self.rig.im_ports)
        self.rig.postgres.settings["shared_buffers"] = "512MB"
        self.rig.start()
        process.write(self.rig.path("ims.json"), json.dumps(providers(self.rig)))
        self.people = [self.rig.person(group="im-%d" % n) for n in range(IMS)]

    def close(self):
        self.rig.close()

    def at_most(self, name, value, limit, note):
        self.rows.append((name, value, limit, value <= limit))
        self.say("%-60s %8.2f  (at most %.2f)  %s" % (name, value, limit, note))

    def engine(self, **config):
        return self.rig.engine(providers=self.rig.path("ims.json"), max_operations=100000,
                               max_operations_per_group=100000, **config)

    @contextlib.contextmanager
    def running(self, **config):
        try:
            yield self.engine(**config)
        finally:
            self.rig.finish_work()

    def one(self, sql):
        return self.rig.sql(sql)[0]

    def cpu(self, daemon):
        return self.seconds_of(daemon.process.pid)

    @staticmethod
    def seconds_of(pid):
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # what is measured

    def lives(self):
        """What looks at 20,000 that are being made cost."""
        slow = template(im_simulator={"boot_ms": HELD})
        with self.running():
            first = [person.create(slow) for person in self.people[:LIVE_IMS]]
            for id in first:
                self.rig.wait_for_phase(id, "provisioning")
            self.rig.stop_engines()
            for id in first:
                self.rig.sql(MULTIPLY, (LIVE // LIVE_IMS, id, id, POLL, POLL * 1000000, POLL * 1000000, id))
            self.rig.sql("ANALYZE")
            self.rig.sql("UPDATE work SET due_at = clock_timestamp() + random() * %s * interval '1 second'", (POLL,))
            self.watch(self.engine(**DEFAULTS))

    def watches(self):
        """What a watch of 20,000 that are complete costs, the daemon's and its server's processes together."""
        with self.running(watch_interval=1000):
            first = [person.create() for person in self.people[:LIVE_IMS]]
            for id in first:
                self.rig.finish(id)
            self.rig.wait_for(lambda: self.one("""SELECT count(*) FROM work WHERE kind = 'watch' AND rhythm > 0
                AND memory -> 'seen' ?& ARRAY['0', 'outputs']""")[0] == LIVE_IMS, 60, "looks at everything")
            self.rig.stop_engines()
            for id in first:
                self.rig.sql(COMPLETE, (LIVE // LIVE_IMS, id, id, id, WATCH, WATCH * 1000000 // 9 * 10, id))
            self.rig.sql("DELETE FROM work WHERE kind = 'watch' AND id = ANY (%s::uuid[])", (first,))
            self.rig.sql("ANALYZE")
            daemon = self.engine(**DEFAULTS, watch_interval=WATCH * 1000)
            self.rig.wait_for(lambda: self.one("SELECT sum(lease_number) FROM work WHERE kind = 'watch'")[0]
                              > LIVE // WATCH, 60, "a second's worth of looks")
            before, served, calls = self.counted(daemon), self.served(), self.rig.control.get("calls")["total"]
            time.sleep(SECONDS)
            looks, versions, _, cpu, seconds = (b - a for a, b in zip(before, self.counted(daemon)))
            calls = self.rig.control.get("calls")["total"] - calls
            note = "%d complete, %.0f looks/s, %.0f calls/s" % (LIVE, looks / seconds, calls / seconds)
            self.at_most("a watch's share of a core", (cpu + self.served() - served) / seconds, 0.1,
                         note + ", %.3f of it the daemon" % (cpu / seconds))
            self.at_most("versions of rows of a watch's look", versions / looks, 1.05, note)

    def served(self):
        """Seconds that PostgreSQL's processes for the daemon had of a processor."""
        return sum(self.seconds_of(pid) for pid, in self.rig.sql(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"))

    def counted(self, daemon):
        looks, = self.one("SELECT sum(lease_number) FROM work")
        versions, = self.one("SELECT pg_stat_get_tuples_updated('work'::regclass)")
        commits, = self.one("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        return [float(value) for value in (looks, versions, commits)] + [self.cpu(daemon), time.monotonic()]

    def watch(self, daemon):
        """The server tells its counters a second late, at the beginning as at the end."""
        looks = self.counted(daemon)[0]
        self.rig.wait_for(lambda: self.counted(daemon)[0] > looks + LIVE // POLL, POLL, "a second's worth of looks")
        before, lags, own = self.counted(daemon), [], 3
        while time.monotonic() - before[-1] < SECONDS:
            lags.append(float(self.one("""SELECT extract(epoch FROM percentile_disc(0.99) WITHIN GROUP
                (ORDER BY GREATEST(interval '0', now() - due_at))) FROM work""")[0]))
            own += 1
            time.sleep(1)
        looks, versions, commits, cpu, seconds = (b - a for a, b in zip(before, self.counted(daemon)))
        note = "%d live, %.0f looks/s" % (LIVE, looks / seconds)
        self.at_most("how late the hundredth look is / poll interval", max(lags) / POLL, 1, note)
        self.at_most("the daemon's share of a core", cpu / seconds, 0.5, note)
        self.at_most("versions of rows of a look", versions / looks, 1.05, note)
        self.at_most("transactions of a look", (commits - own) / looks, 1.5, note)

    def time_of(self, daemon, people, count):
        """Seconds from the first's beginning to the last's end, by the database's clock; all of them are there
        before."""
        daemon.signal(signal.SIGSTOP)
        ids = [people[n % len(people)].create() for n in range(count)]
        daemon.signal(signal.SIGCONT)
        for id in ids:
            self.rig.finish(id, timeout=120)
        return float(self.rig.sql("""SELECT extract(epoch FROM max(ended_at) - min(started_at)) FROM operations
            WHERE deployment_id = ANY (%s::uuid[])""", (ids,))[0][0])

    def hung(self):
        """Creations while ten of a hundred IMs hang that have much to do."""
        healthy, hung = self.people[HUNG:], self.people[:HUNG]
        with self.running(poll_min=200, poll_max=2000, lease=10000, im_timeout=10000,
                          im_create_timeout=10000) as daemon:
            self.time_of(daemon, healthy, len(healthy))
            rest = sorted(self.time_of(daemon, healthy, len(healthy)) for _ in range(3))[1]
            hanging = template(im_simulator={"boot_ms": HELD, "fault": "hang", "on": "state"})
            for id in [person.create(hanging) for person in hung]:
                self.rig.wait_for_phase(id, "provisioning")
                self.rig.sql(MULTIPLY, (BUSY, id, id, 0, 0, 2000000, id))
            self.rig.notify()
            self.rig.wait_for(lambda: self.rig.control.get("calls")["in_flight"] >= HUNG, 20, "calls that hang")
            busy = sorted(self.time_of(daemon, healthy, len(healthy)) for _ in range(3))[1]
            self.at_most("creations while 10 of 100 IMs hang / at rest", busy / rest, 2,
                         "%.2f against %.2f s" % (busy, rest))

    def far(self):
        """Creations with a database that is far, at many IMs and at one."""
        far = Far(self.rig.postgres.port, AWAY)
        conninfo = self.rig.postgres.conninfo.replace("port=%d" % self.rig.postgres.port, "port=%d" % far.port)
        for ims in (LIVE_IMS, 1):
            times = []
            for database in (self.rig.postgres.conninfo, conninfo):
                with self.running(database=database, im_create_timeout=30000, im_timeout=30000, lease=30000) as daemon:
                    self.time_of(daemon, self.people, 1)
                    times.append(self.time_of(daemon, self.people[:ims], CREATIONS))
            self.at_most("seconds of 100 creations at %d IMs, the database 20 ms away" % ims, times[1], 2,
                         "%.2f s beside it" % times[0])
        far.close()

    def claims(self):
        self.rig.stop_engines()
        made = claims.Claims(self.rig.postgres)
        self.say("%d operations in %.0f s" % (claims.ENDED + claims.LIVE + claims.PENDING, made.seconds))
        for name, median, worst in made.measure():
            self.at_most("ms of a claim, " + name, median, 20, "one of twenty takes %.1f or more" % worst)


def measure(say):
    made = Engines(say)
    try:
        for part in (made.far, made.hung, made.lives, made.watches, made.claims):
            part()
    finally:
        made.close()
    return made.rows
