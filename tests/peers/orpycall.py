# Licensed under the Apache License, Version 2.0; see LICENSE.
"""One call of orpy's library: NAME [ARGUMENTS [NAMED]], as JSON. Prints {"returned": ...} or {"raised": ..., "said":
...}. Runs in orpy's own environment."""

import json
import os
import sys

from orpy import exceptions
from orpy.client import base, client


def plain(value):
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.to_dict() if isinstance(value, base.BaseObject) else value


def main():
    name, arguments, named = sys.argv[1], *map(json.loads, sys.argv[2:4])
    value = client.OrpyClient(os.environ["ORCHESTRATOR_URL"], token=os.environ["ORCHESTRATOR_TOKEN"])
    for part in name.split("."):
        value = getattr(value, part)
    try:
        print(json.dumps({"returned": plain(value(*arguments, **named))}))
    except exceptions.ClientError as error:
        print(json.dumps({"raised": type(error).__name__, "said": str(error)}))


main()
