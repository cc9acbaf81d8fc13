# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Real templates: those of the repository, and other people's beside the checkout. Many of these are parts of another
one, which they name in their metadata; they are joined with it as IM's dashboard does."""

import glob
import os

import yaml

from stack import process

OWN = (os.path.join(process.CHECKOUT, "conf", "templates"), os.path.join(process.CHECKOUT, "conf", "types"))
JOINED = ("inputs", "node_templates", "outputs")


def beside():
    """The folders of other people's templates and types, or None in a clone without them."""
    top = os.path.join(os.path.dirname(process.CHECKOUT), "shared", "data", "tosca")
    folders = os.path.join(top, "templates"), os.path.join(top, "types")
    return folders if all(map(os.path.isdir, folders)) else None


def types_in(folder):
    """Paths of the type files, in the order in which they count."""
    return sorted(glob.glob(os.path.join(folder, "*.y*ml")))


def templates_in(folder):
    """[(name, text)], the parts of others joined with these."""
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.y*ml"))):
        with open(path, encoding="utf-8") as file:
            found[os.path.basename(path)] = file.read()
    for name, text in list(found.items()):
        for parent in (yaml.safe_load(text).get("metadata") or {}).get("parents", []):
            if parent in found:
                found["%s with %s" % (name, parent)] = joined(text, found[parent])
    return list(found.items())


def joined(part, whole):
    """A template with the inputs, nodes and outputs of another one. Every scalar keeps its style."""
    whole, part = yaml.compose(whole), yaml.compose(part)
    into, more = _get(whole, "topology_template"), _get(part, "topology_template")
    for section in JOINED:
        pairs = _get(more, section)
        if pairs is None:
            continue
        if _get(into, section) is None:
            into.value.append((yaml.ScalarNode("tag:yaml.org,2002:str", section),
                               yaml.MappingNode("tag:yaml.org,2002:map", [])))
        mine = _get(into, section)
        names = {key.value for key, _ in pairs.value}
        mine.value = [(key, one) for key, one in mine.value if key.value not in names] + pairs.value
    return yaml.serialize(whole, allow_unicode=True, width=10**6)


def _get(mapping, name):
    return next((value for key, value in mapping.value if key.value == name), None)
