# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Engines without httpd, see harness/rig.py."""

from harness.rig import _one_engine, _rig, bare_rig, engine_rig  # noqa: F401
