# Licensed under the Apache License, Version 2.0; see LICENSE.
"""./dev check: unit tests and guards, the unit tests once more with sanitizers, the integration tests; one line at the
end."""

import collections
import glob
import os
import subprocess
import sys
import time
import xml.etree.ElementTree

from . import build, process, report

TESTS = os.path.join(process.CHECKOUT, "tests")
RESULTS = os.path.join(process.CHECKOUT, ".stack", "log", "pytest.xml")
FAULTS = "faults."  # what a test counts, see tests/faults/matrix
VALGRIND = os.path.join(process.CHECKOUT, ".stack", "log", "valgrind.")  # and the process id


def check(arguments):
    """`arguments`: --faults, --asan or --valgrind, and what pytest should get (files, -k ...): then only pytest runs.
    The exit status."""
    modes = [one for one in arguments if one in ("--faults", "--asan", "--valgrind")]
    chosen = [one for one in arguments if one not in modes]
    totals = collections.Counter()
    environment = dict(os.environ)
    if "--asan" in modes:
        totals += _compile("sanitized build", build.SANITIZED, "--enable-sanitizers", "--with-mariadb")
        environment.update(ORCHESTRATOR_BUILD=build.SANITIZED, ORCHESTRATOR_PRELOAD=_libasan())
    else:
        totals += _compile("build", build.CHECK, "--enable-werror", "--with-mariadb")
        environment.update(ORCHESTRATOR_BUILD=build.CHECK)
    is_built = not totals
    if "--valgrind" in modes:
        for old in glob.glob(VALGRIND + "*"):
            os.unlink(old)
        environment.update(ORCHESTRATOR_WRAPPER="valgrind --quiet --log-file=%s%%p" % VALGRIND,
                           ORCHESTRATOR_PATIENCE="10")
    if not modes and not chosen and is_built:
        totals += _tap("unit tests, guards", build.CHECK)
        broken = _compile("sanitized build", build.SANITIZED, "--enable-sanitizers", "--with-mariadb")
        totals += broken or _tap("with sanitizers", build.SANITIZED, _programs(build.SANITIZED))
    if "--faults" in modes:
        chosen = ["-m", "faults"] + chosen
    elif "-m" not in chosen:
        chosen = ["-m", "not faults"] + chosen
    if is_built:  # else an earlier build would be tested
        totals += _pytest(chosen, environment)
    if "--valgrind" in modes:
        for path in sorted(glob.glob(VALGRIND + "*")):
            if os.path.getsize(path):
                totals["failed"] += 1
                _show_log(path)
    skipped = ", %d skipped" % totals["skipped"] if totals["skipped"] else ""
    report.say("%d passed, %d failed%s" % (totals["passed"], totals["failed"], skipped))
    return 0 if totals["passed"] and not totals["failed"] else 1


def _compile(name, folder, *options):
    """Builds everything that the tests need; a failure counts as one."""
    try:
        with report.step(name) as words:
            build.configure(folder, *options)
            build.make(folder, "all")
            build.make(folder, "check", "TESTS=")
            words.append("in " + os.path.relpath(folder, process.CHECKOUT))
    except process.StackError as error:
        report.complain(str(error))
        return collections.Counter(failed=1)
    return collections.Counter()


def _programs(folder):
    """The unit tests' programs: every TAP test but the guards."""
    with open(os.path.join(folder, "Makefile"), encoding="utf-8") as file:
        text = file.read().replace("\\\n", " ")
    for row in text.splitlines():
        if row.startswith("check_PROGRAMS ="):
            return [word.replace("$(EXEEXT)", "") for word in row.partition("=")[2].split()
                    if not word.startswith("$(am__")]
    return []


def _tap(name, folder, tests=None):
    """Runs the TAP tests of a build folder and counts by automake's .trs files."""
    began = time.monotonic()
    for old in glob.glob(os.path.join(folder, "**", "*.trs"), recursive=True):
        os.unlink(old)
    command = ["make", "-j2", "-k", "check"] + ([] if tests is None else ["TESTS=" + " ".join(tests)])
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                          env={**os.environ, **build.SANITIZERS})
    counts, bad = collections.Counter(), set()
    for path in glob.glob(os.path.join(folder, "**", "*.trs"), recursive=True):
        with open(path, encoding="utf-8", errors="replace") as file:
            for row in file:
                if row.startswith(":test-result:"):
                    kind = row.split()[1]
                    counts[{"PASS": "passed", "XFAIL": "passed", "SKIP": "skipped"}.get(kind, "failed")] += 1
                    if kind not in ("PASS", "XFAIL", "SKIP"):
                        report.say("  %s" % row[len(":test-result:"):].strip())
                        bad.add(path[:-len("trs")] + "log")
    for path in sorted(bad):
        _show_log(path)
    if done.returncode != 0 and not counts["failed"]:
        counts["failed"] += 1
        report.say("\n".join(done.stdout.splitlines()[-20:]))
    report.line(name, _sentence(counts), time.monotonic() - began)
    return counts


def _show_log(path, lines=24):
    """What a failed test program says, but its good tests."""
    with open(path, encoding="utf-8", errors="replace") as file:
        rows = [row for row in file.read().splitlines() if row.strip() and not row.startswith("ok ")]
    report.say("  %s:" % os.path.relpath(path, process.CHECKOUT))
    for row in rows[:lines]:
        report.say("    " + row)


def _pytest(arguments, environment):
    began = time.monotonic()
    os.makedirs(os.path.dirname(RESULTS), exist_ok=True)
    if os.path.exists(RESULTS):
        os.unlink(RESULTS)
    if not any(one == "-n" or one.startswith(("-n", "--numprocesses", "-p")) for one in arguments):
        arguments = ["-n", "2", "--dist", "loadfile"] + arguments
    named = any(os.path.exists(one.partition("::")[0]) for one in arguments)
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-c", os.path.join(TESTS, "pytest.ini"),
                           "--junitxml=" + RESULTS, *arguments, *([] if named else [TESTS])], cwd=process.CHECKOUT,
                          stdin=subprocess.DEVNULL, env=environment, check=False)
    counts, told = collections.Counter(), {}
    if os.path.exists(RESULTS):
        for suite in xml.etree.ElementTree.parse(RESULTS).getroot().iter("testsuite"):
            failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped = int(suite.get("skipped", 0))
            counts["failed"] += failed
            counts["skipped"] += skipped
            counts["passed"] += max(0, int(suite.get("tests", 0)) - failed - skipped)
            for fact in suite.iter("property"):
                if fact.get("name").startswith(FAULTS):
                    word = fact.get("name")[len(FAULTS):]
                    told[word] = told.get(word, 0) + int(fact.get("value"))
    if done.returncode not in (0, 5) and not counts["failed"]:
        counts["failed"] += 1  # it broke off before it could count
    report.line("integration tests", _sentence(counts), time.monotonic() - began)
    if told:
        report.say("  matrix of faults: " + ", ".join("%d %s" % (number, word) for word, number in told.items()))
    return +counts


def _sentence(counts):
    return "%d passed, %d failed, %d skipped" % (counts["passed"], counts["failed"], counts["skipped"])


def _libasan():
    return process.run(["gcc", "-print-file-name=libasan.so"]).strip()
