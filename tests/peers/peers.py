#!/usr/bin/python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""./dev peers: the product against real peers. All but one come from PyPI, which nothing else here needs.

- the real Infrastructure Manager, both generations, with its Dummy connector and token authorization: the story of a
  deployment, of its changes and of its machines, which are watched, too; two hundred creations and deletions at once;
  its database taken away in the middle of a deletion and of a creation, when it has everything in memory and when it
  hasn't. Every one reaches its end, and IM's list is empty afterwards, and once nothing that was deleted is looked at
  any more
- IM's parser of both generations, alone: odd spellings have their values, and real templates are to it what they were
- schemathesis against the served contract: all checks, stateful, 200 examples an operation, most of them with ids that
  exist (real_ids.py)
- the former orchestrator's command line clients, unmodified, at the surface that they know: orpy, with its library, and
  orchent, whose program ORCHENT names

usage: peers.py [parser-1.19.1] [parser-2.0.0] [im-1.19.1] [im-2.0.0] [schemathesis] [orpy] [orchent]
                (all of them by default)
The installed peers are kept in the folder ORCHESTRATOR_PEERS (default: .stack/peers) for the next run. A peer that
can't be had is skipped, and said and counted so; the others are run.
"""

import collections
import json
import os
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKOUT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(CHECKOUT, "tests"))

import former  # noqa: E402
import former_orchent  # noqa: E402
import former_orpy  # noqa: E402
import lives  # noqa: E402
import machines  # noqa: E402
import oracle  # noqa: E402  (it knows where corpus is)
import corpus  # noqa: E402
import outages  # noqa: E402
import realim  # noqa: E402
from harness.live import LiveStack, sweep  # noqa: E402
from stack import build, process  # noqa: E402
from venvs import CACHE, Unavailable, say, virtual_environment  # noqa: E402

EXAMPLES = 200
KNOWN = 20  # deployments that schemathesis is told of
RANDOM = 500
OTHERS = 25  # of other people's templates are right for IM's parser, with the types that we have
MEMORIES = {"all in memory": 0, "nothing in memory": 30}  # for so many seconds; longer than between two polls

WATCHFUL = "OrchestratorWatchInterval 1s\n"

# schemathesis sends what no person would, as fast as it can.
QUEUE_WITHOUT_END = "OrchestratorMaxQueued 1000000\n"


def check_im(version):
    realim.environment(version)
    with realim.stack_with(version) as (stack, im):
        yield "a whole life", lambda: lives.whole_life(stack, im)
        yield "changes", lambda: lives.changes(stack, im)
        yield "machines", lambda: machines.power(stack, im)
        yield "a machine that IM does not have", lambda: machines.refused(stack, im)
        yield "a refused template", lambda: lives.a_refused_template(stack, im)
        yield "%d at once" % lives.AT_ONCE, lambda: lives.many_at_once(stack, im)
        yield "httpd's log is clean", lambda: clean(stack)
    with realim.stack_with(version, directives=WATCHFUL) as (stack, im):
        yield "watching", lambda: machines.watching(stack, im)
        yield "httpd's log is clean", lambda: clean(stack)
    for name, seconds in MEMORIES.items():
        with realim.stack_with(version, seconds) as (stack, im):
            yield "no database while it deletes, %s" % name, lambda: outages.in_deletion(stack, im)
            yield "no database while it makes, %s" % name, lambda: outages.in_creation(stack, im)
            yield "httpd's log is clean", lambda: clean(stack)


def check_parser(version):
    venv = realim.environment(version)
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


def known_ids(stack, person):
    """What real_ids.py puts in the place of ids that nobody has: complete deployments, their templates, people."""
    template, other = person.store_template(), stack.person()
    deployments = [person.deploy(template) for _ in range(KNOWN)]
    known = []
    for one in deployments:
        person.wait_for_status(one, "CREATE_COMPLETE")
        below = {name: [row["id"] for row in person.get("/deployments/%s/%s" % (one, name)).json()["data"]]
                 for name in ("resources", "operations")}
        known.append({"id": one, **below})
    return {"deployments": known, "templates": [template, person.store_template()], "users": [person.id, other.id],
            "groups": [person.group]}


def schemathesis(stack, venv, *options):
    person = stack.person(admin=True, ttl=36000)
    folder = process.make_folder(os.path.join(stack.folder, "schemathesis"))
    process.write(os.path.join(folder, "ids.json"), json.dumps(known_ids(stack, person)))
    hooks = {"SCHEMATHESIS_HOOKS": "real_ids", "PYTHONPATH": HERE,
             "ORCHESTRATOR_IDS": os.path.join(folder, "ids.json")}
    done = subprocess.run(
        [os.path.join(venv, "bin", "st"), "--config-file",
         os.path.join(HERE, "schemathesis.toml"), "run", stack.url + "/openapi.json", "--no-color", "-H",
         "Authorization: Bearer " + person.token, "-c", "all", "-n", str(EXAMPLES), "--seed", "1",
         "--generation-database", "none", "--continue-on-failure", "--request-timeout", "10", *options],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        env={**os.environ, **hooks})
    log = os.path.join(CACHE, "schemathesis-run.log")
    process.write(log, done.stdout)
    summary = done.stdout.strip().splitlines()[-1:]
    assert done.returncode == 0, "%s (all of it: %s)\n%s" % (summary, log, done.stdout[-6000:])


def check_orpy():
    former_orpy.environment()
    with former.stack() as stack:
        yield from former_orpy.command_line(stack)
        yield from former_orpy.library(stack)
        yield "httpd's log is clean", lambda: clean(stack)


def check_orchent():
    former_orchent.program()
    with former.stack() as stack:
        yield from former_orchent.commands(stack)
        yield "httpd's log is clean", lambda: clean(stack)


CHECKS = {"parser-1.19.1": lambda: check_parser("1.19.1"), "parser-2.0.0": lambda: check_parser("2.0.0"),
          "im-1.19.1": lambda: check_im("1.19.1"), "im-2.0.0": lambda: check_im("2.0.0"),
          "schemathesis": check_schemathesis, "orpy": check_orpy, "orchent": check_orchent}
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
