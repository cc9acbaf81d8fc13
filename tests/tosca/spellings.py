# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Dice for texts: the spellings of which YAML 1.1, YAML 1.2 and TOSCA think differently, in every style."""

from loaders import plain_tag
from written import BLOCK, DOUBLE, FOLDED, LITERAL, QUOTED, SINGLE, List, Map, Text, can_be_plain

INTEGERS = "0 -0 +1 7 -7 42 010 -010 0_7 00 0x1F -0x1f 0x_f 0b101 0b1_0 1_000 1_ 1:30 -1:30 190:20:30 +12 " \
    "9223372036854775807 -9223372036854775808 4096 0640 0644 22".split()
FLOATS = "0.0 -0.0 1.0 1. .5 0.1 1.10 22.04 -1.5 +2.5 1.0e+300 1.e+3 1.0E-3 4.9e-324 1.7e+308 1_000.5 1:30.5 " \
    "685.230_15e+03 .5e+1 0.30000000000000004 1e-7 123456789.123456789 12345678901234567890.0 -0 3 010 " \
    "1:30 0x10".split()
BOOLEANS = "yes Yes YES no No NO on On ON off Off OFF true True TRUE false False FALSE".split()
TIMESTAMPS = "2026-01-01 2001-12-14 2026-02-28 2026-01-01T10:00:00Z 2001-12-14t21:59:43.10-05:00".split() + \
    ["2026-01-01 10:00:00", "2001-12-14 21:59:43+01:00"]
VERSIONS = "1.0 1.10 1.20 22.04 22.10 1.2.3 0.0 01.10 1.2.3.beta 1.2.3.beta-4 1.0.0.0-1 10.00 7 010".split()
SIZES = ["10 GB", "10GB", "1.5 GiB", "0 B", "010 mb", "4096 MB", "1.10 tb"]
TIMES = ["1 d", "1h", "30 s", "1.5 ms", "010 us", "2 M"]
FREQUENCIES = ["1 GHz", "2.4ghz", "010 Hz", "0.5 kHz"]
ODD = "0o17 0X1F 0b 0b_ 0x_ 0xg 08 09.5 1e3 1e+3 1E5 12e03 +.5 -.5 1.0e3 1.0e+400 .inf -.inf .Inf .nan .NaN nan inf " \
    "1:99 1:60 ~ null Null NULL nULL tRue y n Y N t f = << <<: . .. - -- 1-2 2026-1-1 2026-13-01 2026-02-30 " \
    "0000-01-01 99999-01-01 2026-01-01T25:00:00Z 12:30:45 v1.2 1.2.3.4.5 1_2_3 _1 9223372036854775808 " \
    "-9223372036854775809 " \
    "123456789012345678901234567890 UNBOUNDED abc a-b http://x/y a:b a#b random(8) access_token() 1.0.0.0 00.1 0.0.0 " \
    "0x1.8p3 Infinity None True. yes. !x &a *a %x @x `x`".split() + ["", "a b", "1 2", "no way", "10 XB", "5 min"]
SPELLINGS = {"integer": INTEGERS, "float": FLOATS, "boolean": BOOLEANS, "timestamp": TIMESTAMPS, "version": VERSIONS,
             "scalar-unit.size": SIZES, "scalar-unit.time": TIMES, "scalar-unit.frequency": FREQUENCIES}
EVERYTHING = [one for spellings in SPELLINGS.values() for one in spellings] + ODD
STRANGE_TEXTS = [
    "", " ", "a ", " a", "\ta", "a\tb", "\n", "a\n", "\na", "a\n\nb", "a\r\nb", "\r", "---", "...", "--- a", "# a",
    "a # b", "a: b", "a:", ": a", "- a", "-", "?", "? a", "{a: b}", "[a]", "}", "]", ",", "&a", "*a", "!a", "!!str a",
    "|", ">", "'", '"', "\\", "\\n", "%TAG", "@a", "`a`", "a'b\"c", "\x85", "\u2028", "\u2029", "\xa0", "\ufeff",
    "\x7f", "\x1b[0m", "\x01", "é", "日本語", "😀", "\ud7ff", "\ue000", "\ufffd", "\U0010fffd", "random(20)", "{{ a }}",
    "${a}", "$1", "x" * 300, "k" * 129]
NAMES = "a b users count version size name zone 010 1.10 yes NO null ~ = << 1:30 2026-01-01 0o17 1e3 .5 0x1F - a.b " \
    "a-b é on".split() + ["a b", "a: b", "", "key #1", "l" * 130]
CHARACTERS = "0123456789abcdefxoBENTZ_:.+-eyn~=<, "


class Spellings:
    def __init__(self, dice):
        self.dice = dice

    def chance(self, probability):
        return self.dice.random() < probability

    def pick(self, choices):
        return self.dice.choice(choices)

    def some(self, choices, least, most):
        """Some of them, each once."""
        return self.dice.sample(choices, self.dice.randint(least, most))

    def any_spelling(self):
        if self.chance(0.8):
            return self.pick(EVERYTHING)
        return "".join(self.pick(CHARACTERS) for _ in range(self.dice.randint(1, 6)))

    def any_text(self):
        kind = self.dice.random()
        if kind < 0.4:
            return self.pick(STRANGE_TEXTS)
        if kind < 0.8:
            return self.pick(EVERYTHING)
        return "".join(self.pick(CHARACTERS + "\n\t\"'\\#{}[]&*!|>%@`é😀") for _ in range(self.dice.randint(1, 12)))

    def spelt(self, text, plain=0.75):
        """A text in some style: plain if it can be, and mostly."""
        if can_be_plain(text) and self.chance(plain):
            return Text(text)
        return Text(text, self.pick([SINGLE, DOUBLE, SINGLE, DOUBLE, LITERAL, FOLDED, QUOTED, BLOCK]))

    def key(self, text):
        return Text(text) if text and text != "<<" and can_be_plain(text) and self.chance(0.8) else Text(text, DOUBLE)

    def any_tree(self, depth=2):
        """A value that nobody declares."""
        kind = self.dice.random()
        if depth and kind < 0.15:
            return List([self.any_tree(depth - 1) for _ in range(self.dice.randint(0, 3))])
        if depth and kind < 0.3:
            return self.any_map(depth)
        return self.spelt(self.any_spelling()) if kind < 0.8 else self.spelt(self.any_text(), 0.3)

    def any_map(self, depth=2):
        return Map([(self.key(name), self.any_tree(depth - 1)) for name in self.some(NAMES, 0, 3)])

    def reference(self, text):
        """The name of a node that is somewhere else: plain null is none."""
        return Text(text, DOUBLE) if plain_tag(text) == "null" else self.key(text)

    def any_json(self, depth=2):
        kind = self.dice.random()
        if depth and kind < 0.2:
            return [self.any_json(depth - 1) for _ in range(self.dice.randint(0, 3))]
        if depth and kind < 0.4:
            return {name: self.any_json(depth - 1) for name in self.some(NAMES, 0, 3)}
        return self.any_text() if kind < 0.7 else self.pick([None, True, False, 0, 1, 1.0, -0.0, 2**63 - 1, 1e22, 0.1])
