# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The database layer against a PostgreSQL of its own: runs check_orc_db (C, TAP) and reports each of its tests."""

import os
import re
import shutil
import subprocess
import tempfile

import pytest

from harness import live
from stack import postgres, process

BUILD = os.environ.get("ORCHESTRATOR_BUILD") or os.path.join(process.CHECKOUT, "build")


@pytest.fixture(scope="module")
def server():
    folder = process.make_folder(tempfile.mkdtemp(prefix=live.FOLDERS, dir="/tmp"))
    process.write(os.path.join(folder, "owner.pid"), "%d\n" % os.getpid())
    made = postgres.Postgres(os.path.join(folder, "postgresql"), process.free_port(), False)
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)


def test_every_check_of_the_database_layer_passes(server):
    process.run(["make", "-s", "-C", BUILD, "tests/store/check_orc_db"])
    done = subprocess.run([os.path.join(BUILD, "tests/store/check_orc_db")], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
                          env={**os.environ, "DATABASE_URL": server.conninfo, "CMOCKA_MESSAGE_OUTPUT": "TAP"})
    results = re.findall(r"^(ok|not ok) \d+ - (\w+)", done.stdout, flags=re.M)
    assert len(results) >= 13, done.stdout
    assert [name for result, name in results if result != "ok"] == [], done.stdout
    assert done.returncode == 0
