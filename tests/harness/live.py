# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A running stack as tests see it."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import tempfile
import threading

import psycopg2
import requests

from stack import issuer, local, process

from .client import Client, unique
from .contract import Contract
from .logs import Watcher

# Faster than the defaults, so that a whole life of a deployment takes a second or two.
QUICK = """
OrchestratorPollInterval 100ms 500ms
OrchestratorDeleteRecheck 500ms
OrchestratorDeleteRepeat 500ms
OrchestratorPublicAddressRecheck 500ms
OrchestratorLease 3s
OrchestratorIMTimeout 3s
OrchestratorIMCreateTimeout 3s
OrchestratorWatchInterval 0
"""
# A machine that is slow or busy is no failure: in tests every time limit is that much longer than an idle one may take.
process.PATIENCE *= 4
# As a time in milliseconds of the simulator's behaviours and faults: until the test releases it (Simulator.release).
HELD = 3600000
# Groups of which each test takes its own, so that no test sees another's queue.
POOL = 1000
FOLDERS = "orchestrator-test-"


# The IM simulator's behaviours (its README.md): a provider of that name each, with groups of its own.
BEHAVIOURS = ("slow_boot", "one_vm_failed", "all_vms_failed", "unconfigured", "configured_then_unconfigured",
              "pending_for_ever", "no_outputs_at_first", "unknown_state", "vm_gone", "delete_refused", "delete_lost",
              "back_after_404", "delete_409")
BEHAVIOUR_POOL = 50


def provider(stack, name, groups, auth="id = {name}; type = Dummy", **fields):
    """An entry of the provider file that serves `groups` for every issuer of the stack; `fields` are laid over it."""
    return {"name": name, "type": "openstack", "auth": auth, "regions": ["region-1", "region-2"],
            "groups": {group: "project-" + group for group in groups}, "issuers": [one.url for one in stack.issuers],
            "enabled": True, **fields}


def providers(stack):
    """Two well-behaved providers that serve everybody, and one of each behaviour that serves its own groups."""
    groups = stack.pools[None] + sorted({group for names in issuer.GROUPS.values() for group in names})
    return {"providers": [provider(stack, name, groups) for name in ("cloud-a", "cloud-b")] + [
        provider(stack, name, stack.pools[name], "id = {name}; type = Dummy; behaviour = %s" % name)
        for name in BEHAVIOURS]}


