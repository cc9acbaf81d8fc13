# Licensed under the Apache License, Version 2.0; see LICENSE.
"""An former orchestrator's database in a MariaDB of its own, and engines without httpd (harness/rig.py)."""

import contextlib

import pytest

from harness.rig import _one_engine, _rig, bare_rig, engine_rig  # noqa: F401

from legacy_import import old


@pytest.fixture(scope="module")
def mariadb():
    """A server, until the module's end."""
    with contextlib.closing(old.MariaDB()) as server:
        server.start()
        yield server


@pytest.fixture
def rig(bare_rig):
    """Without daemons."""
    yield bare_rig
    bare_rig.finish_work()


@pytest.fixture
def legacy(rig, mariadb):
    """An former orchestrator's database that has nothing yet."""
    return old.Old(rig, mariadb)
