# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What the integration tests stand on: stacks, clients whose every answer is checked against the served contract, the
logs."""
