# Licensed under the Apache License, Version 2.0; see LICENSE.
"""How the fault of a cell is made."""

import signal
import time

from harness.live import HELD
from harness.proxies import Deaf, Standstill

from .cells import DEPLOYMENTS, STATEMENTS

# What IM alone does wrong: (before, after) as faults of the simulator.
OF_IM = {"refused": ("http_503", None), "reset": ("reset", "reset_after"), "hung": ("hang", "hang_after"),
         "lost": (None, "lost"), "late": (None, "slow"), "cut": (None, "bad_json"),
         "undocumented": (None, "launcher_dies"), "nameless": (None, "lost"), "back-soon": (None, "resurrect"),
         "back-late": (None, "resurrect"), "queue-soon": ("queued", None), "queue-late": ("queued", None),
         "queue-gone": ("queued", None), "refused-long": ("http_503", None), "reset-long": ("reset", None),
         "rejected-long": ("token_401", None)}
# How long it takes (ms); what isn't here lasts until it is let go. An answer is waited for 800 (run.TIMES); an
# infrastructure is looked at again 300 after its 404.
LASTS = {"late": 1200, "back-soon": 100, "queue-soon": 1400}
# Until when what is held lasts: moments of run.py.
HELD_UNTIL = {"queue-late": "ended", "back-late": "ended", "queue-gone": "deleted", "refused-long": "ended",
              "reset-long": "ended", "rejected-long": "ended"}
HANGS = 2  # seconds that something stands still; a lease lasts 1.5
NEVER = 10 ** 9
ROUND_TRIP = b"S\x00\x00\x00\x04"  # how a client of PostgreSQL ends each: Sync
EXECUTION = b"\x00%s\x00"  # of a prepared statement: Bind, with the unnamed portal
# The moment is one of the first so many.
OFTEN = {"database": 12, "work_claim": 4, "work_save": 4, "work_durably": 2, "work_forget": 2,
         "infrastructure_known": 2}


class Strike:
    """The fault of a cell. `place`: the stack with its daemons (run.Place); `choose`: the cell's own random numbers."""

    def __init__(self, place, cell, choose):
        self.place, self.cell, self.choose = place, cell, choose
        self.is_after = cell.when == "after"
        self.is_of_database = cell.route in ("database", "notification", *sum(STATEMENTS.values(), ()))
        self.number = choose.randrange(DEPLOYMENTS)  # which call of its kind
        self.proxy = None
        self.injected = 0

    # before the operation

    def prepare(self, **config):
        """Starts the daemon that meets the fault: one alone that is to be killed or frozen, else one to three."""
        if self.is_of_database:
            often = 1 if self.cell.during == "watch" else OFTEN.get(self.cell.route, 1)  # it stores once what is new
            self.number = self.choose.randrange(1, often + 1)
            self.proxy = self._make_proxy()
            port = "port=%d" % self.place.stack.ports["postgresql"]
            config["database"] = self.place.stack.postgres.conninfo.replace(port, "port=%d" % self.proxy.port)
            self.place.daemon(**config)
            return
        what = self.cell.what
        for _ in range(1 if what in ("kill", "freeze") else self.choose.randrange(2 if "-beside" in what else 1, 4)):
            self.place.daemon(**config)

    def _make_proxy(self):
        port, route = self.place.stack.ports["postgresql"], self.cell.route
        if self.cell.what == "dropped":
            return Deaf(port, NEVER)
        if route == "notification":
            return Standstill(port, Deaf.NOTIFICATION, NEVER, self.is_after, of_server=True)
        return Standstill(port, ROUND_TRIP if route == "database" else EXECUTION % route.encode("ascii"), NEVER,
                          self.is_after)

    def arm(self, *more):
        """From now on it may strike. `more`: faults of IM that come with it."""
        cell, faults = self.cell, list(more)
        if self.proxy:
            self.proxy.arm(self.number)
        else:
            fault = {"fault": OF_IM.get(cell.what, ("hang", "hang_after"))[self.is_after], "on": cell.route,
                     "ms": LASTS.get(cell.what, HELD)}
            faults.append(fault if cell.what.endswith("-long") else {**fault, "after": self.number, "first": 1})
        self.place.stack.control.post("fault", faults)

    def has_struck(self):
        if self.proxy:
            return self.proxy.stands.is_set()
        return self.place.stack.control.get("fault")[-1]["struck"] > 0

    # when it has struck

    def act(self, is_over):
        """What happens at this moment, but for what is held longer. `is_over`: whether nothing is at work."""
        self.injected += 1
        if self.cell.what not in OF_IM:
            {"kill": self._kill, "freeze": self._freeze, "away": self._take_im_s_database_away,
             "stopped": self._stop_postgresql, "slow": self._hold_postgresql, "kill-beside": self._kill_one,
             "freeze-beside": self._freeze, "broken": self._break, "dropped": self._break}[self.cell.what](is_over)

    def _more_daemons(self):
        """One, two or three of them go on."""
        for _ in range(self.choose.randrange(1, 3)):
            self.place.daemon()

    def let_go(self):
        """Nothing stands still any more, and nothing else fails."""
        if self.proxy:
            self.proxy.go.set()
        self.place.stack.control.mend()

    def _break(self, _is_over):
        """The connection is cut off, or told what it waits for is lost; the daemon lives."""
        self.let_go()

    def _kill(self, _is_over):
        first = self.place.daemons[0]
        first.kill()
        self.let_go()
        if self.choose.randrange(2):
            first.start()
        else:
            self.place.daemons.remove(first)
            self._more_daemons()

    def _kill_one(self, _is_over):
        """The others go on."""
        one = self.choose.choice(self.place.daemons)
        one.kill()
        self.place.daemons.remove(one)
        self.let_go()

    def _freeze(self, is_over):
        """Others do its work; then it goes on where it was, or at least tries to."""
        one, until = self.choose.choice(self.place.daemons), time.monotonic() + HANGS
        one.signal(signal.SIGSTOP)
        if self.proxy is None:
            self.let_go()
        if len(self.place.daemons) == 1:
            self._more_daemons()
        try:
            self.place.stack.wait_for(lambda: time.monotonic() > until and is_over(), 30,
                                      "the end without the frozen daemon")
        finally:
            one.signal(signal.SIGCONT)
            self.let_go()

    def _take_im_s_database_away(self, is_over):
        """IM answers some calls as if there were nothing."""
        control, until = self.place.stack.control, time.monotonic() + HANGS
        control.post("database", {"away": True, "forget": True})
        self.let_go()
        wanted = control.get("calls")["total"] + self.choose.randrange(4, 12)
        try:
            self.place.stack.wait_for(lambda: control.get("calls")["total"] >= wanted or (
                is_over() and time.monotonic() > until), 30, "calls to an IM without a database")
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

    def let_go_at(self, moment):
        """Ends what is held until this moment ("ended", "deleted"), if any."""
        if moment and HELD_UNTIL.get(self.cell.what) == moment:
            self.let_go()
            self.place.stack.control.release()
            self.place.wait_for_silence()

    def end(self):
        if self.proxy:
            self.proxy.close()
