# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Compares renderings with their originals as PyYAML reads them: tosca_roundtrip.py ORIGINALS RENDERINGS"""
import os
import sys

import yaml


class OurReading(yaml.SafeLoader):
    """Dates are texts to the orchestrator, and are written so."""


OurReading.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)


def load(path, loader=yaml.SafeLoader):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, loader)


def main(originals, renderings):
    wrong = 0
    for name in sorted(os.listdir(originals)):
        original = load(os.path.join(originals, name), OurReading)
        same = load(os.path.join(renderings, name + ".same"))
        tagged = load(os.path.join(renderings, name + ".tags"))
        if tagged["metadata"].pop("PAAS_DEP_UUID", None) is None:
            print(f"# {name}: no tag in metadata")
            wrong += 1
        if not tagged["metadata"] and "metadata" not in original:
            del tagged["metadata"]
        # Without type files no node is known to take tags: nothing else may differ.
        for what, rendered in (("same", same), ("tags", tagged)):
            if rendered != original or repr(rendered) != repr(original) and what == "same":
                print(f"# {name}: {what} differs from the original")
                wrong += 1
    return 1 if wrong else 0


sys.exit(main(*sys.argv[1:]))
