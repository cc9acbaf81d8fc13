# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Everything that goes wrong around a deletion, and around the search for a creation that was not answered, at every
call to IM."""

import pytest
from matrix import cells

CELLS = cells.of("delete", "search")


@pytest.mark.faults
@pytest.mark.parametrize("cell", CELLS, ids=cells.name)
def test_nothing_is_lost_or_doubled(judge, cell):
    judge(cell)
