# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The client of the Infrastructure Manager against the simulator in both generations: runs check_orc_im (C, TAP)."""

import os
import re
import shutil
import subprocess
import tempfile

import pytest

from harness import live
from stack import httpd, process

BUILD = os.environ.get("ORCHESTRATOR_BUILD") or os.path.join(process.CHECKOUT, "build")


@pytest.fixture(params=["1.19.1", "2.0.0"])
def im(request):
    folder = process.make_folder(tempfile.mkdtemp(prefix=live.FOLDERS, dir="/tmp"))
    process.write(os.path.join(folder, "owner.pid"), "%d\n" % os.getpid())
    server = httpd.Httpd("simulator", folder, os.path.join(process.CHECKOUT, "tests/stack/simulator.conf"),
                         process.free_port(), {"module": os.path.join(BUILD, ".libs", "mod_im_simulator.so")},
                         more="IMSimulatorVersion %s" % request.param)
    server.start()
    yield "http://127.0.0.1:%d" % server.port
    server.stop()
    shutil.rmtree(folder)


def test_every_check_of_the_im_client_passes(im):
    process.run(["make", "-s", "-C", BUILD, "tests/clients/check_orc_im"])
    done = subprocess.run([os.path.join(BUILD, "tests/clients/check_orc_im")], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
                          env={**os.environ, "IM_URL": im, "CMOCKA_MESSAGE_OUTPUT": "TAP"})
    results = re.findall(r"^(ok|not ok) \d+ - (\w+)", done.stdout, flags=re.M)
    assert len(results) >= 11, done.stdout
    assert [name for result, name in results if result != "ok"] == [], done.stdout
    assert done.returncode == 0
