# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The whole stack in one folder."""

import base64
import hashlib
import json
import os
import shutil
import time
import urllib.request

from . import httpd, issuer, process
from .postgres import Postgres

PORTS = ("http", "postgresql", "issuer", "simulator")
TEMPLATES = os.path.join(process.CHECKOUT, "conf", "templates")
# The surfaces beside /api/v1, and where each is usually bound.
BESIDE = {"orchestrator-orchrun": "/datasourcesvc/api/v1/orchrun", "orchestrator-broker": "/v1",
          "orchestrator-legacy": "/orchestrator"}
PLACE = """
<Location %s>
    SetHandler %s
    AuthType Bearer
    Require valid-user
    AuthzSendForbiddenOnFailure On
</Location>
"""


def bindings():
    """The directives that bind the surfaces beside /api/v1."""
    return "".join(PLACE % (path, handler) for handler, path in BESIDE.items())


def default_folder():
    """Where ./dev run keeps its state: .stack in the checkout, or a folder that PostgreSQL's and httpd's users can
    reach."""
    inside = os.path.join(process.CHECKOUT, ".stack")
    if not process.is_root() or process.reachable(process.CHECKOUT):
        return inside
    name = hashlib.sha256(process.CHECKOUT.encode()).hexdigest()[:12]
    return os.path.join("/var/tmp", "mod_orchestrator-%d-%s" % (os.geteuid(), name))


def silent(_part, _what, _seconds):
    """A report that tells nobody."""


