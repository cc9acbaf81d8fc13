# Licensed under the Apache License, Version 2.0; see LICENSE.
"""A deletion that can't be done ends: the engine's part of it is in tests/engine/test_endurance.py."""

import pytest

from deployed import done, frozen  # noqa: F401
from harness.client import expect


@pytest.mark.parametrize("given, minutes", [(10, 1440), (3000, 3000)])
def test_a_deletion_has_the_time_of_its_deployment_and_a_day_at_least(frozen, given, minutes):  # noqa: F811
    alice = frozen.person()
    made = done(frozen, alice, tot_timeout_mins=given)
    operation = expect(alice.delete("/deployments/" + made), 202).headers["Location"].rsplit("/", 1)[1]
    assert frozen.sql("SELECT deadline = created_at + %s * interval '1 minute' FROM operations WHERE id = %s",
                      (minutes, operation)) == [(True,)]
