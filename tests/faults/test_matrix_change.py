# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Everything that goes wrong while a deployment that is complete gets more machines, fewer, another owner or template."""

import pytest
from matrix import cells

CELLS = cells.of("grow", "shrink", "owner", "turn")


@pytest.mark.faults
@pytest.mark.parametrize("cell", CELLS, ids=cells.name)
def test_nothing_is_lost_or_doubled(judge, cell):
    judge(cell)
