# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Everything that goes wrong around what an orchestration asks for."""

import pytest
from matrix import cells

CELLS = [cell for cell in cells.every() if cell.during.partition("-")[0].endswith("bulk")]


@pytest.mark.faults
@pytest.mark.parametrize("cell", CELLS, ids=cells.name)
def test_nothing_is_lost_or_doubled(judge, cell):
    judge(cell)
