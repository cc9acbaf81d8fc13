# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Which cells there are."""

import collections

# during: what is under way, see run.py; route: the call to IM in the simulator's words, "database": a round trip to
# PostgreSQL, "notification": one from there, or a statement's name; when: before IM (PostgreSQL, the daemon) does what
# it is asked, or after; what: see strike.py.
Cell = collections.namedtuple("Cell", "during route when what")

DEPLOYMENTS = 2  # in each cell; each makes every call once at least

BEFORE = ("kill", "freeze", "refused", "reset", "hung", "away", "stopped", "slow")
AFTER = ("kill", "freeze", "lost", "late", "cut", "reset", "hung", "away", "stopped", "slow")
ALL = [("before", what) for what in BEFORE] + [("after", what) for what in AFTER]
# What differs most: where the same code meets the same calls in another phase.
SOME = [("before", what) for what in ("kill", "freeze", "refused", "hung", "away")] + [
    ("after", what) for what in ("kill", "freeze", "lost", "away", "stopped")]
# Somebody asks for the end of what is struck, or for what failed once more.
FEW = [("before", what) for what in ("kill", "freeze", "hung", "away")] + [
    ("after", what) for what in ("kill", "freeze", "lost", "stopped")]
# One of several daemons goes, which may be the one with the call at hand.
BESIDE = [(when, what) for when in ("before", "after") for what in ("kill-beside", "freeze-beside")]
COMMIT = [(when, what) for when in ("before", "after") for what in ("kill", "freeze", "broken", "stopped")]

CALLS = [
    ("create", ("create", "state", "outputs", "vm"), ALL),
    ("search", ("list", "tosca"), ALL),
    ("delete", ("delete", "state"), ALL),
    # The first provider fails, the second one is another IM; what the first has left goes meanwhile.
    ("retry", ("create", "state", "delete"), SOME),
    # A creation that was not answered is deleted before it was found.
    ("cancel", ("create", "list", "tosca", "delete"), SOME),
    ("force", ("delete", "state"), SOME),
    # Further looks at what is gone, and what has come back.
    ("gone", ("list",), ALL),
    ("gone", ("state",), SOME),
    ("back", ("state", "delete"), SOME),
    # IM did not delete it, and is asked again.
    ("stuck", ("delete",), SOME),
    # Machines are added, and removed, while others live; a document without them is sent for an owner.
    ("grow", ("update",), ALL),
    ("grow", ("info", "tosca", "state", "vm"), SOME),
    ("shrink", ("vm_delete", "update"), SOME),
    ("owner", ("update", "state"), SOME),
    # Another template: a node comes, another one has less.
    ("turn", ("update",), ALL),
    ("turn", ("vm_delete", "tosca", "state", "vm"), SOME),
    ("grow", ("update",), BESIDE),
    # A machine is stopped, or rebooted; one that was stopped behind our back is seen.
    ("stop", ("power", "state"), ALL),
    ("stop", ("vm", "outputs"), SOME),
    ("reboot", ("power",), ALL),
    ("watch", ("state", "vm"), SOME),
    ("create", ("create", "state"), BESIDE),
    ("delete", ("delete", "state"), BESIDE),
    # At this moment somebody asks for the end of it all.
    ("end-create", ("create", "state", "outputs", "vm"), FEW),
    ("end-search", ("list", "tosca"), FEW),
    ("end-keep", ("create", "state"), FEW),
    ("end-grow", ("info", "update", "tosca", "state"), FEW),
    ("end-shrink", ("vm_delete", "update"), FEW),
    ("end-owner", ("update", "state"), FEW),
    ("end-turn", ("vm_delete", "update"), FEW),
    ("end-stop", ("power", "state", "vm"), FEW),
    ("end-reboot", ("power",), FEW),
    # It is an orchestration that asks.
    ("bulk-stop", ("power", "state"), FEW),
    ("bulk-delete", ("delete",), FEW),
    ("bulk-start", ("power", "state"), FEW),
    ("bulk-grow", ("update", "state"), FEW),
    # At this moment somebody cancels it; all of it failed, and is tried once more.
    ("endbulk-stop", ("power", "state"), FEW),
    ("endbulk-delete", ("delete",), FEW),
    ("endbulk-grow", ("update",), FEW),
    ("againbulk-stop", ("power",), FEW),
    ("againbulk-grow", ("update",), FEW),
    # It failed, and is asked for once more.
    ("again-create", ("create", "state"), FEW),
    ("again-delete", ("delete", "state"), FEW),
    ("again-grow", ("update", "state"), FEW),
    ("again-owner", ("update",), FEW),
    ("again-turn", ("update",), FEW),
    ("again-stop", ("power",), FEW),
]
# Every statement that stores something, in the operations where it does.
STATEMENTS = {
    "create": ("work_claim", "work_durably", "work_save", "work_poll", "work_renew"),
    "search": ("infrastructure_known", "work_save"),
    "delete": ("work_claim", "work_save", "work_poll"),
    "force": ("work_forget",),
    "retry": ("work_claim", "work_save"),
    "stop": ("work_claim", "work_durably", "work_save"),
    "watch": ("work_claim", "work_save"),
    "gone": ("work_claim", "work_poll"),
    "grow": ("work_claim", "work_durably", "work_save"),
    "shrink": ("work_save",),
    "turn": ("work_save",),
    "end-create": ("work_claim", "work_durably", "work_save"),
    "end-grow": ("work_durably", "work_save"),
    "end-stop": ("work_durably", "work_save"),
    "bulk-stop": ("orchestration_facts", "orchestration_add", "orchestration_found", "orchestration_due",
                  "resource_act", "orchestration_adopt", "orchestration_progress", "orchestration_end"),
    "bulk-delete": ("deployment_delete", "orchestration_adopt"),
    "endbulk-stop": ("orchestration_facts", "orchestration_add", "orchestration_due", "resource_act",
                     "orchestration_adopt", "orchestration_progress", "orchestration_end"),
    "againbulk-stop": ("orchestration_due", "orchestration_adopt", "orchestration_end"),
}
NOTIFICATION = [(when, what) for when in ("before", "after") for what in ("kill", "freeze", "broken")] + [
    ("before", "dropped")]
