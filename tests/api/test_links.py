# Licensed under the Apache License, Version 2.0; see LICENSE.
"""What absolute links begin with: names that the administrator set, never what a stranger writes into a header."""

import re

import pytest

from harness import live
from harness.client import template
from stack import keys, process

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example.org"}


@pytest.fixture
def without_public_url(monkeypatch):
    """Stacks that derive their URL."""
    original = live.LiveStack._directives
    monkeypatch.setattr(live.LiveStack, "_directives",
                        lambda self: re.sub(r"OrchestratorPublicURL .*\n", "", original(self)))


def first_link(stack, **headers):
    return stack.client("carol").get("/templates", headers=headers).json()["links"]["first"]


def test_the_public_url_wins(stack):
    assert first_link(stack, Host="evil.example", **FORWARDED).startswith(stack.url + "/templates?")


def test_a_canonical_name_wins_over_the_clients_host(without_public_url, make_stack):
    stack = make_stack()
    for headers in ({}, {"Host": "evil.example"}, FORWARDED):
        assert first_link(stack, **headers).startswith(stack.url + "/templates?")


def test_without_a_canonical_name_only_own_names_count(without_public_url, make_stack):
    stack = make_stack("UseCanonicalName Off")
    assert first_link(stack, Host="127.0.0.1:8080").startswith("http://127.0.0.1:8080/api/v1/templates?")
    for host in ("evil.example", "evil.example:80"):
        assert first_link(stack, Host=host).startswith(stack.url + "/templates?")


def test_a_trusted_proxy_is_believed_within_reason(without_public_url, make_stack):
    stack = make_stack("OrchestratorTrustedProxy 127.0.0.0/8")
    assert first_link(stack, **FORWARDED).startswith("https://api.example.org/api/v1/templates?")
    answer = first_link(stack,
                        **{"X-Forwarded-Proto": "http, https",
                           "X-Forwarded-Host": "evil.example, api.example.org:8443"})
    assert answer.startswith("https://api.example.org:8443/api/v1/templates?")
    assert first_link(stack, **{"X-Forwarded-Proto": "HTTPS"}).startswith("https://127.0.0.1")
    for host in ("[2001:db8::1]", "[2001:db8::1]:8443", "my_api", "api.example.org:1", "10.0.0.1:65535"):
        assert first_link(stack, **{"X-Forwarded-Host": host}).startswith("http://%s/api/v1/templates?" % host)
    for headers in ({"X-Forwarded-Host": "evil/path"}, {"X-Forwarded-Host": "a b"}, {"X-Forwarded-Host": "user@evil"},
                    {"X-Forwarded-Proto": "javascript"}, {"X-Forwarded-Host": "api.example.org, "}):
        assert first_link(stack, **headers).startswith(stack.url + "/templates?")


@pytest.mark.parametrize("directives, headers", [
    ("ServerName https://api.example.org", {}),
    ("ServerName api.example.org\nOrchestratorTrustedProxy 127.0.0.1", {"X-Forwarded-Proto": "https"})])
def test_what_takes_tls_off_before_us_has_another_port(without_public_url, make_stack, directives, headers):
    """httpd's own one is not where its clients come in, when these speak TLS and it does not."""
    port = process.free_port()
    stack = make_stack(directives + """
        Listen 127.0.0.1:%d
        <VirtualHost 127.0.0.1:%d>
            ServerName https://other.example.org
            <Location /paas>
                SetHandler orchestrator
                AuthType Bearer
                Require valid-user
            </Location>
        </VirtualHost>""" % (port, port))
    assert first_link(stack, **headers).startswith("https://api.example.org/api/v1/templates?")
    assert ("orchestrator", "https://other.example.org/paas") in stack.places()


def test_the_daemon_says_the_port_that_links_have(without_public_url, make_stack):
    """Two services of one host would be one to IM without it, and each delete what the other one made."""
    stack = make_stack("""
        ServerName api.example.org
        <VirtualHost 192.0.2.1>
            ServerName other.example.org
            <Location /paas>
                SetHandler orchestrator
                AuthType Bearer
                Require valid-user
            </Location>
        </VirtualHost>""")
    here = "http://api.example.org:%d/api/v1" % stack.ports["http"]
    assert first_link(stack).startswith(here + "/templates?")
    assert ("orchestrator", here) in stack.places()
    assert ("orchestrator", "http://other.example.org:%d/paas" % stack.ports["http"]) in stack.places()
    alice = stack.person()
    alice.wait_for_status(alice.deploy(), "CREATE_COMPLETE")
    assert [made["metadata"]["PAAS_URL"] for made in stack.control.ledger()] == [here]


def test_the_daemon_has_the_url_of_what_is_bound_where_that_is_not_the_api(without_public_url, make_stack):
    """Else all services whose places are in virtual hosts would be one to IM."""
    stack = make_stack()
    with open(stack.httpd.template, encoding="utf-8") as file:
        text = re.sub(r"<Location /api/v1>.*?</Location>", "", file.read(), flags=re.DOTALL)
    stack.httpd.template = stack.path("without_api.conf")
    process.write(stack.httpd.template, text + """
        <VirtualHost *>
            ServerName https://old.example.org
            <Location /orchestrator>
                SetHandler orchestrator-legacy
                AuthType Bearer
                Require valid-user
            </Location>
        </VirtualHost>""")
    stack.reconfigure("")
    alice, place = stack.person(), stack.base_url + "/orchestrator"
    stack.wait_for(lambda: alice.get(place + "/info", check=False).status_code == 200, 30, "the other surface")
    answer = alice.post(place + "/deployments", json={"template": template(), "userGroup": alice.group})
    assert answer.status_code == 201
    stack.wait_for(stack.control.ledger, 30, "the infrastructure")
    assert [made["metadata"]["PAAS_URL"] for made in stack.control.ledger()] == ["https://old.example.org/orchestrator"]


def test_only_a_proxy_that_we_were_told_of_is_believed(without_public_url, make_stack):
    """mod_remoteip without a list of proxies of its own believes everybody."""
    stack = make_stack('LoadModule remoteip_module "${modules}/mod_remoteip.so"\nRemoteIPHeader X-Forwarded-For\n')
    assert first_link(stack, **{"X-Forwarded-For": "192.0.2.1", **FORWARDED}).startswith(stack.url + "/templates?")


def test_a_host_with_tls_has_the_url_that_its_clients_use(make_stack, tmp_path):
    keys.self_signed(str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem"))
    port = process.free_port()
    stack = make_stack("""
        LoadModule socache_shmcb_module "${modules}/mod_socache_shmcb.so"
        LoadModule ssl_module "${modules}/mod_ssl.so"
        LogLevel ssl:error
        Listen 127.0.0.1:%d
        <VirtualHost 127.0.0.1:%d>
            ServerName tls.example.org
            SSLEngine On
            SSLCertificateFile "%s/certificate.pem"
            SSLCertificateKeyFile "%s/key.pem"
            <Location /paas>
                SetHandler orchestrator
                AuthType Bearer
                Require valid-user
            </Location>
        </VirtualHost>""" % (port, port, tmp_path, tmp_path))
    assert ("orchestrator", "https://tls.example.org:%d/paas" % port) in stack.places()
