# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A real IM of one version, with its Dummy connector, token authorization and a database that can be taken away."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import urllib.request

import requests

from harness.client import expect
from harness.live import LiveStack
from stack import process
from venvs import virtual_environment

HERE = os.path.dirname(os.path.abspath(__file__))
# What IM imports when it runs with the Dummy connector; the rest of what it asks for is half a gigabyte.
NEEDS = ["ansible-core", "apache-libcloud", "boto3", "defusedxml", "hvac", "lxml", "netaddr", "packaging", "paramiko",
         "psutil", "PyYAML", "RADL", "requests", "requests-cache", "scp", "suds-community", "tosca-parser", "urllib3",
         "xmltodict"]
PACKAGES = {"1.19.1": NEEDS + ["flask", "cheroot", "werkzeug"],
            "2.0.0": NEEDS + ["fastapi", "uvicorn", "pydantic", "python-multipart"]}

CONFIGURATION = """
[im]
REST_ADDRESS = 127.0.0.1
REST_PORT = %(port)d
DATA_DB = sqlite:///%(database)s
LOG_FILE = %(folder)s/im.log
MAX_SIMULTANEOUS_LAUNCHES = 5
ACTIVATE_REST = True
ACTIVATE_XMLRPC = True
XMLRCP_ADDRESS = 127.0.0.1
XMLRCP_PORT = %(xmlrpc)d
OIDC_ISSUERS = %(issuer)s
INF_CACHE_TIME = %(memory)d
"""

# What is gone is looked at for as long as IM is known to bring it back, and longer than its database is away.
DIRECTIVES = """
OrchestratorMaxQueued 1000
OrchestratorPollInterval 500ms 2s
OrchestratorIMTimeout 60s
OrchestratorIMCreateTimeout 60s
OrchestratorLease 60s
OrchestratorDeleteRecheck 3s 10s 60s
OrchestratorDeleteRepeat 15s
"""

# Deletions go one at a time: on a busy machine the last of hundreds is told of before its turn comes.
SLOW = r"Infrastructure \S+ may be left at IM .*: its deletion did not end in time"


def environment(version):
    return virtual_environment("im-" + version, ["--no-deps", "IM==" + version], PACKAGES[version])


class RealIM:
    """In the folder of a stack. `memory`: after so many seconds without a call about an infrastructure IM reads it from
    its database again, as an IM that shares its database with others has to; 0: never."""

    def __init__(self, version, folder, port, issuer, memory):
        self.url = "http://127.0.0.1:%d" % port
        self.memory = memory
        self.venv = environment(version)
        self.folder = process.make_folder(os.path.join(folder, "im"))
        self.home = process.make_folder(os.path.join(self.folder, "database"))
        self.database = os.path.join(self.home, "im.db")
        self.configuration = os.path.join(self.folder, "im.cfg")
        process.write(self.configuration, CONFIGURATION % {
            "port": port, "folder": self.folder, "database": self.database, "xmlrpc": process.free_port([port]),
            "issuer": issuer, "memory": memory})
        self.server = None

    def start(self):
        with open(os.path.join(self.folder, "output"), "a", encoding="utf-8") as output:
            self.server = subprocess.Popen(
                [os.path.join(self.venv, "bin", "python3"), os.path.join(HERE, "imrun.py"), self.configuration],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        process.write(os.path.join(self.folder, "im.pid"), "%d\n" % self.server.pid)
        process.wait_for(lambda: self.server.poll() is not None or self.answers(), 60, "IM's first answer")
        assert self.server.poll() is None, "IM ended with %s at its start" % self.server.returncode

    def answers(self):
        with urllib.request.urlopen(self.url + "/version", timeout=5) as answer:
            return answer.status == 200

    def stop(self):
        if self.server is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.server.pid, signal.SIGTERM)
        try:
            self.server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()

    # what it has

    def infrastructures(self, client):
        """The ids that a person's list shows; a busy IM 1.x resets connections."""
        listed = process.wait_for(lambda: self._list(client), 60, "IM's list")["uri-list"]
        return {one["uri"].rpartition("/")[2] for one in listed}

    def _list(self, client):
        return expect(self.call(client, "GET", "/infrastructures"), 200).json()

    def call(self, client, method, path):
        """Its answer to a call of a person's own, past us."""
        return requests.request(method, self.url + path, timeout=60, headers={
            "Accept": "application/json",
            "Authorization": "type = InfrastructureManager; token = '%s'\\nid = dummy; type = Dummy" % client.token})

    def made(self, client):
        """How many infrastructures of a person its database has ever known."""
        with contextlib.closing(self._connect()) as connection:
            return connection.execute("SELECT count(*) FROM inf_list WHERE auth LIKE ?",
                                      ("%" + client.name + "%",)).fetchone()[0]

    # its database

    def _connect(self):
        return sqlite3.connect(self.database, timeout=60, isolation_level=None)

    @contextlib.contextmanager
    def without_database(self):
        """Nobody can open it, as when its server is stopped; that happens between two transactions."""
        away = self.home + ".away"
        with contextlib.closing(self._connect()) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            os.rename(self.home, away)
        try:
            yield
        finally:
            os.rename(away, self.home)


@contextlib.contextmanager
def stack_with(version, memory=0, directives=""):
    """A running stack with a running IM of that version; what tests do to it is theirs."""
    port = process.free_port()
    stack = LiveStack(DIRECTIVES + directives, im_url="http://127.0.0.1:%d" % port)
    im = RealIM(version, stack.folder, port, stack.issuer.url, memory)
    try:
        im.start()
        stack.start()
        stack.expect_log(SLOW)
        yield stack, im
    finally:
        im.stop()
        stack.close()
