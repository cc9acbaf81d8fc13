# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Builds the module with autotools, in folders beside the sources."""

import os
import shlex

from . import process

LOG = os.path.join(process.CHECKOUT, ".stack", "log", "build.log")
PLAIN = os.path.join(process.CHECKOUT, "build")
CHECK = os.path.join(PLAIN, "check")          # warnings are errors
SANITIZED = os.path.join(PLAIN, "sanitized")  # AddressSanitizer and UndefinedBehaviorSanitizer
# Leaks are valgrind's matter (pools hide them from here); the signal stack of a thread that ends trips gcc 12's own
# runtime; a test looks at two versions of the module in one process.
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=0:use_sigaltstack=0:detect_odr_violation=0",
              "UBSAN_OPTIONS": "print_stacktrace=1"}


def _is_configured(folder, options):
    """Whether a folder was made ready with these options: automake repeats those that it knows."""
    status = os.path.join(folder, "config.status")
    if not os.path.exists(os.path.join(folder, "Makefile")) or not os.path.exists(status):
        return False
    known = shlex.split(process.run([status, "--config"]))
    return all(option in known for option in options)


def configure(folder, *options):
    """Makes a build folder ready. Does nothing when it is: automake's own rules see to changes."""
    os.makedirs(os.path.dirname(LOG), exist_ok=True)
    if not os.path.exists(os.path.join(process.CHECKOUT, "configure")):
        process.run(["autoreconf", "-fi"], LOG, cwd=process.CHECKOUT)
    if not _is_configured(folder, options):
        os.makedirs(folder, exist_ok=True)
        source = os.path.relpath(os.path.join(process.CHECKOUT, "configure"), folder)
        process.run([source, "PYTHON=/usr/bin/python3", *options], LOG, cwd=folder)


def make(folder, *targets, **options):
    """Runs make on two cores."""
    process.run(["make", "-j2", *targets], LOG, cwd=folder, **options)


def module():
    """What ./dev run needs: the module, and the simulator's."""
    configure(PLAIN)
    make(PLAIN)
    return PLAIN
