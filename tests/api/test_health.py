# Licensed under the Apache License, Version 2.0; see LICENSE.
"""API.md section 2: GET /health."""

import pytest

from harness.client import expect


def test_it_needs_no_token_and_says_what_works(stack):
    health = expect(stack.client(None).get("/health"), 200).json()
    assert health.pop("timestamp").endswith("Z")
    assert health == {"status": "healthy", "db_connection": "healthy", "im_connection": "healthy"}


def test_services_that_are_not_enabled_are_not_named(stack):
    health = stack.client(None).get("/health").json()
    assert not {"vault_connection", "opa_connection", "kafka_connection", "details"} & set(health)


def test_it_answers_with_a_trailing_slash_and_to_head(stack):
    nobody = stack.client(None)
    expect(nobody.get("/health/"), 200)
    assert expect(nobody.head("/health"), 200).content == b""


def test_another_method_needs_a_token_then_says_which_there_are(stack):
    assert expect(stack.client(None).post("/health"), 401).headers["WWW-Authenticate"].startswith("Bearer")
    assert expect(stack.person().post("/health"), 405).headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("service", ["database", "im"])
def test_it_says_what_does_not_work_and_heals(make_stack, service):
    stack = make_stack("OrchestratorPollInterval 50ms 100ms\n")
    nobody = stack.client(None)
    expect(nobody.get("/health"), 200)
    if service == "database":
        stack.expect_log("database|connection|dbd|DBD|terminat")
        stack.stop_postgres()
    else:
        stack.control.fault(fault="http_503")
    name = "db_connection" if service == "database" else "im_connection"

    def health():
        return expect(nobody.get("/health", timeout=4), 200).json()
    stack.wait_for(lambda: health()[name] == "unhealthy", 30, name + " unhealthy")
    sick = health()
    assert sick["status"] == "unhealthy" and sick["details"]
    if service == "database":
        stack.start_postgres()
    else:
        stack.control.mend()
    stack.wait_for(lambda: health()["status"] == "healthy", 30, "health")
    assert "details" not in health()