class Simulator:
    """The IM simulator's control surface: tests/im_simulator/README.md. What a test set is undone after it."""

    def __init__(self, url):
        self.url = url
        self.touched = False

    def fault(self, **fault):
        """Arms a fault until the end of the test."""
        return self.post("fault", fault)

    def ledger(self, **parameters):
        """Every infrastructure that was ever made."""
        return self.get("ledger", **parameters)

    def force(self, infrastructure, state, **more):
        """What IM says of an infrastructure from now on."""
        self.post("infrastructures/%s/state" % infrastructure, {"state": state, **more})

    def release(self):
        """Lets go what lasts HELD, and everything else that IM waits for."""
        self.post("advance", {"ms": HELD})

    def mend(self):
        """Takes all faults away."""
        if self.touched:
            requests.delete(self.url + "/_simulator/fault", timeout=10).raise_for_status()
            self.touched = False

    def get(self, what, **parameters):
        answer = requests.get("%s/_simulator/%s" % (self.url, what), params=parameters, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def post(self, what, value=None, **parameters):
        self.touched = True
        answer = requests.post("%s/_simulator/%s" % (self.url, what), params=parameters, json=value, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None


class LiveStack(local.Stack):
    def __init__(self, directives="", **options):
        folder = make_home()
        self.pools = {None: ["group-%04d" % number for number in range(POOL)],
                      **{name: ["%s-%02d" % (name, number) for number in range(BEHAVIOUR_POOL)] for name in BEHAVIOURS}}
        self._unused = {name: list(groups) for name, groups in self.pools.items()}
        self._connection = None
        self._contract = None
        self._lock = threading.Lock()
        options.setdefault("providers", providers)
        super().__init__(folder, directives=QUICK + directives, **options)
        self.watcher = Watcher(self)
        self.control = Simulator(self.im_url)

    # people

    def group(self, behaviour=None):
        """A group that nobody else uses; the well-behaved providers serve it, or only the one of a behaviour."""
        with self._lock:
            return self._unused[behaviour].pop()

    def client(self, name, groups=None, **token):
        """A client for admin, alice, bob, carol or anybody; None is a client without a token. `token`: as
        Issuer.token."""
        if name is None:
            return Client(self)
        groups = issuer.person(name, groups)["groups"]
        return Client(self, self.issuer.token(name, groups, **token), name, groups)

    def person(self, groups=None, admin=False, behaviour=None, **token):
        """A client for somebody new, in a group of their own unless `groups` says otherwise; `admin` adds the admin
        group; `behaviour` is that of the one provider that serves the group."""
        groups = [self.group(behaviour)] if groups is None else list(groups)
        return self.client(unique("person"), groups + ([issuer.ADMIN_GROUP] if admin else []), **token)

    def client_with(self, token, name=None, groups=()):
        """A client with a token of the test's own making (keys.sign signs anything)."""
        return Client(self, token, name, groups)

    # looking

    @property
    def contract(self):
        """The served contract."""
        with self._lock:
            if self._contract is None:
                answer = requests.get(self.url + "/openapi.json", timeout=10)
                answer.raise_for_status()
                self._contract = Contract(answer.json())
            return self._contract

    @staticmethod
    def wait_for(condition, timeout=30.0, what="the condition", interval=0.02):
        return process.wait_for(condition, timeout, what, interval)

    def sql(self, statement, parameters=()):
        """Runs a statement in a transaction of its own; the rows, as tuples, or how many it changed."""
        for attempt in (1, 2):
            if self._connection is None or self._connection.closed:
                self._connection = psycopg2.connect(self.postgres.url)
                self._connection.autocommit = True
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute(statement, parameters or None)
                    return cursor.fetchall() if cursor.description else cursor.rowcount
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self._connection.close()  # PostgreSQL was restarted meanwhile
                if attempt == 2:
                    raise
        return None

    def raw(self, request, host="http", timeout=10):
        """Sends bytes as they are; the answer as (status, headers, body). Checks nothing."""
        with socket.create_connection(("127.0.0.1", self.ports[host]), timeout=timeout) as connection:
            connection.sendall(request)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.status, answer.headers, answer.read()

    def log_text(self):
        """What httpd's error log says since the test began."""
        return self.watcher.fresh(self.httpd.error_log)

    def expect_log(self, pattern, required=False):
        """Lines of the error logs at warn and above that match are this test's intention; `required`: there must be
        one."""
        self.watcher.expected.append((re.compile(pattern), required))

    def wait_for_log(self, pattern, timeout=10):
        """Waits for a line in httpd's error log since the test began."""
        self.wait_for(lambda: re.search(pattern, self.log_text()), timeout, "a log line that matches %r" % pattern)

    def secret(self, text):
        """Declares a text that must never stand in any log; the text."""
        self.watcher.secrets.add(text)
        return text

    # breaking

    def daemon_pid(self):
        """The engine's process: the one child of httpd that has closed the listening sockets. None while there is
        none."""
        wanted = _listening_inodes(self.ports["http"])
        for pid in sorted(self.httpd.children()):
            with contextlib.suppress(OSError):
                links = {os.readlink("/proc/%d/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%d/fd" % pid)}
                # One that is just ending has no open files at all.
                if links and not links & wanted and not _is_zombie(pid):
                    return pid
        return None

    def kill_daemon(self, sig=signal.SIGKILL, wait=True):
        """Kills the daemon; waits until httpd has started another one unless told not to."""
        pid = self.wait_for(self.daemon_pid, 15, "the daemon")
        self.expect_log(r"the daemon \(process %d\) died|child pid %d exit signal" % (pid, pid))
        os.kill(pid, sig)
        if wait:
            self.wait_for(lambda: self.daemon_pid() not in (None, pid), 15, "the next daemon")
        return pid

    def stop_postgres(self, mode="immediate"):
        """Takes the database away; what mod_dbd and the module say about it is expected, and what the server itself
        says to a connection that is being made: libpq prints that."""
        self.expect_log(r"\[dbd:error\]|\[orchestrator:(warn|error)\].*([Dd]atabase|connection)")
        self.expect_log("^WARNING:  terminating connection")
        self.postgres.stop(mode)

    def start_postgres(self):
        self.postgres.start()

    def restart_postgres(self, mode="fast"):
        self.stop_postgres(mode)
        self.start_postgres()

    @contextlib.contextmanager
    def hanging_postgres(self):
        """A PostgreSQL that takes connections and requests and answers none."""
        with open(self.postgres.pid_file, encoding="ascii") as file:
            postmaster = int(file.readline())
        # The postmaster first: once it is stopped there are no new ones.
        with open("/proc/%d/task/%d/children" % (postmaster, postmaster), encoding="ascii") as file:
            pids = [postmaster, *map(int, file.read().split())]
        self.expect_log("[Dd]atabase|connection|dbd|DBD|terminat|timeout")
        _send(signal.SIGSTOP, pids)
        try:
            yield
        finally:
            _send(signal.SIGCONT, pids)

    def reconfigure(self, directives):
        """Other directives behind the stack's own, taken over without a restart; whether they make it healthy is the
        test's business."""
        self.directives = QUICK + directives
        self.httpd.more = self._directives()
        self.httpd.write_configuration()
        self.httpd.graceful()

    def graceful(self):
        """Reads the configuration again, as `apachectl graceful` does."""
        self.httpd.graceful()
        self.wait_for(self.ready, 30, "a healthy answer after the graceful restart")

    # the end

    def complaints(self):
        return self.watcher.check()

    def mend(self):
        """Undoes what a test did to the simulator and the issuers."""
        self.control.mend()
        for one in self.issuers:
            one.mend()

    def close(self):
        """Stops it and takes its folder away."""
        if self._connection is not None:
            self._connection.close()
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def make_home():
    """A new folder for a stack of this process."""
    folder = tempfile.mkdtemp(prefix=FOLDERS, dir="/tmp")
    os.chmod(folder, 0o755)  # PostgreSQL and httpd's children are other users
    process.write(os.path.join(folder, "owner.pid"), "%d\n" % os.getpid())
    return folder


def sweep():
    """Stops and removes what test runs left behind that were killed."""
    for name in os.listdir("/tmp"):
        folder = os.path.join("/tmp", name)
        owner = os.path.join(folder, "owner.pid")
        if not name.startswith(FOLDERS) or not os.path.exists(owner) or process.pid_of(owner, "") is not None:
            continue
        if os.stat(folder).st_uid != os.geteuid():
            continue
        for path in ("httpd.pid", "simulator.pid", "issuer/issuer.pid", "issuer1/issuer.pid", "pgbouncer.pid",
                     "im/im.pid",
                     "postgresql/data/postmaster.pid"):
            with contextlib.suppress(AssertionError, OSError):
                process.end(os.path.join(folder, path), signal.SIGINT if "postmaster" in path else signal.SIGTERM)
        shutil.rmtree(folder, ignore_errors=True)


def _send(sig, pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sig)


def _listening_inodes(port):
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file.read().splitlines()[1:]]
    return {"socket:[%s]" % row[9] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}


def _is_zombie(pid):
    with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[0] == "Z"
