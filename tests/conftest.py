# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Everything is in harness/; tests find the fixtures through here."""

from harness.fixtures import (_shared_stack, _sweep, _watch, build, database, make_pgbouncer, make_stack,  # noqa: F401
                              postgres_server, shared_data, stack)
