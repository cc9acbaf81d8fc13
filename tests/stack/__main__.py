# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The commands of ./dev."""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time

from . import build, check, demo, issuer, local, process, report

HELP = """\
usage: ./dev COMMAND

  run [--im URL] [--providers FILE] [--with FILE]
              starts the stack (private PostgreSQL, httpd with the module, token issuer, IM simulator or the IM at
              URL) and deploys a template; again: reuses what is there. --with: httpd directives of your own behind
              the stack's; the next run without it goes back
  stop        stops it
  env         prints the running stack as shell lines: eval "$(./dev env)"
  token NAME [--groups a,b] [--ttl SECONDS] [--audience X] [--client ID]
              prints a fresh token of the local issuer for anyone; admin, alice, bob and carol have groups. --client:
              the token that this client has for itself; log-connector is a service account
  migrate [CONNINFO]
              applies the migrations that a database lacks (the running stack's unless given)
  check [FILES...] [--faults | --asan | --valgrind]
              builds and runs unit tests, guards and integration tests; the options choose the long ones
  bench, peers, fuzz
              speed; the real Infrastructure Manager and other programs; fuzzers
"""
# Quick enough to watch; a real IM gets the defaults.
PACE = """
OrchestratorPollInterval 1s 5s
OrchestratorDeleteRecheck 5s
OrchestratorDeleteRepeat 5s
OrchestratorPublicAddressRecheck 10s
"""


# What the first region says that it has. What a template needs beside it goes to another one.
OFFER = {
    "flavors": [{"name": "small", "vcpus": 1, "ram": 2048, "disk": 20},
                {"name": "medium", "vcpus": 2, "ram": 4096, "disk": 40},
                {"name": "large", "vcpus": 8, "ram": 16384, "disk": 80}],
    "images": [{"name": "%s-%s" % (distribution, version), "type": "linux", "distribution": distribution,
                "version": version, "architecture": "x86_64"}
               for distribution, version in (("ubuntu", "24.04"), ("ubuntu", "22.04"), ("debian", "12"))],
    "networks": [{"name": "private"}, {"name": "public", "public": True}],
}


def providers(stack):
    """Two providers that serve both groups of the issuer's people, on IM's Dummy cloud: it makes machines of thin
    air."""
    groups = sorted({group for names in issuer.GROUPS.values() for group in names})
    return {"providers": [
        {"name": name, "type": "openstack", "auth": "id = {name}; type = Dummy", "regions": regions,
         "groups": {group: "%s-%s" % (group, name) for group in groups}, "issuers": [one.url for one in stack.issuers],
         "enabled": True}
        for name, regions in (("cloud-a", [{"name": "region-1", **OFFER}, "region-2"]), ("cloud-b", ["region-1"]))]}


# What ./dev env calls the surfaces beside /api/v1, as they are bound.
SURFACES = {"orchestrator-legacy": "ORCHESTRATOR_LEGACY_URL", "orchestrator-orchrun": "ORCHESTRATOR_RUNS_URL",
            "orchestrator-broker": "ORCHESTRATOR_BROKER_URL"}


def running_stack():
    """The stack that ./dev run started, and what it remembered."""
    folder = local.default_folder()
    if not os.path.exists(os.path.join(folder, "state.json")):
        raise process.StackError("nothing runs here: start it with ./dev run")
    with open(os.path.join(folder, "state.json"), encoding="utf-8") as file:
        state = json.load(file)
    return local.Stack(folder, im_url=state.get("im_url"), durable=True), state


def read_providers(file):
    """What a provider file of somebody's own holds."""
    try:
        with open(file, encoding="utf-8") as opened:
            return json.load(opened)
    except OSError as error:
        raise process.StackError("%s can't be read (%s), so nothing was changed" % (file, error.strerror)) from error
    except ValueError as error:
        raise process.StackError("%s is no JSON (%s), so nothing was changed" % (file, error)) from error


def run(arguments):
    parser = argparse.ArgumentParser(prog="./dev run")
    parser.add_argument("--im", metavar="URL", help="a real Infrastructure Manager instead of the simulator")
    parser.add_argument("--providers", metavar="FILE", help="a provider file instead of two Dummy clouds")
    parser.add_argument("--with", metavar="FILE", dest="extra", help="httpd directives that follow the stack's own")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    source = read_providers(options.providers) if options.providers else providers
    with report.step("build") as words:
        build.module()
        words.append(os.path.relpath(build.PLAIN, process.CHECKOUT) + "/.libs/mod_orchestrator.so")
    stack = local.Stack(local.default_folder(), providers=source,
                        directives=local.bindings() + ("" if options.im else PACE),
                        im_url=options.im.rstrip("/") if options.im else None, extra=options.extra, durable=True)
    stack.start(report.line)
    token = stack.issuer.token("alice")
    known = stack.state().get("deployments", {})  # by IM: what another one runs shows nothing of this one
    # IM's own Dummy cloud has no public addresses to give.
    inputs = {"network_name": "PRIVATE"} if options.im and not options.providers else {}
    done = demo.deployment(stack, token, known.get(stack.im_url), inputs)
    stack.remember(deployments={**known, stack.im_url: done["id"]})
    report.line("ready", stack.url, time.monotonic() - began)
    demo.next_steps(stack, done)


