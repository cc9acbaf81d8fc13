# Licensed under the Apache License, Version 2.0; see LICENSE.
"""How the fault of a cell is made."""

import signal
import time

from harness.live import HELD
from harness.proxies import Standstill

from .cells import DEPLOYMENTS

# What IM alone does wrong: (before, after) as faults of the simulator.
OF_IM = {"refused": ("http_503", None), "reset": ("reset", "reset_after"), "hung": ("hang", "hang_after"),
         "lost": (None, "lost"), "late": (None, "slow"), "cut": (None, "bad_json"),
         "undocumented": (None, "launcher_dies"), "nameless": (None, "lost"), "back-soon": (None, "resurrect"),
         "back-late": (None, "resurrect"), "queue-soon": ("queued", None), "queue-late": ("queued", None),
         "queue-gone": ("queued", None)}
# How long it takes (ms); what isn't here lasts until it is let go. An answer is waited for 800 (run.TIMES); an
# infrastructure is looked at again 300 after its 404.
LASTS = {"late": 1200, "back-soon": 100, "queue-soon": 1400}
HANGS = 2  # seconds that PostgreSQL stands still; a lease lasts 1.5
NEVER = 10 ** 9
ROUND_TRIP = b"S\x00\x00\x00\x04"  # how a client of PostgreSQL ends each: Sync


class Strike:
    """The fault of a cell. `place`: the stack with its daemons (run.Place); `choose`: the cell's own random numbers."""

    def __init__(self, place, cell, choose):
        self.place, self.cell, self.choose = place, cell, choose
        self.is_after = cell.when == "after"
        self.number = choose.randrange(DEPLOYMENTS)  # which call of its kind
        self.proxy = None
        self.injected = 0

    @property
    def is_of_im(self):
        return self.cell.what in OF_IM

    # before the operation

    def prepare(self):
        """Starts the daemon that meets the fault: one alone that is to be killed or frozen, else one to three."""
        if self.cell.route != "database":
            for _ in range(1 if self.cell.what in ("kill", "freeze") else self.choose.randrange(1, 4)):
                self.place.daemon()
            return
        stack = self.place.stack
        self.number = self.choose.randrange(1, 12)
        self.proxy = Standstill(stack.ports["postgresql"], ROUND_TRIP, NEVER, self.is_after)
        self.place.daemon(database=stack.postgres.conninfo.replace("port=%d" % stack.ports["postgresql"],
                                                                   "port=%d" % self.proxy.port))

    def arm(self):
        """From now on it may strike."""
        cell, faults = self.cell, []
        if cell.during == "search":
            faults.append({"fault": "lost", "on": "create", "first": DEPLOYMENTS})
        if cell.route == "database":
            self.proxy.arm(self.number)
        else:
            kind = OF_IM.get(cell.what, ("hang", "hang_after"))[self.is_after]
            faults.append({"fault": kind, "on": cell.route, "after": self.number, "first": 1,
                           "ms": LASTS.get(cell.what, HELD)})
        self.place.stack.control.post("fault", faults)

    def has_struck(self):
        if self.proxy:
            return self.proxy.stands.is_set()
        return self.place.stack.control.get("fault")[-1]["struck"] > 0

    # when it has struck

    def act(self, is_over):
        """What happens at this moment, but for what is held longer. `is_over`: whether nothing is at work."""
        self.injected += 1
        if not self.is_of_im:
            {"kill": self._kill, "freeze": self._freeze, "away": self._take_im_s_database_away,
             "stopped": self._stop_postgresql, "slow": self._hold_postgresql}[self.cell.what](is_over)

    def _more_daemons(self):
        """One, two or three of them go on."""
        for _ in range(self.choose.randrange(1, 3)):
            self.place.daemon()

    def let_go(self):
        """Nothing stands still any more, and nothing else fails."""
        if self.proxy:
            self.proxy.go.set()
        self.place.stack.control.mend()

    def _kill(self, _is_over):
        first = self.place.daemons[0]
        first.kill()
        self.let_go()
        if self.choose.randrange(2):
            first.start()
        else:
            self.place.daemons.remove(first)
            self._more_daemons()

    def _freeze(self, is_over):
        """Others do its work; then it goes on where it was, or at least tries to."""
        first = self.place.daemons[0]
        first.signal(signal.SIGSTOP)
        if self.proxy is None:
            self.let_go()
        self._more_daemons()
        try:
            self.place.stack.wait_for(is_over, 30, "the end without the frozen daemon")
        finally:
            first.signal(signal.SIGCONT)
            self.let_go()

    def _take_im_s_database_away(self, is_over):
        """IM answers some calls as if there were nothing."""
        control = self.place.stack.control
        control.post("database", {"away": True, "forget": True})
        self.let_go()
        wanted = control.get("calls")["total"] + self.choose.randrange(4, 12)
        try:
            self.place.stack.wait_for(lambda: control.get("calls")["total"] >= wanted or is_over(), 30,
                                      "calls to an IM without a database")
        finally:
            control.post("database", {"away": False})

    def _stop_postgresql(self, _is_over):
        self.place.stack.stop_postgres()
        self.let_go()
        self.place.wait_for_silence()
        self.place.stack.start_postgres()

    def _hold_postgresql(self, _is_over):
        """For longer than a lease."""
        until = time.monotonic() + HANGS
        with self.place.stack.hanging_postgres():
            self.let_go()
            self.place.stack.wait_for(lambda: time.monotonic() > until, 2 * HANGS, "the end of PostgreSQL's standstill")

    # afterwards

    def is_held_until(self, moment):
        """Whether something is held that is let go only at this moment ("ended", "deleted")."""
        return {"queue-late": "ended", "back-late": "ended", "queue-gone": "deleted"}.get(self.cell.what) == moment

    def end(self):
        if self.proxy:
            self.proxy.close()
