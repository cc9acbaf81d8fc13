# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Everything that goes wrong at the moment when somebody asks for the end of an operation, or for it once more."""

import pytest
from matrix import cells

CELLS = [cell for cell in cells.every() if cell.during.startswith(("end-", "again-"))]


@pytest.mark.faults
@pytest.mark.parametrize("cell", CELLS, ids=cells.name)
def test_nothing_is_lost_or_doubled(judge, cell):
    judge(cell)