def stop(_arguments):
    try:
        stack, _ = running_stack()
    except process.StackError:
        report.say("nothing runs here")
        return
    stack.stop(report.line)


def env(_arguments):
    stack, state = running_stack()
    if not state.get("running"):
        raise process.StackError("the stack is stopped: start it with ./dev run")
    values = {
        "ORCHESTRATOR_URL": stack.url,
        "ORCHESTRATOR_OPENAPI_URL": stack.url + "/openapi.json",
        "ORCHESTRATOR_HEALTH_URL": stack.url + "/health",
        "ORCHESTRATOR_STATUS_URL": stack.base_url + "/orchestrator-status",
        "ORCHESTRATOR_ISSUER": stack.issuer.url,
        "ORCHESTRATOR_AUDIENCE": issuer.AUDIENCE,
        "IM_URL": stack.im_url,
        "DATABASE_URL": stack.postgres.url,
        "ORCHESTRATOR_FOLDER": stack.folder,
        "ORCHESTRATOR_CONFIGURATION": stack.httpd.configuration,
        "ORCHESTRATOR_ERROR_LOG": stack.httpd.error_log,
        "ORCHESTRATOR_ACCESS_LOG": stack.httpd.access_log,
        "ORCHESTRATOR_PROVIDERS": stack.path("providers.json"),
    }
    for handler, url in reversed(stack.places()):  # the first place of each
        if handler in SURFACES:
            values[SURFACES[handler]] = url
    for name, value in values.items():
        report.say("export %s=%s" % (name, shlex.quote(value)))


def token(arguments):
    parser = argparse.ArgumentParser(prog="./dev token")
    parser.add_argument("name")
    parser.add_argument("--groups", help="instead of the person's own, with commas between; '' for none")
    parser.add_argument("--ttl", type=int, default=issuer.TTL, help="seconds (%(default)s); negative: expired already")
    parser.add_argument("--audience", default=issuer.AUDIENCE, help="%(default)s")
    parser.add_argument("--client", metavar="ID", help="the token that a client has for itself")
    options = parser.parse_args(arguments)
    groups = None if options.groups is None else [group for group in options.groups.split(",") if group]
    stack, _ = running_stack()
    if options.client:
        report.say(stack.issuer.client_token(options.name, options.client, groups, options.ttl, options.audience))
    else:
        report.say(stack.issuer.token(options.name, groups, options.ttl, options.audience))


def migrate(arguments):
    parser = argparse.ArgumentParser(prog="./dev migrate")
    parser.add_argument("conninfo", nargs="?", help="libpq's connection string or URL")
    options = parser.parse_args(arguments)
    build.configure(build.PLAIN)
    build.make(build.PLAIN)
    conninfo = options.conninfo
    if conninfo is None:
        stack, _ = running_stack()
        stack.postgres.start()
        conninfo = stack.postgres.conninfo
    report.say(process.run([os.path.join(build.PLAIN, "orchestrator-migrate"), conninfo]).strip())


def script(*path, needs_module=True):
    """A command whose body is a program of tests/; its exit status is ours."""
    def call(arguments):
        program = os.path.join(process.CHECKOUT, *path)
        if not os.path.exists(program):
            raise process.StackError("%s does not exist in this checkout" % os.path.relpath(program, process.CHECKOUT))
        if needs_module:
            build.module()
        environment = {**os.environ, "PYTHONPATH": os.path.join(process.CHECKOUT, "tests")}
        command = [sys.executable, program] if program.endswith(".py") else [program]
        return subprocess.run([*command, *arguments], env=environment, check=False).returncode
    return call


COMMANDS = {
    "run": run, "stop": stop, "env": env, "token": token, "migrate": migrate, "check": check.check,
    "bench": script("tests", "bench", "bench.py"), "peers": script("tests", "peers", "peers.py"),
    "fuzz": script("tests", "fuzz", "run", needs_module=False),
}


def main():
    name, arguments = (sys.argv[1:2] or ["help"])[0], sys.argv[2:]
    if name in ("help", "--help", "-h"):
        report.say(HELP.rstrip())
        return 0
    if name not in COMMANDS:
        report.complain("dev: there is no command %r\n%s" % (name, HELP.rstrip()))
        return 2
    try:
        return COMMANDS[name](arguments) or 0
    except (process.StackError, AssertionError) as error:
        report.complain("dev %s: %s" % (name, error))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
