#!/usr/bin/python3
# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Every log line of the module has a tag of its own, ORCLOGNO(n); TAP for `make check`."""

import collections
import glob
import os
import re

TOP = os.environ.get("ORC_SRCDIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main():
    places = collections.defaultdict(list)
    untagged = []
    for path in sorted(glob.glob(os.path.join(TOP, "mod_orchestrator", "httpd", "*.c"))):
        name = os.path.relpath(path, TOP)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for match in re.finditer(r"\bORCLOGNO\((\w*)\)", text):
            places[match.group(1)].append("%s:%d" % (name, text.count("\n", 0, match.start()) + 1))
        for match in re.finditer(r"\bap_log_r?error\((?:[^;\"]|\"[^\"]*\")*?;", text):
            if "ORCLOGNO(" not in match.group(0):
                untagged.append("%s:%d" % (name, text.count("\n", 0, match.start()) + 1))
    doubled = ["ORCLOGNO(%s): %s" % (number, ", ".join(found)) for number, found in sorted(places.items())
               if len(found) > 1 or not re.fullmatch(r"1\d{3}", number)]
    print("1..2")
    for number, (title, problems) in enumerate((("each log tag is used once and has four digits", doubled),
                                                ("each log line has a tag", untagged)), 1):
        for problem in problems:
            print("# " + problem)
        print("%sok %d - %s" % ("not " if problems or not places else "", number, title))


main()
