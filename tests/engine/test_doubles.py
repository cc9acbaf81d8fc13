# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Nothing is made twice and nothing is lost, whatever stands still between a daemon, PostgreSQL and IM."""

import pytest

from harness.live import HELD
from harness.proxies import Standstill


@pytest.mark.parametrize("then", ["complete", "deleted"])
def test_a_creation_whose_lease_was_lost_before_it_went_out_is_not_sent(rig, then):
    """A daemon notes two creations one after the other. PostgreSQL stands still in the second one, for longer than the
    lease; another daemon does the work meanwhile. Then the first one goes on."""
    alice = rig.person()
    ids = [alice.create(), alice.create()]
    proxy = Standstill(rig.ports["postgresql"], b'"asked":[{', 2)
    first = rig.engine(database=rig.postgres.conninfo.replace("port=%d" % rig.ports["postgresql"],
                                                              "port=%d" % proxy.port))
    assert proxy.stands.wait(60)
    rig.engine()
    for id in ids:
        rig.finish(id, timeout=30)
        if then == "deleted":
            alice.delete(id)
            rig.finish(id, type="DELETE", timeout=30)
    proxy.go.set()
    rig.wait_for(lambda: "the database is back" in first.text() or "a step is put off" in first.text(), 20,
                 "the first one at work again")
    rig.stop_engines()
    assert [len(rig.alive(id)) for id in ids] == [1 if then == "complete" else 0] * 2
    proxy.close()


def test_a_refusal_that_is_told_twice_takes_no_later_creation_for_none(rig):
    """PostgreSQL has stored the end of a step in which IM refused a creation, and its daemon never hears so. Another
    one submits it again; then the first one tells of its refusal once more. The second creation fails."""
    alice = rig.person(group=rig.pair())
    proxy = Standstill(rig.ports["postgresql"], b"takes no changes", 1, is_after=True)
    rig.control.fault(fault="read_only", on="create")
    first = rig.engine(database=rig.postgres.conninfo.replace("port=%d" % rig.ports["postgresql"],
                                                              "port=%d" % proxy.port))
    id = alice.create()
    assert proxy.stands.wait(60)
    rig.control.fault(fault="slow", on="create", ms=HELD)
    rig.engine(im_create_timeout=60000)
    rig.wait_for(lambda: rig.alive(id), 20, "a creation")
    proxy.go.set()
    rig.wait_for(lambda: "the database is back" in first.text(), 20, "the first one at work again")
    assert [one["standing"] for one in rig.known(id)] == ["asked"]
    rig.control.mend()
    rig.control.release()
    rig.finish(id, timeout=30)
    rig.wait_for(lambda: len(rig.alive(id)) == 1, 20, "what failed to be deleted")
    proxy.close()
