# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Work that somebody wants to be looked at, while a step of it is under way. No daemon: the test is one."""

import json

import pytest

from harness import statements

SAVE = {"owner": "me", "lease_number": 1, "due": 0, "is_resting": False, "rhythm": 0, "endpoint": None, "memory": "{}",
        "watching": []}


@pytest.mark.parametrize("what, changes, is_over, is_stored", [
    ("an end", {"ended": "succeeded", "phase": "ended"}, True, False),
    ("a note", {"description": "It is being submitted."}, False, False),
    ("a look", {"description": "Machines are being made."}, True, True)])
def test_what_began_before_somebody_asked_neither_ends_it_nor_sends_anything(bare_rig, what, changes, is_over,
                                                                           is_stored):
    alice = bare_rig.person()
    id = alice.create()
    operation = bare_rig.operation(id)["id"]
    bare_rig.sql("UPDATE operations SET state = 'in progress' WHERE id = %s", (operation,))
    bare_rig.sql("UPDATE work SET lease_owner = 'me', lease_number = 1, is_begun = true, due_at = now() + "
                 "interval '1 hour' WHERE id = %s", (operation,))
    alice.cancel(id)
    save = ("work_save", {**SAVE, "id": operation, "changes": json.dumps(changes), "is_over": is_over})
    assert bool(bare_rig.sql(*statements.together(save))) == is_stored, what
    assert bare_rig.operation(id)["state"] == "canceling"
    bare_rig.sql("DELETE FROM work WHERE id = %s", (operation,))
