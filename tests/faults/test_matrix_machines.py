# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Everything that goes wrong around machines that are stopped, rebooted and looked at."""

import pytest
from matrix import cells

CELLS = cells.of("stop", "reboot", "watch")


@pytest.mark.faults
@pytest.mark.parametrize("cell", CELLS, ids=cells.name)
def test_nothing_is_lost_or_doubled(judge, cell):
    judge(cell)
