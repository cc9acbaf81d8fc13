# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The named statements of sql/queries, for tests that do with the database what the module does."""

import functools
import importlib.util
import json
import os
import pathlib
import re

from stack import process


@functools.lru_cache(maxsize=None)
def _compiler():
    spec = importlib.util.spec_from_file_location("compile_sql", os.path.join(process.CHECKOUT, "sql", "compile.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.lru_cache(maxsize=None)
def statements():
    """All of them by name, with `text` ($1, ...) and the names of their `parameters`."""
    top = pathlib.Path(process.CHECKOUT)
    enums = json.loads(top.joinpath("mod_orchestrator/routes/enums.json").read_text(encoding="utf-8"))
    schema = _compiler().Views(top / "sql/views", enums).schema
    return {one.name: one for one in _compiler().statements(top / "sql/queries", enums, schema)}


def together(*calls):
    """Calls, (name, values), as what psycopg2 takes: one text, which is one transaction, and its values."""
    texts, values = [], {}
    for number, (name, given) in enumerate(calls):
        one = statements()[name]
        texts.append(re.sub(r"\$(\d+)", lambda found, one=one, number=number: "%%(%s_%d)s" % (
            one.parameters[int(found[1]) - 1], number), one.text.replace("%", "%%")))
        values.update({"%s_%d" % (key, number): value for key, value in given.items()})
    return ";\n".join(texts), values
