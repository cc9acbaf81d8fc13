# Licensed under the Apache License, Version 2.0; see LICENSE.
"""YAML as it is written, before anybody says what it means: texts with their styles, lists and maps. From such a tree
to a document, and from a document to such a tree (PyYAML's composer, so that no reader of ours has a word in it)."""

import dataclasses
import re

import yaml

FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
PLAIN, QUOTED, BLOCK = "plain", "quoted", "block"
SINGLE, DOUBLE, LITERAL, FOLDED = "single", "double", "literal", "folded"  # how an emitted text is written
LONGEST_FLOW = 100


@dataclasses.dataclass(frozen=True)
class Text:
    """A scalar. `style`: plain may stand for a number, a date and so on, anything else is a text whatever is in it."""

    text: str
    style: str = PLAIN

    @property
    def is_plain(self):
        return self.style == PLAIN


@dataclasses.dataclass
class Map:
    """Pairs of a key (Text) and a value, in their order."""

    pairs: list

    def get(self, *names):
        """The value along some keys; None when it isn't there."""
        found = self
        for name in names:
            if not isinstance(found, Map):
                return None
            found = next((value for key, value in found.pairs if key.text == name), None)
        return found

    def names(self):
        return [key.text for key, _ in self.pairs]


@dataclasses.dataclass
class List:
    items: list


def written(value):
    """A tree of dict, list, Text and str (a plain text, or a key) as a written tree."""
    if isinstance(value, dict):
        return Map([(key if isinstance(key, Text) else Text(key), written(one)) for key, one in value.items()])
    if isinstance(value, list):
        return List([written(one) for one in value])
    return Text(value) if isinstance(value, str) else value


# From a document.

def compose(text):
    """A document as a written tree; merge keys are carried out, aliases stand for copies. A key twice counts the last
    time."""
    loader = FAST(text)
    try:
        return _from_node(loader, loader.get_single_node())
    finally:
        loader.dispose()


def _from_node(loader, node):
    if isinstance(node, yaml.ScalarNode):
        implicit = loader.resolve(yaml.ScalarNode, node.value, (True, False))
        if node.style in ("|", ">"):
            return Text(node.value, BLOCK)
        if node.style or node.tag == "tag:yaml.org,2002:str" != implicit:  # a plain one has no style, or an empty one
            return Text(node.value, QUOTED)
        return Text(node.value)
    if isinstance(node, yaml.SequenceNode):
        return List([_from_node(loader, one) for one in node.value])
    loader.flatten_mapping(node)
    pairs = {}
    for key, value in node.value:
        pairs[key.value] = (_from_node(loader, key), _from_node(loader, value))
    return Map(list(pairs.values()))


# To a document.

# Nothing in it can be taken for an indicator, a comment or the end of the text, between brackets neither.
_SAFE_PLAIN = re.compile(r"""(?!---|\.\.\.) [A-Za-z0-9_./+~=<$^()\-]
    (?: [A-Za-z0-9_./+~=<>$^()%@!*&|;'"\\\-] | :(?=[^\s,\[\]{}]) | [ ](?=[^\s\#]) )*""", re.X)
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\"": "\\\"", "\\": "\\\\", "\x85": "\\N", "\u2028": "\\L",
            "\u2029": "\\P"}


def can_be_plain(text):
    """True when the text between spaces is read as this one plain scalar."""
    return not text or bool(_SAFE_PLAIN.fullmatch(text)) and text != "-" and not text.startswith("- ")


def _double(text):
    return '"%s"' % "".join(_ESCAPES.get(c) or (c if c.isprintable() and c != "\ufeff" else "\\U%08x" % ord(c))
                            for c in text)


def _can_be_block(text):
    return bool(text) and all(line.isprintable() and line.strip() and line == line.strip() for line in text.split("\n"))


class Emitter:
    """Writes a tree as text: block or flow style, quotes and folding as the dice say."""

    def __init__(self, dice):
        self.dice = dice

    def document(self, tree):
        return self._block(tree, 0)

    def _scalar(self, scalar, is_key=False, in_flow=False):
        if scalar.is_plain and can_be_plain(scalar.text) and (scalar.text or not is_key and not in_flow):
            return scalar.text
        if scalar.is_plain:
            raise ValueError("can't be written plain here: %r" % scalar.text)
        style = scalar.style
        if style in (QUOTED, BLOCK):
            style = SINGLE if self.dice.random() < 0.4 else DOUBLE
        if style == SINGLE and scalar.text.isprintable():
            return "'%s'" % scalar.text.replace("'", "''")
        return _double(scalar.text)

    def _value(self, value, level):
        """What comes after "key:" or "-", with its line end."""
        if isinstance(value, Text):
            if value.style in (LITERAL, FOLDED, BLOCK) and _can_be_block(value.text.removesuffix("\n")):
                return self._block_scalar(value, level)
            if not value.is_plain and self.dice.random() < 0.1:
                return " !!str %s\n" % self._scalar(value)
            return (" " + self._scalar(value)).rstrip(" ") + "\n"
        if isinstance(value, Map) and not value.pairs or isinstance(value, List) and not value.items:
            return " {}\n" if isinstance(value, Map) else " []\n"
        if self.dice.random() < 0.5 and _fits_flow(value):
            flow = self._flow(value)
            if len(flow) < LONGEST_FLOW:
                return " " + flow + "\n"
        return "\n" + self._block(value, level)

    def _block_scalar(self, value, level):
        text = value.text.removesuffix("\n")
        mark = ("" if value.text.endswith("\n") else "-")
        is_folded = value.style == FOLDED and "\n" not in text
        lines = text.split(" ") if is_folded and all(text.split(" ")) else text.split("\n")
        indent = "  " * level
        return " %s%s\n" % (">" if is_folded else "|", mark) + "".join(indent + line + "\n" for line in lines)

    def _block(self, value, level):
        indent = "  " * level
        if isinstance(value, Map):
            return "".join(indent + self._scalar(key, is_key=True) + ":" + self._value(one, level + 1)
                           for key, one in value.pairs)
        return "".join(indent + "-" + self._value(one, level + 1) for one in value.items)

    def _flow(self, value):
        if isinstance(value, Map):
            return "{%s}" % ", ".join("%s: %s" % (self._scalar(key, is_key=True, in_flow=True), self._flow(one))
                                      for key, one in value.pairs)
        if isinstance(value, List):
            return "[%s]" % ", ".join(self._flow(one) for one in value.items)
        return self._scalar(value, in_flow=True)


def _fits_flow(value):
    if isinstance(value, Map):
        return all(_fits_flow(key) and _fits_flow(one) for key, one in value.pairs)
    if isinstance(value, List):
        return all(_fits_flow(one) for one in value.items)
    return not value.is_plain or value.text != ""
