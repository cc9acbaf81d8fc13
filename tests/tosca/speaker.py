# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The tosca room, spoken to: the program `speak` (C), asked one thing after the other."""

import contextlib
import fcntl
import json
import os
import subprocess

from stack import process

BUILD = os.environ.get("ORCHESTRATOR_BUILD") or os.path.join(process.CHECKOUT, "build")
TYPES = os.path.join(process.CHECKOUT, "conf", "types")


def make():
    """The program's path. Two test processes at once make it one after the other."""
    with open(os.path.join(BUILD, ".speak.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process.run(["make", "-s", "-C", BUILD, "tests/tosca/speak"])
    return os.path.join(BUILD, "tests", "tosca", "speak")


class Speaker:
    def __init__(self, program, types=TYPES):
        self.process = subprocess.Popen([program, types], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        encoding="utf-8")

    def ask(self, template, inputs=None, **more):
        """The answer to a template and what is given for its inputs: {"mistakes": ...} or {"document": ..., ...}."""
        wish = {"template": template, "inputs": inputs or {},
                **{name: one for name, one in more.items() if one is not None}}
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(wish) + "\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "speak ended with %s when it was asked: %s" % (self.process.wait(), json.dumps(wish))
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait() == 0, "speak ended with %s" % self.process.returncode
