# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The stack that ./dev run starts and that the tests run against: a private PostgreSQL, a token issuer, the IM
simulator's httpd and the httpd with the module, all on loopback, all state in one folder."""
