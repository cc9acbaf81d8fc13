# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Everything that goes wrong around infrastructures that no operation is about any more: at further looks, when they
come back, when IM did not delete them."""

import pytest
from matrix import cells

CELLS = cells.of("gone", "back", "stuck")


@pytest.mark.faults
@pytest.mark.parametrize("cell", CELLS, ids=cells.name)
def test_nothing_is_lost_or_doubled(judge, cell):
    judge(cell)
