# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A few cells of the matrix of faults in every ./dev check, always the same ones with the same choices."""

import pytest
from matrix import cells

NAMES = ("create-create-before-kill", "create-create-after-reset", "create-state-before-slow",
         "create-state-after-freeze-beside", "create-work_durably-after-kill", "create-notification-before-dropped",
         "search-tosca-after-freeze", "search-list-before-refused", "retry-create-after-lost",
         "retry-delete-before-kill", "cancel-create-after-stopped",
         "delete-delete-after-kill", "delete-state-before-stopped", "delete-work_save-after-broken",
         "force-work_forget-after-kill", "force-all-before-reset-long", "gone-list-before-away",
         "back-delete-after-lost", "grow-update-after-kill", "grow-update-before-kill", "shrink-vm_delete-after-lost",
         "owner-update-after-lost", "turn-update-after-kill", "turn-vm_delete-after-lost",
         "stop-power-after-kill", "stop-work_save-after-broken", "reboot-power-after-lost",
         "watch-state-after-away", "end-create-create-after-lost", "end-keep-create-after-kill",
         "end-grow-update-after-freeze", "end-stop-power-before-kill", "again-grow-update-after-kill",
         "bulk-stop-orchestration_adopt-before-kill",
         "bulk-delete-orchestration_adopt-after-kill", "bulk-stop-orchestration_end-after-kill")
CELLS = [{cells.name(cell): cell for cell in cells.every()}[name] for name in NAMES]


@pytest.mark.parametrize("cell", CELLS, ids=cells.name)
def test_nothing_is_lost_or_doubled(judge, cell):
    judge(cell, seed=1)
