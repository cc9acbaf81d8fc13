# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The client of the token issuers against the local one: runs check_orc_oidc (C, TAP)."""

import os
import re
import shutil
import subprocess
import tempfile

import pytest

from harness import live
from stack import issuer as local
from stack import process

BUILD = os.environ.get("ORCHESTRATOR_BUILD") or os.path.join(process.CHECKOUT, "build")


@pytest.fixture
def issuer():
    folder = process.make_folder(tempfile.mkdtemp(prefix=live.FOLDERS, dir="/tmp"))
    process.write(os.path.join(folder, "owner.pid"), "%d\n" % os.getpid())
    made = local.Issuer(os.path.join(folder, "issuer"), process.free_port())
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)


def test_every_check_of_the_issuers_client_passes(issuer):
    process.run(["make", "-s", "-C", BUILD, "tests/clients/check_orc_oidc"])
    environment = {"ISSUER": issuer.url, "CLIENT_ID": local.CLIENT_ID, "CLIENT_SECRET": issuer.client_secret,
                   "ACCESS_TOKEN": issuer.token("alice"), "REFRESH_TOKEN": issuer.refresh_token("alice"),
                   "SUBJECT": local.person("alice")["sub"], "FOLDER": issuer.folder, "CMOCKA_MESSAGE_OUTPUT": "TAP"}
    done = subprocess.run([os.path.join(BUILD, "tests/clients/check_orc_oidc")], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
                          env={**os.environ, **environment})
    results = re.findall(r"^(ok|not ok) \d+ - (\w+)", done.stdout, flags=re.M)
    assert len(results) >= 9, done.stdout
    assert [name for result, name in results if result != "ok"] == [], done.stdout
    assert done.returncode == 0
