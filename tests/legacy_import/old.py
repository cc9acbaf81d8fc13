# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The former orchestrator's database, in a MariaDB, and what imports it."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import uuid

import requests

from harness.client import template, unique
from harness.live import FOLDERS
from stack import process

SCHEMA = os.path.join(os.path.dirname(__file__), "old.sql")
IM = "https://im.old.example.org/im"
CREATED, UPDATED = "2024-03-01 09:56:01.123456", "2024-03-02 10:00:00.000000"


class MariaDB:
    """A server that nobody reaches but through its socket."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix=FOLDERS + "mariadb-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        self.socket = os.path.join(self.folder, "socket")
        self.user = "mysql" if process.is_root() else None
        self.running = None

    def start(self):
        data = process.make_folder(os.path.join(self.folder, "data"), user=self.user)
        if self.user:
            shutil.chown(self.folder, self.user)
        # The kernel has a limit on what is asked of it at once, for all servers of the machine; and a server that
        # starts removes what it takes for leftovers of its own in the folder for temporary tables.
        scratch = process.make_folder(os.path.join(self.folder, "scratch"), user=self.user)
        options = ["--innodb-use-native-aio=0", "--tmpdir=" + scratch, *(["--user=" + self.user] if self.user else [])]
        process.run([process.need("mariadb-install-db", "mariadb-server"), "--no-defaults", "--datadir=" + data,
                     "--auth-root-authentication-method=normal", "--skip-test-db", *options])
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.running = subprocess.Popen(
                [process.need("mariadbd", "mariadb-server"), "--no-defaults", "--datadir=" + data, "--skip-networking",
                 "--socket=" + self.socket, "--pid-file=" + os.path.join(self.folder, "pid"),
                 "--innodb-flush-log-at-trx-commit=0", "--max-allowed-packet=64M", *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        process.wait_for(lambda: self.sql("SELECT 1"), 60, "a MariaDB that answers", 0.1)

    def sql(self, text, database=None):
        """Runs statements; what they print."""
        command = [process.need("mariadb", "mariadb-client"), "--no-defaults", "--socket=" + self.socket, "--user=root",
                   "--default-character-set=utf8mb4", "--batch", "--max-allowed-packet=64M"]
        done = subprocess.run(command + ([database] if database else []), input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def dump(self, database):
        return subprocess.run([process.need("mariadb-dump", "mariadb-client"), "--no-defaults",
                               "--socket=" + self.socket, "--user=root", "--single-transaction", database], text=True,
                              stdout=subprocess.PIPE, check=True).stdout

    def close(self):
        if self.running:
            self.running.terminate()
            self.running.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


def quoted(value):
    """A value in SQL."""
    if value is None:
        return "NULL"
    return "'%s'" % str(value).replace("\\", "\\\\").replace("'", "\\'")


class Report:
    """What the program said."""

    def __init__(self, status, said, complaint, seconds, memory):
        self.status, self.said, self.complaint = status, said, complaint
        self.seconds, self.memory = seconds, memory  # MiB
        self.lines = {}
        for id, line in re.findall(r"^deployment (\S+): (.*)$", self.said, flags=re.M):
            self.lines.setdefault(id, []).append(line)

    def counts(self):
        """(persons, new ones, new templates, taken over, here before, not taken over)"""
        return tuple(map(int, re.search(
            r"persons: (\d+), (\d+) of them new\n.*templates: (\d+) new\n.*deployments: (\d+) taken over, (\d+) here "
            r"before, (\d+) not taken over\n", self.said).groups()))


class Old:
    """Rows are collected, and written by `load`."""

    def __init__(self, rig, server):
        self.rig, self.server = rig, server
        self.database = unique("old").replace("-", "_")
        self.rows = []
        self.persons = {}
        self.mapping = {"im": IM, "ims": {IM + "/": rig.im_url}, "providers": {"CLOUD-OLD": {"provider": "cloud-a"}}}
        server.sql("CREATE DATABASE %s CHARACTER SET utf8mb4" % self.database)
        with open(SCHEMA, encoding="utf-8") as file:
            server.sql(file.read(), self.database)

    def insert(self, table, **values):
        self.rows.append("INSERT INTO %s (%s) VALUES (%s);" % (table, ", ".join(values),
                                                               ", ".join(map(quoted, values.values()))))

    def owner(self, subject, issuer=None):
        """The id of somebody, who is inserted when they are new."""
        issuer = issuer or self.rig.issuer.url.rstrip("/") + "/"
        if (issuer, subject) not in self.persons:
            self.persons[issuer, subject] = str(uuid.uuid4())
            self.insert("oidc_entity", id=self.persons[issuer, subject], subject=subject, issuer=issuer,
                        organization="example")
        return self.persons[issuer, subject]

    def deployment(self, person, infra=None, status="CREATE_COMPLETE", inputs=None, outputs=None, nodes=None,
                   endpoint=None, **columns):
        """A deployment of a person of the rig, its id. `nodes`: dicts of columns of `resource`."""
        id = str(uuid.uuid4())
        where = {"cpEndpoint": "https://keystone.old.example.org:5000/v3", "cpComputeServiceId": "s", "iaasType":
                 "OPENSTACK", "region": "region-1", **(endpoint or {})}
        values = {"id": id, "created_at": CREATED, "updated_at": UPDATED, "version": 3, "status": status,
                  "task": "NONE", "endpoint": infra, "template": template(), "user_group": person.group,
                  "cloud_provider_endpoint": json.dumps(where), "cloud_provider_name": "CLOUD-OLD",
                  "deployment_provider": "IM", **columns}
        if "owner_id" not in columns:
            values["owner_id"] = self.owner("local-" + person.name)
        self.insert("deployment", **values)
        for table, given in (("deployment_parameters", inputs), ("deployment_outputs", outputs)):
            for name, value in (given or {}).items():
                self.insert(table, deployment_id=id, name=name, value=json.dumps(value))
        if nodes is None:
            nodes = [{"iaas_id": "0" if infra else None}]
        for node in nodes:
            self.node(id, **node)
        return id

    def node(self, deployment, **columns):
        values = {"id": str(uuid.uuid4()), "created_at": CREATED, "version": 1, "state": "STARTED",
                  "tosca_node_name": "simple_node", "tosca_node_type": "tosca.nodes.Compute",
                  "deployment_id": deployment, **columns}
        self.insert("resource", **values)
        return values["id"]

    def load(self):
        self.server.sql("SET time_zone = '+00:00', foreign_key_checks = 0;\n" + "\n".join(self.rows), self.database)
        self.rows = []

    def command(self, *options, **instead):
        """How the program is run, which finds what was inserted so far."""
        rig, folder = self.rig, tempfile.mkdtemp(dir=self.rig.folder)
        self.load()
        source, mapping = os.path.join(folder, "old.cnf"), os.path.join(folder, "mapping.json")
        process.write(source, "[client]\nsocket=%s\nuser=root\ndatabase=%s\n" % (self.server.socket, self.database))
        process.write(mapping, json.dumps(self.mapping))
        given = {"from": source, "to": rig.postgres.conninfo, "key": rig.path("secret.key"), "im": rig.im_url,
                 "providers": rig.path("providers.json"), "types": rig.path("types"),
                 "mapping": mapping, **instead}
        command = [os.path.join(rig.build, "orchestrator-import-legacy"), *options]
        for name, value in given.items():
            command += ["--" + name, value]
        return command

    def run(self, *options, **instead):
        """Runs the program."""
        return _watched(self.command(*options, **instead))

    def write(self, status=0, **instead):
        report = self.run("--write", **instead)
        assert report.status == status, report.said + report.complaint
        return report


def _memory(pid):
    """The most that a process had so far, in MiB; 0: it is gone."""
    with contextlib.suppress(OSError), open("/proc/%d/status" % pid, encoding="ascii") as file:
        return int((re.findall(r"^VmHWM:\s+(\d+)", file.read(), flags=re.M) or [0])[0]) // 1024
    return 0


def _watched(command):
    """Runs a program; what it said, and what it took."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complaint:
        running, memory = subprocess.Popen(command, stdout=said, stderr=complaint), 0
        while running.returncode is None:
            memory = max(memory, _memory(running.pid))
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(0.05)
        said.seek(0)
        complaint.seek(0)
        return Report(running.returncode, said.read(), complaint.read(), time.monotonic() - began, memory)


def made_by_the_old_server(rig, person, **behaviour):
    """An infrastructure that IM has, as the former orchestrator would have made it: with tags of its own; its id."""
    lines = ("id = im; type = InfrastructureManager; token = %s" % person.token, "id = cloud-a; type = Dummy")
    answer = requests.post(rig.im_url + "/infrastructures", params={"async": "true"}, timeout=10,
                           data=template(im_simulator=behaviour, PAAS_URL="https://old.example.org"),
                           headers={"Authorization": "\\n".join(lines), "Accept": "application/json",
                                    "Content-Type": "text/yaml"})
    assert answer.status_code == 200, answer.text
    return answer.json()["uri"].rpartition("/")[2]