# A queue before IM carries it out when its client has gone: while the operation is at work, when it has ended, when its
# deployment is deleted. An IM that is ill until the deployment's row is gone.
SPECIAL = [Cell("create", "create", "before", what) for what in ("queue-soon", "queue-late", "queue-gone")] + [
    Cell("create", "create", "after", what) for what in ("undocumented", "nameless")] + [
    Cell(during, "create", "before", what) for during in ("end-create", "end-keep")
    for what in ("queue-soon", "queue-late")] + [
    Cell("end-grow", "update", "before", "queue-soon")] + [
    Cell("delete", "delete", "before", what) for what in ("queue-soon", "queue-late")] + [
    Cell("delete", "delete", "after", what) for what in ("back-soon", "back-late")] + [
    Cell("force", "all", "before", what) for what in ("refused-long", "reset-long", "rejected-long")]


def name(cell):
    return "-".join(cell)


def every():
    """All of them."""
    cells = [Cell(during, route, *one) for during, routes, ones in CALLS for route in routes for one in ones]
    cells += [Cell(during, "database", *one) for during in ("create", "delete") for one in COMMIT
              if one[1] in ("kill", "freeze")]
    cells += [Cell(during, statement, *one) for during, statements in STATEMENTS.items() for statement in statements
              for one in COMMIT]
    cells += [Cell(during, "notification", *one) for during in ("create", "delete") for one in NOTIFICATION]
    return cells + SPECIAL


def of(*during):
    """Those of some operations."""
    return [cell for cell in every() if cell.during in during]
