# Licensed under the Apache License, Version 2.0; see LICENSE.
"""How pages of lists are found: runs check_pages (C, TAP) and reports each of its tests."""

import os
import re
import subprocess

from stack import process


def test_every_check_of_pages_passes(build, database):
    process.run(["make", "-s", "-C", build, "tests/store/check_pages"])
    done = subprocess.run([os.path.join(build, "tests/store/check_pages")], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
                          env={**os.environ, "DATABASE_URL": database, "CMOCKA_MESSAGE_OUTPUT": "TAP"})
    results = re.findall(r"^(ok|not ok) \d+ - (\w+)", done.stdout, flags=re.M)
    assert len(results) >= 9, done.stdout
    assert [name for result, name in results if result != "ok"] == [], done.stdout
    assert done.returncode == 0
