# Licensed under the Apache License, Version 2.0; see LICENSE.
"""conf/orchestrator.conf and conf/providers.json as an administrator takes them: httpd accepts them."""

import base64
import os
import re
import subprocess

import pytest

from stack import httpd, keys, process

CONF = os.path.join(process.CHECKOUT, "conf")
MODULES = ["mpm_event", "authn_core", "authz_core", "authz_host", "authz_user", "filter", "deflate", "dbd"]


def read(name):
    with open(os.path.join(CONF, name), encoding="utf-8") as file:
        return file.read()


@pytest.fixture
def configured(tmp_path):
    """Says what httpd thinks of a text that names its files as the example does; README.md makes them in the same
    way."""
    process.write(tmp_path / "secret.key", base64.b64encode(os.urandom(32)).decode() + "\n", 0o600)
    process.write(tmp_path / "iam.secret", "secret\n", 0o600)
    process.write(tmp_path / "providers.json", read("providers.json"))
    keys.self_signed(tmp_path / "authorities.crt", tmp_path / "authorities.key")
    for folder in ("jwks", "logs"):
        os.makedirs(tmp_path / folder)
    module = os.path.join(os.environ["ORCHESTRATOR_BUILD"], ".libs", "mod_orchestrator.so")

    def check(text):
        for theirs, ours in (("/usr/lib/apache2/modules/mod_orchestrator.so", module),
                             ("/etc/orchestrator", str(tmp_path)), ("/var/lib/orchestrator", str(tmp_path)),
                             ("/etc/ssl/certs/ca-certificates.crt", tmp_path / "authorities.crt"),
                             ("/usr/local/share/mod_orchestrator", CONF)):
            assert theirs in text, theirs
            text = text.replace(theirs, str(ours))
        loads = ["LoadModule %s_module %s/mod_%s.so" % (name, httpd.modules(), name) for name in MODULES]
        path = tmp_path / "httpd.conf"
        process.write(path, "\n".join(["ServerRoot %s" % tmp_path, *loads, text]))
        return subprocess.run([httpd.program(), "-t", "-f", str(path)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=httpd.environment(), check=False).stdout
    return check


def test_the_example_configuration_is_accepted(configured):
    assert configured(read("orchestrator.conf")) == "Syntax OK\n"


def test_no_module_that_compresses_changes_an_etag(configured):
    """A client would have 412 and never 304 for the one that it was given."""
    text = 'LoadModule brotli_module "%s/mod_brotli.so"\n%s' % (httpd.modules(), read("orchestrator.conf"))
    assert configured(text) == "Syntax OK\n"
    for name in ("Deflate", "Brotli"):
        assert re.search(r"^ *%sAlterETag NoChange$" % name, text, re.M)


def test_it_is_accepted_with_every_line_that_is_commented_out(configured):
    text, count = re.subn(r"^( *)#(Orchestrator\w+ )", r"\1\2", read("orchestrator.conf"), flags=re.M)
    assert count > 10
    assert configured(text) == "Syntax OK\n"


def test_a_wrong_line_in_it_is_not(configured):
    answer = configured(read("orchestrator.conf").replace("OrchestratorMigrate On", "OrchestratorMigrate Perhaps"))
    assert "OrchestratorMigrate" in answer and "Syntax OK" not in answer
