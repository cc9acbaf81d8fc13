#!/usr/bin/python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""./dev peers: the product against real peers. They come from PyPI, which nothing else here needs.

- the real Infrastructure Manager, both generations, with its Dummy connector and token authorization: the story of a
  deployment, and fifty at once, twice: every one reaches its end and IM's list is empty afterwards
- IM's parser of both generations, alone: odd spellings have their values, and real templates are to it what they were
- schemathesis against the served contract: all checks, stateful, 200 examples an operation

usage: peers.py [parser-1.19.1] [parser-2.0.0] [im-1.19.1] [im-2.0.0] [schemathesis]      (all of them by default)
The installed peers are kept in the folder ORCHESTRATOR_PEERS (default: .stack/peers) for the next run. A peer that can't be
had is skipped, and said and counted so; the others are run.
"""

import collections
import concurrent.futures
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import traceback
import urllib.request

import requests

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKOUT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(CHECKOUT, "tests"))

import oracle  # noqa: E402  (it knows where corpus is)
import corpus  # noqa: E402
from harness.client import expect, unique  # noqa: E402
from harness.live import LiveStack, sweep  # noqa: E402
from stack import build, local, process  # noqa: E402

CACHE = os.environ.get("ORCHESTRATOR_PEERS") or os.path.join(CHECKOUT, ".stack", "peers")
AT_ONCE, ROUNDS = 50, 2
EXAMPLES = 200
RANDOM = 500
OTHERS = 25  # of other people's templates are right for IM's parser, with the types that we have

# What IM imports when it runs with the Dummy connector; the rest of what it asks for is half a gigabyte.
IM_NEEDS = ["ansible-core", "apache-libcloud", "boto3", "defusedxml", "hvac", "lxml", "netaddr", "packaging", "paramiko",
            "psutil", "PyYAML", "RADL", "requests", "requests-cache", "scp", "suds-community", "tosca-parser", "urllib3",
            "xmltodict"]
IM = {"1.19.1": IM_NEEDS + ["flask", "cheroot", "werkzeug"],
      "2.0.0": IM_NEEDS + ["fastapi", "uvicorn", "pydantic", "python-multipart"]}

IM_CONFIGURATION = """
[im]
REST_ADDRESS = 127.0.0.1
REST_PORT = %(port)d
DATA_DB = sqlite:///%(folder)s/im.db
LOG_FILE = %(folder)s/im.log
MAX_SIMULTANEOUS_LAUNCHES = 5
ACTIVATE_REST = True
ACTIVATE_XMLRPC = True
XMLRCP_ADDRESS = 127.0.0.1
XMLRCP_PORT = %(xmlrpc)d
OIDC_ISSUERS = %(issuer)s
"""

DIRECTIVES = """
OrchestratorMaxQueued 100
OrchestratorPollInterval 500ms 2s
OrchestratorIMTimeout 60s
OrchestratorIMCreateTimeout 60s
OrchestratorLease 60s
OrchestratorDeleteRecheck 5s
OrchestratorDeleteRepeat 3s
"""

# schemathesis sends what no person would, as fast as it can.
QUEUE_WITHOUT_END = "OrchestratorMaxQueued 1000000\n"


class Unavailable(Exception):
    """A peer, or what it is asked about, can't be had here: no fault of ours, and no proof either."""


def say(text):
    print(text, flush=True)


def virtual_environment(name, *installs):
    """A venv of that name with the packages of each `pip install` line; made once."""
    folder = os.path.join(CACHE, name)
    if not os.path.exists(os.path.join(folder, ".complete")):
        began = time.monotonic()
        os.makedirs(CACHE, exist_ok=True)
        log = os.path.join(CACHE, name + ".log")
        process.run(["/usr/bin/python3", "-m", "venv", "--clear", folder], log=log)
        for packages in installs:
            install(folder, packages, log)
        process.write(os.path.join(folder, ".complete"), "")
        say("  installed %s (%.0f s)" % (name, time.monotonic() - began))
    return folder


