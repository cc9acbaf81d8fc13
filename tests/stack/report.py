# Licensed under the Apache License, Version 2.0; see LICENSE.
"""One line a step, with its time."""

import contextlib
import sys
import time


def line(name, text, seconds):
    print("%s %s (%.1f s)" % ((name + " ").ljust(20, "."), text, seconds), flush=True)


@contextlib.contextmanager
def step(name):
    """A step whose line says what its list was given; nothing is printed when it raises."""
    began = time.monotonic()
    words = []
    yield words
    line(name, " ".join(words) or "done", time.monotonic() - began)


def say(*texts):
    print(*texts, flush=True)


def complain(text):
    print(text, file=sys.stderr, flush=True)
