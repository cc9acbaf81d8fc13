# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Who reads a document: PyYAML as IM does (YAML 1.1), its C twin, and a reader by YAML 1.2's core schema."""

import datetime
import re

import yaml

from written import FAST

IM = yaml.SafeLoader


class Yaml12(FAST):
    """YAML 1.2.2, section 10.3: the core schema."""

    yaml_implicit_resolvers = {}
    yaml_constructors = dict(FAST.yaml_constructors)

    def construct_mapping(self, node, deep=False):
        """Keys are texts: to the orchestrator, and to IM's reader, for which they are quoted where they need it."""
        return {key.value: self.construct_object(value, deep) for key, value in node.value}


def _integer(loader, node):
    text = loader.construct_scalar(node)
    return int(text[2:], 8) if text.startswith("0o") else int(text[2:], 16) if text.startswith("0x") else int(text, 10)


def _real(loader, node):
    text = loader.construct_scalar(node).lower()
    return float(text.replace(".inf", "inf") if text.endswith(".inf") else "nan" if text == ".nan" else text)


for _tag, _pattern, _first in (
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
        ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
        ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
         list("-+.0123456789"))):
    Yaml12.add_implicit_resolver("tag:yaml.org,2002:" + _tag, re.compile(r"(?:%s)\Z" % _pattern), _first)
Yaml12.add_constructor("tag:yaml.org,2002:int", _integer)
Yaml12.add_constructor("tag:yaml.org,2002:float", _real)
Yaml12.add_constructor("tag:yaml.org,2002:bool", lambda loader, node: loader.construct_scalar(node).lower() == "true")


def load(text, loader=IM):
    return yaml.load(text, Loader=loader)


_scalars = yaml.SafeLoader("")


def plain_tag(text):
    """What PyYAML takes a plain text for: "int", "float", "bool", "null", "timestamp", "str", "value", "merge"."""
    return _scalars.resolve(yaml.ScalarNode, text, (True, False)).rpartition(":")[2]


def plain_value(text):
    """What PyYAML makes of a plain text; the text itself when it can make nothing of it ("=", a day that isn't)."""
    tag = "tag:yaml.org,2002:" + plain_tag(text)
    try:
        return _scalars.yaml_constructors[tag](_scalars, yaml.ScalarNode(tag, text))
    except (KeyError, ValueError, OverflowError, yaml.YAMLError):
        return text


def is_date(value):
    return isinstance(value, (datetime.date, datetime.datetime))
