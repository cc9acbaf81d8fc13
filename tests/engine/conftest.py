# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Engines without httpd, see harness/rig.py."""

import pytest

from harness import fixtures, rig


@pytest.fixture(scope="module")
def bare_rig(_sweep):
    """PostgreSQL, issuer and simulator; a test starts its daemons itself."""
    made = rig.Rig(build=fixtures.BUILD)
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def _one_engine(bare_rig):
    bare_rig.engine()
    return bare_rig


@pytest.fixture
def engine_rig(_one_engine):
    """The same with one daemon, which all tests of a module share."""
    yield _one_engine
    _one_engine.control.mend()
    for one in _one_engine.engines:
        assert one.process.poll() is None, one.text()[-2000:]