def install(folder, packages, log):
    try:
        process.run([os.path.join(folder, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", *packages], log=log)
    except process.StackError as error:
        raise Unavailable("pip can't install it: %s" % " ".join(str(error).split()[-40:])) from error


def im_environment(version):
    return virtual_environment("im-" + version, ["--no-deps", "IM==" + version], IM[version])


class RealIM:
    """A real IM of one version, in the folder of a stack."""

    def __init__(self, version, folder, port, issuer):
        self.url = "http://127.0.0.1:%d" % port
        self.venv = im_environment(version)
        self.folder = process.make_folder(os.path.join(folder, "im"))
        self.configuration = os.path.join(self.folder, "im.cfg")
        process.write(self.configuration, IM_CONFIGURATION % {
            "port": port, "folder": self.folder, "xmlrpc": process.free_port([port]), "issuer": issuer})
        self.server = None

    def start(self):
        with open(os.path.join(self.folder, "output"), "a", encoding="utf-8") as output:
            self.server = subprocess.Popen(
                [os.path.join(self.venv, "bin", "python3"), os.path.join(HERE, "imrun.py"), self.configuration],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        process.wait_for(self.answers, 60, "IM's first answer")

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

    def infrastructures(self, client):
        """What a person's list shows at IM; a busy IM 1.x resets connections."""
        return process.wait_for(lambda: self._list(client), 60, "IM's list")["uri-list"]

    def _list(self, client):
        answer = requests.get(self.url + "/infrastructures", timeout=60, headers={
            "Accept": "application/json", "Authorization": "type = InfrastructureManager; token = '%s'" % client.token})
        return expect(answer, 200).json()


@contextlib.contextmanager
def stack_with_im(version):
    port = process.free_port()
    stack = LiveStack(DIRECTIVES, im_url="http://127.0.0.1:%d" % port)
    im = RealIM(version, stack.folder, port, stack.issuer.url)
    try:
        im.start()
        stack.start()
        yield stack, im
    finally:
        im.stop()
        stack.close()


def no_public_address():
    """The repository's single machine; with the Dummy connector a public address would never come."""
    with open(os.path.join(local.TEMPLATES, "single_vm.yaml"), encoding="utf-8") as file:
        text = file.read()
    return re.sub(r"^(\s+template_name:).*", r"\1 " + unique("single_vm"), text, flags=re.M), {"network_name": "PRIVATE"}


def once(stack, call):
    """The answer of a request that may be asked again. When all of its threads are busy, httpd closes connections that are
    kept, and a request that is on its way then finds nobody."""
    return stack.wait_for(lambda: [call()], 60, "an answer")[0]


def submit(stack, person, template, inputs):
    """A deployment; its key makes asking again safe."""
    headers = {"Idempotency-Key": unique("key")}
    body = {"template_id": template, "template_inputs": inputs, "user_group": person.group}
    return expect(once(stack, lambda: person.post("/deployments", json=body, headers=headers)), 202).json()["id"]


def whole_life(stack, im, person):
    """One deployment from its submission to its end."""
    content, inputs = no_public_address()
    deployment = person.deploy(person.store_template(content), inputs)
    value = person.wait_for_status(deployment, "CREATE_COMPLETE", timeout=120)
    assert value["template_outputs"], "no outputs"
    assert value["im_infra_id"], "no im_infra_id"
    machines = [one for one in person.get("/deployments/%s/resources" % deployment).json()["data"] if one["im_vm_idx"]]
    assert machines and machines[0]["metadata"]["VirtualMachineInfo"]["vmProperties"], "no machine"
    assert person.get("/deployments/%s/logs" % deployment).json()["im_logs"], "no log of IM"
    expect(person.delete("/deployments/" + deployment), 202)
    person.wait_for_status(deployment, "DELETE_COMPLETE", timeout=180)
    assert not im.infrastructures(person), "IM still lists it"


def many_at_once(stack, im, person):
    content, inputs = no_public_address()
    template = person.store_template(content)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        deployments = list(pool.map(lambda _: submit(stack, person, template, inputs), range(AT_ONCE)))
        list(pool.map(lambda one: person.wait_for_status(one, "CREATE_COMPLETE", timeout=600), deployments))
        assert len(im.infrastructures(person)) == AT_ONCE, "IM has %d infrastructures" % len(im.infrastructures(person))
        for answer in pool.map(lambda one: once(stack, lambda: person.delete("/deployments/" + one)), deployments):
            expect(answer, 202)
        list(pool.map(lambda one: person.wait_for_status(one, "DELETE_COMPLETE", timeout=900), deployments))
    left = im.infrastructures(person)
    assert not left, "IM still lists %d: %s" % (len(left), left[:3])


def a_refused_template(stack, im, person):
    """IM's own word on a template that only it can judge; no Python traceback reaches the person."""
    content, inputs = no_public_address()
    content = content.replace("topology_template:", "imports:\n  - missing: /nowhere/types.yaml\ntopology_template:", 1)
    deployment = person.deploy(person.store_template(content), inputs)
    value = person.wait_for_status(deployment, "CREATE_FAILED", timeout=120)
    assert value["status_reason"] and "Traceback" not in value["status_reason"], value["status_reason"]
    assert not im.infrastructures(person), "IM still lists it"


def check_im(version):
    im_environment(version)
    with stack_with_im(version) as (stack, im):
        yield "a whole life", lambda: whole_life(stack, im, stack.person(ttl=7200))
        yield "a refused template", lambda: a_refused_template(stack, im, stack.person(ttl=7200))
        for number in range(ROUNDS):
            yield "%d at once, round %d" % (AT_ONCE, number + 1), lambda: many_at_once(stack, im, stack.person(ttl=7200))
        yield "httpd's log is clean", lambda: clean(stack)


def check_parser(version):
    venv = im_environment(version)
    build.configure(build.PLAIN)
    yield "spellings have their values", lambda: oracle.spellings(venv)
    yield "%d random cases" % RANDOM, lambda: oracle.random_cases(venv, RANDOM, RANDOM // 10)
    yield "the module's templates", lambda: oracle.real_templates(venv, corpus.OWN, 4, lambda line: say("    " + line))
    yield "other people's templates", lambda: other_peoples_templates(venv)


def other_peoples_templates(venv):
    folders = corpus.beside()
    if folders is None:
        raise Unavailable("no ../shared/data beside this clone")
    oracle.real_templates(venv, folders, OTHERS, lambda line: say("    " + line))


def clean(stack):
    complaints = stack.complaints()
    assert not complaints, complaints


def check_schemathesis():
    venv = virtual_environment("schemathesis", ["schemathesis==4.32.5"])
    stack = LiveStack(QUEUE_WITHOUT_END)
    try:
        stack.start()
        yield "the contract holds", lambda: schemathesis(stack, venv, "--exclude-checks", "use_after_free")
        # A deployment stays as DELETE_COMPLETE when it was deleted: so says the contract.
        yield "what was deleted is gone", lambda: schemathesis(
            stack, venv, "--exclude-path-regex", "^/deployments", "--phases", "stateful")
        yield "httpd's log is clean", lambda: clean(stack)
    finally:
        stack.close()


def schemathesis(stack, venv, *options):
    person = stack.person(admin=True, ttl=36000)
    person.deploy()
    folder = process.make_folder(os.path.join(stack.folder, "schemathesis"))
    done = subprocess.run(
        [os.path.join(venv, "bin", "st"), "--config-file",
         os.path.join(HERE, "schemathesis.toml"), "run", stack.url + "/openapi.json", "--no-color", "-H",
         "Authorization: Bearer " + person.token, "-c", "all", "-n", str(EXAMPLES), "--seed", "1",
         "--generation-database", "none", "--continue-on-failure", "--request-timeout", "10", *options],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    log = os.path.join(CACHE, "schemathesis-run.log")
    process.write(log, done.stdout)
    summary = done.stdout.strip().splitlines()[-1:]
    assert done.returncode == 0, "%s (all of it: %s)\n%s" % (summary, log, done.stdout[-6000:])


CHECKS = {"parser-1.19.1": lambda: check_parser("1.19.1"), "parser-2.0.0": lambda: check_parser("2.0.0"),
          "im-1.19.1": lambda: check_im("1.19.1"), "im-2.0.0": lambda: check_im("2.0.0"), "schemathesis": check_schemathesis}
EACH_FOR_ITSELF = ("parser-1.19.1", "parser-2.0.0")


def outcome(what, check):
    """Runs a check: "passed", "failed" or "skipped", and says so."""
    began = time.monotonic()
    try:
        check()
    except Unavailable as reason:
        say("  skipped %s: %s" % (what, reason))
        return "skipped"
    except Exception as error:  # pylint: disable=broad-except
        say("  FAILED  %s: %s" % (what, error))
        return "failed"
    say("  ok      %s (%.1f s)" % (what, time.monotonic() - began))
    return "passed"


def run(name, counts):
    """All checks of a peer; what follows a failed one stands on it, but where each is for itself."""
    say(name)
    try:
        for what, check in CHECKS[name]():
            ended = outcome(what, check)
            counts[ended] += 1
            if ended == "failed" and name not in EACH_FOR_ITSELF:
                break
    except Unavailable as reason:
        counts["skipped"] += 1
        say("  skipped %s" % reason)
    except Exception:  # pylint: disable=broad-except
        counts["failed"] += 1
        say("  FAILED  %s" % traceback.format_exc())


def main():
    counts = collections.Counter()
    sweep()
    for name in sys.argv[1:] or list(CHECKS):
        run(name, counts)
    say("%d passed, %d failed, %d skipped" % (counts["passed"], counts["failed"], counts["skipped"]))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
