# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Everything that goes wrong around infrastructures that nobody wants any more: of failed attempts, of what is deleted
before it was found, by force."""

import pytest
from matrix import cells

CELLS = cells.of("retry", "cancel", "force")


@pytest.mark.faults
@pytest.mark.parametrize("cell", CELLS, ids=cells.name)
def test_nothing_is_lost_or_doubled(judge, cell):
    judge(cell)
