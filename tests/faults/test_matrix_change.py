# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What goes wrong while a complete deployment gets more machines, fewer, another owner or another template."""

import pytest
from matrix import cells

CELLS = cells.of("grow", "shrink", "owner", "turn")


@pytest.mark.faults
@pytest.mark.parametrize("cell", CELLS, ids=cells.name)
def test_nothing_is_lost_or_doubled(judge, cell):
    judge(cell)
