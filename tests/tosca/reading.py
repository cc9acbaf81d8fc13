# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What a written tree is where no type is declared, as JSON's values: None, bool, int, float, str, list, dict."""

from loaders import is_date, plain_tag, plain_value
from written import List, Text


class OutOfRange:
    """A number that fits no type."""

    def __eq__(self, other):
        return isinstance(other, OutOfRange)


OUT_OF_RANGE = OutOfRange()


def same(one, other):
    """Equal, types included: True is not 1, 1 is not 1.0, -0.0 is not 0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return repr(one) == repr(other)
    return one == other


def read(text):
    """A scalar where no type is declared: as PyYAML takes it, but a date stays text."""
    if not text.is_plain:
        return text.text
    value = plain_value(text.text)
    if is_date(value):
        return text.text
    return in_range(value)


def in_range(value):
    is_wide = isinstance(value, int) and not -2**63 <= value < 2**63
    is_huge = isinstance(value, float) and not abs(value) < 1.7976931348623157e308
    return OUT_OF_RANGE if is_wide or is_huge else value


def ranged(value):
    """JSON as we get it: a number that fits no type is out of range."""
    if isinstance(value, dict):
        return {name: ranged(one) for name, one in value.items()}
    return [ranged(one) for one in value] if isinstance(value, list) else in_range(value)


def read_tree(tree):
    """The same of a whole tree; keys are texts."""
    if isinstance(tree, Text):
        return read(tree)
    if isinstance(tree, List):
        return [read_tree(one) for one in tree.items]
    return {key.text: read_tree(one) for key, one in tree.pairs}


def is_null(tree):
    return tree is None or isinstance(tree, Text) and tree.is_plain and plain_tag(tree.text) == "null"


def word(tree):
    """The text of a scalar that is not null, else None."""
    return tree.text if isinstance(tree, Text) and not is_null(tree) else None


def truth(tree, otherwise):
    """A keyname that is true or false, quoted or not."""
    text = word(tree)
    return plain_value(text) if text is not None and plain_tag(text) == "bool" else otherwise
