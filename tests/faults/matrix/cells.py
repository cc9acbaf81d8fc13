# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Which cells there are."""

import collections

# during: the operation; route: the call to IM in the simulator's words, or "database": a round trip to PostgreSQL;
# when: before IM (PostgreSQL) does what it is asked, or after; what: see strike.py.
Cell = collections.namedtuple("Cell", "during route when what")

DEPLOYMENTS = 2  # in each cell; each makes every call once at least
# The calls of each operation. A search is a creation whose answer was lost, so that it is looked for.
ROUTES = {"create": ("create", "state", "outputs", "vm"), "search": ("list", "tosca"),
          "delete": ("delete", "state", "list")}
BEFORE = ("kill", "freeze", "refused", "reset", "hung", "away", "stopped", "slow")
AFTER = ("kill", "freeze", "lost", "late", "cut", "reset", "hung", "away", "stopped", "slow")
# A queue before IM carries it out when its client has gone: while the operation is at work, when it has ended, when its
# deployment is deleted.
QUEUES = ("queue-soon", "queue-late", "queue-gone")


def name(cell):
    return "-".join(cell)


def every():
    """All of them."""
    cells = [Cell(during, route, when, what) for during, routes in ROUTES.items() for route in routes
             for when, whats in (("before", BEFORE), ("after", AFTER)) for what in whats]
    cells += [Cell(during, "database", when, what) for during in ("create", "delete") for when in ("before", "after")
              for what in ("kill", "freeze")]
    cells += [Cell("create", "create", "before", what) for what in QUEUES]
    cells += [Cell("create", "create", "after", what) for what in ("undocumented", "nameless")]
    cells += [Cell("delete", "delete", "before", what) for what in QUEUES[:2]]
    cells += [Cell("delete", "delete", "after", what) for what in ("back-soon", "back-late")]
    return cells


def of(*during):
    """Those of some operations."""
    return [cell for cell in every() if cell.during in during]
