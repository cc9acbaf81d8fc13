# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Peers that come from PyPI, each in a virtual environment that is kept for the next run."""

import fcntl
import os
import time

from stack import process

CACHE = os.environ.get("ORCHESTRATOR_PEERS") or os.path.join(process.CHECKOUT, ".stack", "peers")


class Unavailable(Exception):
    """A peer, or what it is asked about, can't be had here: no fault of ours, and no proof either."""


def say(text):
    print(text, flush=True)


def virtual_environment(name, *installs):
    """A venv of that name with the packages of each `pip install` line; made once, whoever else wants it meanwhile."""
    folder = os.path.join(CACHE, name)
    os.makedirs(CACHE, exist_ok=True)
    with open(folder + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(folder, ".complete")):
            _make(folder, installs)
    return folder


def _make(folder, installs):
    began = time.monotonic()
    log = folder + ".log"
    process.run(["/usr/bin/python3", "-m", "venv", "--clear", folder], log=log)
    for packages in installs:
        _install(folder, packages, log)
    process.write(os.path.join(folder, ".complete"), "")
    say("  installed %s (%.0f s)" % (os.path.basename(folder), time.monotonic() - began))


def _install(folder, packages, log):
    try:
        process.run([os.path.join(folder, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check",
                     *packages], log=log)
    except process.StackError as error:
        raise Unavailable("pip can't install it: %s" % " ".join(str(error).split()[-40:])) from error
