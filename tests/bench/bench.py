#!/usr/bin/python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""./dev bench: the speed of the API as ratios, each measured in one run and in turns with its yardstick.

The yardstick of a read is mod_bench.c: a handler in the same httpd, behind mod_auth_openidc, that runs the very
statement of the route (taken from PostgreSQL's log) and sends what it gives. The yardstick of a submission is pgbench
running the very statements of a submission. Absolute figures say more about the machine than about the product.

usage: bench.py [get] [not_modified] [list] [post] [creations] [memory] [lists] [engine]
       (all of them by default; lists: lists.py, engine: engines.py)
"""

import contextlib
import os
import re
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import psycopg2

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKOUT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(CHECKOUT, "tests"))

from harness.client import expect  # noqa: E402
from harness.live import LiveStack, sweep  # noqa: E402
from stack import build, keys, process  # noqa: E402

import engines  # noqa: E402
import lists  # noqa: E402

USERS, PER_USER = 1000, 100
CONNECTIONS = 8
PEOPLE = 100  # whose tokens these are
EVERY_THREAD = 64  # connections that bring every thread of the children to work
PARTS = ["get", "not_modified", "list", "post", "creations", "memory", "lists", "engine"]
ROUNDS, SECONDS = 5, 4
CREATIONS = 10000
REQUESTS, TOKENS = 1000000, 10000

# The yardstick's authentication: mod_auth_openidc with the issuers' keys, which it takes over HTTPS only.
DIRECTIVES = """
LoadModule bench_module "%(module)s"
LoadModule socache_shmcb_module "${modules}/mod_socache_shmcb.so"
LoadModule ssl_module "${modules}/mod_ssl.so"
LoadModule auth_openidc_module "${modules}/mod_auth_openidc.so"
Listen 127.0.0.1:%(tls_port)d
<VirtualHost 127.0.0.1:%(tls_port)d>
    ServerName https://127.0.0.1:%(tls_port)d
    SSLEngine on
    SSLCertificateFile "%(folder)s/certificate.pem"
    SSLCertificateKeyFile "%(folder)s/key.pem"
    DocumentRoot "${folder}/jwks"
    <Directory "${folder}/jwks">
        Require local
    </Directory>
</VirtualHost>
OIDCOAuthVerifyJwksUri https://127.0.0.1:%(tls_port)d/jwks.json
OIDCOAuthSSLValidateServer Off
OIDCOAuthRemoteUserClaim sub
OIDCPassClaimsAs environment
OIDCHTTPTimeoutShort 2
OIDCCacheType shm
OIDCCacheEncrypt On
OIDCCacheShmEntrySizeMax 131072
OIDCCacheShmMax 128
OIDCCryptoPassphrase "%(passphrase)s"
LogLevel warn
OrchestratorMaxQueued 1000000
OrchestratorPollInterval 1s 5s
OrchestratorIMTimeout 30s
OrchestratorLease 60s
<Location /bench/static>
    SetHandler bench
    Require all granted
</Location>
<Location /bench/get>
    SetHandler bench
    BenchSQLFile "%(folder)s/get.sql"
    AuthType oauth20
    Require valid-user
</Location>
<Location /bench/list>
    SetHandler bench
    BenchSQLFile "%(folder)s/list.sql"
    AuthType oauth20
    Require valid-user
</Location>
"""

FILL = """
INSERT INTO users (id, issuer, sub, name, username, email)
    SELECT md5('user' || n)::uuid, %(issuer)s, 'bench-' || n, 'Bench ' || n, 'bench-' || n,
    'bench-' || n || '@example.org'
    FROM generate_series(1, %(users)s) n;
INSERT INTO deployments (id, template_id, template_inputs, template_outputs, user_group, user_group_issuer,
        per_provider_max_retries, tot_timeout_mins, per_provider_timeout_mins, keep_last_attempt, target_provider,
        im_infra_id, last_operation_id, created_by, updated_by, created_at)
    SELECT md5('deployment' || n)::uuid, %(template)s, '{"num_cpus": 2}', '{"node_ip": "10.0.0.1"}', %(group)s,
    %(issuer)s,
        3, 1440, 1440, false, 'cloud-a', md5('infrastructure' || n)::uuid::text, md5('operation' || n)::uuid,
        owner, owner, now() - n * interval '1 second'
    FROM generate_series(1, %(users)s * %(each)s) n,
    LATERAL (SELECT md5('user' || (n %% %(users)s + 1))::uuid AS owner) o;
INSERT INTO operations (id, deployment_id, type, state, phase, user_group, user_group_issuer, created_by, started_at,
ended_at)
    SELECT md5('operation' || n)::uuid, md5('deployment' || n)::uuid, 'CREATE', 'succeeded', 'ended', %(group)s,
    %(issuer)s,
        md5('user' || (n %% %(users)s + 1))::uuid, now(), now()
    FROM generate_series(1, %(users)s * %(each)s) n;
INSERT INTO deployment_owners (deployment_id, user_id) SELECT id, created_by FROM deployments ON CONFLICT DO NOTHING;
"""


# wrk takes another token at each request.
MANY_TOKENS = """
local tokens, next = {}, 0
for token in io.lines("%s") do tokens[#tokens + 1] = "Bearer " .. token end
function request()
    next = next %% #tokens + 1
    wrk.headers["Authorization"] = tokens[next]
    return wrk.format()
end
"""


def say(text):
    print(text, flush=True)


class Bench:
    def __init__(self):
        self.rows = []
        self.scratch = tempfile.mkdtemp(prefix="orchestrator-bench-")
        os.chmod(self.scratch, 0o755)
        for name in ("get", "list"):
            self.write(name + ".sql", "SELECT 1")
        build.make(build.PLAIN, "tests/bench/mod_bench.la")
        module = os.path.join(build.PLAIN, "tests", "bench", ".libs", "mod_bench.so")
        keys.self_signed(os.path.join(self.scratch, "certificate.pem"), os.path.join(self.scratch, "key.pem"))
        self.stack = LiveStack(DIRECTIVES % {"module": module, "folder": self.scratch, "tls_port": process.free_port(),
                                             "passphrase": secrets.token_hex(16)}, durable=True)
        self.stack.start()
        self.person = self.stack.person(ttl=7200)

    def write(self, name, text):
        path = os.path.join(self.scratch, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def result(self, name, value, target, note):
        self.rows.append((name, value, target, value >= target))
        say("%-52s %6.2f  (at least %.2f)  %s" % (name, value, target, note))

    # what is measured

    def fill(self):
        """100,000 deployments of 1,000 users; our own person is one of them."""
        began = time.monotonic()
        template = self.person.store_template()
        self.stack.sql(FILL % {name: "'%s'" % value if isinstance(value, str) else value for name, value in {
            "issuer": self.issuer(), "users": USERS, "each": PER_USER, "template": template,
            "group": self.person.group}.items()})
        mine = "'%s'" % self.person.id
        self.stack.sql("UPDATE deployments SET created_by = %s WHERE created_by = md5('user1')::uuid" % mine)
        self.stack.sql("UPDATE deployment_owners SET user_id = %s WHERE user_id = md5('user1')::uuid" % mine)
        self.stack.sql("VACUUM ANALYZE")
        say("%d deployments of %d users in %.0f s" % (USERS * PER_USER, USERS, time.monotonic() - began))

    def issuer(self):
        return expect(self.person.get("/users/me"), 200).json()["issuer"]

    def captured(self, request):
        """The statements that a request runs, as PostgreSQL logs them: [(text, [values])]. The engine holds still."""
        request()  # registered, and what the process keeps is warm
        engine = self.stack.daemon_pid()
        os.kill(engine, signal.SIGSTOP)
        try:
            self.log_statements(True)
            request()  # a new session, prepared
            with open(self.stack.postgres.log, encoding="utf-8", errors="replace") as file:
                file.seek(0, os.SEEK_END)
                request()
                text = file.read()
            self.log_statements(False)
        finally:
            os.kill(engine, signal.SIGCONT)
        request()
        found, executed = [], False
        for entry in re.split(r"^\d{4}-\d\d-\d\d [^\n]*?(?=LOG:|DETAIL:)", text, flags=re.M):
            statement = re.match(r"LOG:  duration: [\d.]+ ms  execute ([^:]*): (.*)", entry, flags=re.S)
            if statement:
                found.append((statement.group(2).strip(), []))
            elif entry.startswith("DETAIL:") and executed:  # else it belongs to a bind
                found[-1] = (found[-1][0], re.findall(r"\$\d+ = (NULL|'(?:[^']|'')*')", entry))
            executed = statement is not None
        return found

    def log_statements(self, wanted):
        """In sessions from now on; those that are open are ended."""
        with contextlib.closing(psycopg2.connect(self.stack.postgres.admin_url)) as connection:
            connection.autocommit = True
            connection.cursor().execute("ALTER DATABASE %s %s" % (
                self.database(), "SET log_min_duration_statement = 0" if wanted
                else "RESET log_min_duration_statement"))
        self.stack.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                       " AND datname = current_database()")

    def database(self):
        return self.stack.sql("SELECT current_database()")[0][0]

    def wrk(self, path, seconds=SECONDS, script=None, connections=CONNECTIONS, headers=None):
        """(requests per second, p99 in ms) of a path with keep-alive."""
        command = ["wrk", "-t1", "-c%d" % connections, "-d%ds" % seconds, "--latency", "-H",
                   "Authorization: Bearer " + self.person.token]
        for name, value in (headers or {}).items():
            command += ["-H", "%s: %s" % (name, value)]
        if script:
            command += ["-s", script]
        output = subprocess.run(command + [self.stack.base_url + path], check=True, capture_output=True,
                                text=True).stdout
        if "Non-2xx" in output:
            raise SystemExit("requests of %s failed:\n%s" % (path, output))
        p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
        return (float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1)),
                float(p99.group(1)) * {"us": 0.001, "ms": 1, "s": 1000}[p99.group(2)])

    def pair(self, ours, theirs):
        """The two in turns: the medians, and the median of the ratios pair by pair."""
        ours(), theirs()
        pairs = [(ours(), theirs()) for _ in range(ROUNDS)]
        return (statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs),
                statistics.median(a / b for a, b in pairs))

    def read(self, name, path, bench, target, rows):
        statements = self.captured(lambda: expect(self.person.get(path), 200))
        if len(statements) != 1:
            raise SystemExit("%s runs %d statements, not one" % (name, len(statements)))
        sql, values = statements[0]
        self.write(bench + ".sql", sql)
        self.stack.graceful()
        values = "&".join("~" if value == "NULL" else value[1:-1].replace("''", "'") for value in values)
        yardstick = "/bench/%s?%s" % (bench, values)
        answer = self.person.get(self.stack.base_url + yardstick)
        if answer.status_code != 200 or not answer.content:
            raise SystemExit("the yardstick of %s answers %d" % (name, answer.status_code))
        api, bare, ratio = self.pair(lambda: self.wrk("/api/v1" + path)[0], lambda: self.wrk(yardstick)[0])
        self.result("%s / the same statement alone" % name, ratio, target,
                    "%.0f against %.0f requests/s%s" % (api, bare, rows))

    def get(self):
        mine = self.person.get("/deployments").json()["data"][0]["id"]
        self.read("GET /deployments/{id}", "/deployments/" + mine, "get", 1.4, "")

    def not_modified(self):
        """The rate of a conditional read that ends with 304, against the same read with an object."""
        path = "/deployments/" + self.person.get("/deployments").json()["data"][0]["id"]
        tag = expect(self.person.get(path), 200).headers["ETag"]
        expect(self.person.get(path, headers={"If-None-Match": tag}), 304)
        same, whole, ratio = self.pair(lambda: self.wrk("/api/v1" + path, headers={"If-None-Match": tag})[0],
                                       lambda: self.wrk("/api/v1" + path)[0])
        self.result("GET /deployments/{id} that ends with 304 / with 200", ratio, 1.3,
                    "%.0f against %.0f requests/s" % (same, whole))

    def list(self):
        self.read("GET /deployments?size=20", "/deployments?size=20", "list", 1.2, ", 20 of %d" % PER_USER)

    def post(self):
        template = self.person.store_template()
        body = '{"template_id":"%s","template_inputs":{"num_cpus":2},"user_group":"%s"}' % (template, self.person.group)
        statements = self.captured(lambda: expect(self.person.post("/deployments", data=body, headers={
            "Content-Type": "application/json"}), 202))
        script = self.write("post.lua", 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
                            "wrk.body = '%s'\n" % body)
        transaction = self.pgbench_script([entry for entry in statements if "pg_notify" not in entry[0]])
        api, bare, ratio = self.pair(lambda: self.wrk("/api/v1/deployments", script=script)[0],
                                     lambda: self.pgbench(transaction))
        self.result("POST /deployments / pgbench with the same inserts", ratio, 0.85,
                    "%.0f against %.0f transactions/s" % (api, bare))

    def pgbench_script(self, statements):
        """The statements of one submission with every id that the module made replaced by a fresh one."""
        ids = {}
        existing = {row[0]
                    for row in self.stack.sql("SELECT id::text FROM users UNION ALL SELECT id::text FROM templates")}
        lines = ["\\set a random(1, 9000000000000000000)", "\\startpipeline", "BEGIN;"]
        for sql, values in statements:
            types = self.parameter_types(sql)

            def replaced(match, values=values, types=types):
                number = int(match.group(1)) - 1
                # pgbench takes :word for a variable, even here
                literal = values[number].replace(":", "' || chr(58) || '")
                for old in set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", literal)) - existing:
                    ids.setdefault(old, len(ids))
                    literal = "replace(%s, '%s', md5((:a)::text || 'x%d')::uuid::text)" % (literal, old, ids[old])
                return "(%s)::%s" % (literal, types[number])
            lines.append(re.sub(r"\$(\d+)", replaced, " ".join(sql.split())) + ";")
        return self.write("post.sql", "\n".join(lines + ["COMMIT;", "\\endpipeline"]) + "\n")

    def parameter_types(self, sql):
        self.stack.sql("PREPARE bench_types AS " + sql)
        types = self.stack.sql(
            "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'bench_types'")[0][0]
        self.stack.sql("DEALLOCATE bench_types")
        return types

    def pgbench(self, script):
        output = subprocess.run(["pgbench", "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "1", "-T",
                                 str(SECONDS), "-f", script, self.stack.postgres.url], check=False, capture_output=True,
                                text=True)
        if output.returncode != 0:
            raise SystemExit("pgbench fails: %s" % output.stderr[-2000:])
        return float(re.search(r"tps = ([\d.]+)", output.stdout).group(1))

    def creations(self):
        """p99 of a read while 10,000 creations go through, against the same at rest."""
        template = self.person.store_template()
        mine = "/api/v1/deployments/" + self.person.get("/deployments").json()["data"][0]["id"]
        body = '{"template_id":"%s","template_inputs":{},"user_group":"%s"}' % (template, self.person.group)
        self.stack.wait_for(lambda: self.unfinished() == 0, 1800, "the end of earlier operations", interval=1)
        rest = statistics.median(self.wrk(mine)[1] for _ in range(ROUNDS))
        before = self.stack.sql("SELECT count(*) FROM operations WHERE state = 'succeeded'")[0][0]
        began = time.monotonic()
        self.submit(body)
        busy = []
        while self.unfinished() > 0:
            busy.append(self.wrk(mine)[1])
            if time.monotonic() - began > 3600:
                raise SystemExit("%d operations did not end within an hour" % self.unfinished())
        seconds = time.monotonic() - began
        done = self.stack.sql("SELECT count(*) FROM operations WHERE state = 'succeeded'")[0][0] - before
        if done < CREATIONS:
            raise SystemExit("%d of %d creations succeeded" % (done, CREATIONS))
        self.result("p99 of GET at rest / while creations go through", rest / statistics.median(busy), 0.5,
                    "%.1f against %.1f ms; %d creations in %.0f s" % (rest, statistics.median(busy), done, seconds))

    def submit(self, body):
        script = self.write("submit.lua", 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
                            "wrk.body = '%s'\n" % body)
        before = self.operations()
        while self.operations() - before < CREATIONS:
            self.wrk("/api/v1/deployments", seconds=1, script=script)

    def operations(self):
        return self.stack.sql("SELECT count(*) FROM operations")[0][0]

    def unfinished(self):
        return self.stack.sql("SELECT count(*) FROM operations WHERE ended_at IS NULL")[0][0]

    def memory(self):
        """Growth of httpd's children over 1,000,000 requests with 10,000 tokens, after a warm-up."""
        mine = "/api/v1/users/me"
        people = [self.stack.person() for _ in range(PEOPLE)]  # nobody alone may have every thread
        script = self.write("tokens.lua", MANY_TOKENS % self.write("tokens.txt", "".join(
            self.stack.issuer.token(person.name, person.groups, ttl=7200) + "\n"
            for _ in range(TOKENS // PEOPLE) for person in people)))
        for _ in range(2):  # until every child has met about all of them
            self.wrk(mine, seconds=30, connections=EVERY_THREAD, script=script)
        before = self.resident()
        done = 0
        while done < REQUESTS:
            done += self.wrk(mine, seconds=20, script=script)[0] * 20
        after = self.resident()
        if not set(before) <= set(after):
            raise SystemExit("a child ended meanwhile")
        growth = max(after[pid] / before[pid] for pid in before)
        self.result("memory before / after %d requests" % done, 1 / growth, 0.97,
                    "; ".join("%d -> %d KiB" % (before[pid], after[pid]) for pid in before))

    def resident(self):
        daemon = self.stack.daemon_pid()
        sizes = {}
        for pid in self.stack.httpd.children() - {daemon}:
            with open("/proc/%d/status" % pid, encoding="ascii") as file:
                sizes[pid] = int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))
        return sizes


def measure(wanted):
    """What the parts bring that share a stack."""
    bench = Bench()
    try:
        bench.fill()
        for name in wanted:
            getattr(bench, name)()
    finally:
        bench.stack.close()
        subprocess.run(["rm", "-r", bench.scratch], check=True)
    return bench.rows


def main():
    wanted = sys.argv[1:] or PARTS
    if not set(wanted) <= set(PARTS):
        raise SystemExit("usage: ./dev bench " + " ".join("[%s]" % part for part in PARTS))
    sweep()
    shared = [name for name in wanted if name not in ("lists", "engine")]
    rows = measure(shared) if shared else []
    if "lists" in wanted:
        rows += lists.measure(say)
    if "engine" in wanted:
        rows += engines.measure(say)
    missed = [row[0] for row in rows if not row[3]]
    say("%d reached, %d missed%s" % (len(rows) - len(missed), len(missed), ": " + "; ".join(missed) if missed else ""))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
