# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Engines without httpd, see harness/rig.py."""

import pytest

from harness.rig import _one_engine, _rig, bare_rig, engine_rig  # noqa: F401


@pytest.fixture
def rig(bare_rig):
    """Without daemons, and without a record of providers, which would change their order."""
    bare_rig.sql("DELETE FROM provider_records")
    yield bare_rig
    bare_rig.finish_work()