class Stack:
    """PostgreSQL, issuer, IM simulator and httpd.

    providers: what the provider file holds ({"providers": [...]}), or a function that makes it of the stack
    directives: lines of httpd.conf that follow the stack's own, so that they win
    extra: a file of such lines, somebody's own
    im_url: a real IM instead of the simulator
    issuers: how many token issuers there are; the first is `stack.issuer`
    durable: PostgreSQL writes as carefully as it should (False is for tests)
    build: the build folder whose modules are loaded
    module: the orchestrator's module, where it is another one than the build folder's own
    environment, wrapper: what the httpds run with, and a program that the main one runs in
    migrate: whether httpd makes the tables
    mpm: "event" or "prefork", of the main httpd
    """

    def __init__(self, folder, providers=None, directives="", im_url=None, issuers=1, durable=False, build=None,
                 extra=None, module=None, environment=None, wrapper=(), migrate=True, mpm="event"):
        self.folder = process.make_folder(folder)
        if os.stat(folder).st_uid != os.geteuid():
            raise process.StackError("%s belongs to another user: a stack is stopped and removed by whoever made it" %
                                     folder)
        self.build = build or os.path.join(process.CHECKOUT, "build")
        self.directives = directives
        self.extra = extra
        self.migrate = migrate
        self._providers = providers
        self.ports = self._choose_ports(issuers)
        self.postgres = Postgres(os.path.join(folder, "postgresql"), self.ports["postgresql"], durable)
        self.issuers = [issuer.Issuer(os.path.join(folder, "issuer" + (str(n) if n else "")),
                                      self.ports["issuer" + (str(n) if n else "")]) for n in range(issuers)]
        self.simulator = None
        if im_url is None:
            self.simulator = httpd.Httpd("simulator", folder,
                                         os.path.join(process.CHECKOUT, "tests/stack/simulator.conf"),
                                         self.ports["simulator"], {"module": self._module("mod_im_simulator")},
                                         environment=environment)
        self.im_url = im_url or "http://127.0.0.1:%d" % self.ports["simulator"]
        self.httpd = httpd.Httpd("httpd", folder, os.path.join(process.CHECKOUT, "tests/stack/httpd.conf"),
                                 self.ports["http"], {"module": module or self._module("mod_orchestrator"), "mpm": mpm,
                                  "conninfo": self.postgres.conninfo},
                                 environment=environment, wrapper=wrapper)

    def _choose_ports(self, issuers):
        """The ports of the last start, as far as they are known and nobody else took one meanwhile."""
        wanted = list(PORTS) + ["issuer%d" % n for n in range(1, issuers)]
        state = self.state()
        ports = state.get("ports", {})
        ours = any(process.pid_of(self.path(*name)) for name in
                   (("httpd.pid",), ("issuer", "issuer.pid"), ("postgresql", "data", "postmaster.pid")))
        for name in wanted:
            if name not in ports or not (ours or process.port_is_free(ports[name])):
                ports[name] = process.free_port(ports.values())
        process.write(os.path.join(self.folder, "state.json"), json.dumps({**state, "ports": ports}))
        return ports

    def state(self):
        try:
            with open(os.path.join(self.folder, "state.json"), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def remember(self, **facts):
        process.write(os.path.join(self.folder, "state.json"), json.dumps({**self.state(), **facts}))

    def _module(self, name):
        return os.path.join(self.build, ".libs", name + ".so")

    @property
    def issuer(self):
        return self.issuers[0]

    @property
    def base_url(self):
        return "http://127.0.0.1:%d" % self.ports["http"]

    @property
    def url(self):
        return self.base_url + "/api/v1"

    @property
    def logs(self):
        """Every log file of the stack."""
        servers = [self.httpd] + ([self.simulator] if self.simulator else [])
        return [path for server in servers for path in (server.error_log, server.access_log, server.output_log)] + \
            [self.postgres.log] + [one.log for one in self.issuers]

    def path(self, *names):
        return os.path.join(self.folder, *names)

    # what the configuration needs besides directives

    def _prepare(self):
        if not os.path.exists(self.path("secret.key")):
            process.write(self.path("secret.key"), base64.b64encode(os.urandom(32)).decode() + "\n", 0o600)
        process.make_folder(self.path("jwks"), user=httpd.USER)  # the daemon writes there
        types = os.path.join(process.CHECKOUT, "conf", "types")
        if os.path.isdir(types):  # a copy: httpd's user may not reach the checkout
            shutil.copytree(types, self.path("types"), dirs_exist_ok=True)
        process.make_folder(self.path("types"))
        self.write_providers()

    def write_providers(self, providers=None):
        """Writes the provider file, as a whole; httpd reads it at its next (graceful) start."""
        if providers is not None:
            self._providers = providers
        value = self._providers(self) if callable(self._providers) else self._providers
        process.write(self.path("providers.json"), json.dumps(value or {"providers": []}, indent=2) + "\n")

    def _written_providers(self):
        try:
            with open(self.path("providers.json"), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def _directives(self):
        lines = ["OrchestratorIM %s" % self.im_url,
                 "OrchestratorProviders %s" % httpd.quoted(self.path("providers.json")),
                 "OrchestratorSecretKeyFile %s" % httpd.quoted(self.path("secret.key")),
                 "OrchestratorToscaTypes %s" % httpd.quoted(self.path("types")),
                 "OrchestratorJwksFile %s" % httpd.quoted(self.path("jwks", "jwks.json")),
                 "OrchestratorDatabaseTimeout %ds" % (8 * process.PATIENCE),
                 "OrchestratorMigrate %s" % ("On" if self.migrate else "Off"),
                 "OrchestratorPublicURL %s" % self.url]
        for one in self.issuers:
            lines += ["<OrchestratorIssuer %s>" % one.url,
                      "    OrchestratorAudience %s" % issuer.AUDIENCE,
                      "    OrchestratorAdminGroup %s" % issuer.ADMIN_GROUP,
                      "    OrchestratorServiceAccounts %s" % issuer.SERVICE_ACCOUNT,
                      "    OrchestratorClientId %s" % issuer.CLIENT_ID,
                      "    OrchestratorClientSecretFile %s" % httpd.quoted(one.secret_file),
                      "</OrchestratorIssuer>"]
        return "\n".join(lines + [self.directives, *self._include_extra()])

    def _include_extra(self):
        """The file stays where it is, so that httpd names its lines; what it holds is a reason to start anew."""
        if not self.extra:
            return []
        try:
            with open(self.extra, "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
        except OSError as error:
            raise process.StackError("%s can't be read (%s), so nothing was changed" %
                                     (self.extra, error.strerror)) from error
        return ["# " + digest, "Include %s" % httpd.quoted(os.path.abspath(self.extra))]

    # the parts one after the other

    def parts(self):
        """(name, is it running?, start it) of every part, in the order of their start."""
        parts = [("postgresql", self.postgres.running, self.postgres.start, self.ports["postgresql"])]
        for one in self.issuers:
            parts.append(("token issuer", one.running, one.start, one.port))
        if self.simulator:
            parts.append(("im simulator", self.simulator.running, self.simulator.start, self.simulator.port))
        parts.append(("httpd", self.httpd.running, self.start_httpd, self.httpd.port))
        return parts

    def start_httpd(self):
        """Starts the main httpd and waits until it answers healthily and knows every issuer's keys. True when it had to
        be started (again)."""
        before = self._written_providers()
        self._prepare()
        self.httpd.more = self._directives()
        try:
            started = self.httpd.start(self.path("providers.json"))
        except process.StackError:
            if before is not None:  # what is refused now would keep what runs from its next (graceful) start
                process.write(self.path("providers.json"), before)
            raise
        process.wait_for(self.ready, 30, "a healthy answer of " + self.url + "/health")
        return started

    def places(self):
        """Where the running httpd has bound surfaces: [(handler, URL), ...]; nothing when it doesn't answer."""
        try:
            with urllib.request.urlopen(self.base_url + "/orchestrator-status?json", timeout=5) as answer:
                line = json.load(answer)["places"]
        except (OSError, ValueError, KeyError):
            return []
        return [tuple(place.split(" ", 1)) for place in line.split(", ") if place]

    def ready(self):
        if not self.httpd.running():
            raise process.StackError("httpd ended; its log: %s" % self.httpd.error_log)
        with urllib.request.urlopen(self.url + "/health", timeout=5) as answer:
            health = json.load(answer)
        with open(self.path("jwks", "jwks.json"), encoding="utf-8") as file:
            known = {key.get("kid") for key in json.load(file)["keys"]}
        wanted = {key.get("kid") for one in self.issuers for key in one.keys}
        return health["status"] == "healthy" and wanted <= known

    def start(self, report=silent):
        for name, running, start, port in self.parts():
            began = time.monotonic()
            was = running()
            restarted = start()
            word = "restarted" if was and restarted else "runs already" if was else "started"
            report(name, "%s on port %d" % (word, port), time.monotonic() - began)
        self.remember(running=True, im_url=self.im_url if self.simulator is None else None)

    def stop(self, report=silent):
        # The simulator also when this start uses a real IM: an earlier one may have left it.
        parts = [("httpd", self.httpd.stop), ("im simulator", lambda: process.end(self.path("simulator.pid")))]
        parts += [("token issuer", one.stop) for one in self.issuers] + [("postgresql", self.postgres.stop)]
        for name, stop in parts:
            began = time.monotonic()
            stopped = stop()
            report(name, "stopped" if stopped else "did not run", time.monotonic() - began)
        self.remember(running=False)

    def running(self):
        return self.httpd.running() and self.postgres.running()
