# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Engines without httpd, see harness/rig.py; the judge of the matrix of faults, see matrix/."""

import pytest
from matrix import run

from stack import local

from harness.rig import _one_engine, _rig, bare_rig, engine_rig  # noqa: F401


@pytest.fixture(scope="module")
def _place(make_stack):
    return run.Place(make_stack("OrchestratorEngine Off\n" + local.bindings(), providers=run.providers))


@pytest.fixture
def judge(_place, record_property):
    """Runs a cell of the matrix; what was lost, doubled or stuck fails the test. The report has what it counted."""
    def judged(cell, seed=run.SEED):
        if not _place.has_time():
            pytest.skip("out of time")
        verdict = run.run(_place, cell, seed)
        for word, number in verdict.counts().items():
            record_property("faults." + word, number)
        assert verdict.is_good(), str(verdict)
    return judged
