# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Everything that goes wrong around what an orchestration asks for."""

import pytest
from matrix import cells

CELLS = cells.of("bulk-stop", "bulk-delete")


@pytest.mark.faults
@pytest.mark.parametrize("cell", CELLS, ids=cells.name)
def test_nothing_is_lost_or_doubled(judge, cell):
    judge(cell)
