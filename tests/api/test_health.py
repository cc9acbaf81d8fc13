# Licensed under the Apache License, Version 2.0; see LICENSE.
"""GET /health."""

import concurrent.futures
import time

import pytest
import requests

from harness.client import expect


def test_it_needs_no_token_and_says_what_works(stack):
    stack.wait_for(stack.ready, 30, "the end of what former tests broke")
    health = expect(stack.client(None).get("/health"), 200).json()
    assert health.pop("timestamp").endswith("Z")
    assert health == {"status": "healthy", "db_connection": "healthy", "im_connection": "healthy"}


def test_services_that_are_not_enabled_are_not_named(stack):
    stack.wait_for(stack.ready, 30, "the end of what former tests broke")
    health = stack.client(None).get("/health").json()
    assert not {"vault_connection", "opa_connection", "kafka_connection", "details"} & set(health)


def test_it_answers_with_a_trailing_slash_and_to_head(stack):
    nobody = stack.client(None)
    expect(nobody.get("/health/"), 200)
    assert expect(nobody.head("/health"), 200).content == b""


def test_another_method_needs_a_token_then_says_which_there_are(stack):
    assert expect(stack.client(None).post("/health"), 401).headers["WWW-Authenticate"].startswith("Bearer")
    assert expect(stack.person().post("/health"), 405).headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("service", ["database", "im", "hanging im"])
def test_it_says_what_does_not_work_and_heals(make_stack, service):
    stack = make_stack("OrchestratorPollInterval 50ms 100ms\n")
    nobody = stack.client(None)
    expect(nobody.get("/health"), 200)
    if service == "database":
        stack.expect_log("database|connection|dbd|DBD|terminat")
        stack.stop_postgres()
    else:
        stack.control.fault(**({"fault": "http_503"} if service == "im" else {"fault": "slow", "ms": 60000}))
    name = "db_connection" if service == "database" else "im_connection"

    def health(wanted):
        answer = expect(nobody.get("/health", timeout=10), 200).json()
        return answer if answer[name] == wanted else None
    sick = stack.wait_for(lambda: health("unhealthy"), 30, name + " unhealthy")
    assert (sick["status"], sick["details"]) == ("unhealthy", "The database can't be used." if service == "database"
                                                 else "The Infrastructure Manager can't be reached.")
    if service == "database":
        stack.start_postgres()
    else:
        stack.control.mend()
    well = stack.wait_for(lambda: health("healthy"), 30, "health")
    assert well["status"] == "healthy" and "details" not in well


def status(stack):
    return requests.get(stack.base_url + "/orchestrator-status?json", timeout=10).json()


def test_a_start_says_that_it_is_one(make_stack):
    """The daemon's first look at the database waits for another host's migrations, so it lasts as long as the lock is
    held."""
    stack = make_stack()
    person, lock = stack.person(), 7303779
    stack.httpd.stop()
    stack.sql("SELECT pg_advisory_lock(%s)", (lock,))
    stack.expect_log("The service is starting", required=True)
    stack.httpd.start()
    health = expect(stack.client(None).get("/health"), 200).json()
    assert (health["status"], health["db_connection"], health["im_connection"]) == ("unhealthy", "unhealthy", "healthy")
    assert health["details"] == "The service is starting."
    assert status(stack)["database"] == "unknown"
    refusal = expect(person.get("/users/me"), 503)
    assert refusal.json()["detail"] == "The service is starting." and int(refusal.headers["Retry-After"]) > 0
    stack.sql("SELECT pg_advisory_unlock(%s)", (lock,))
    stack.wait_for(stack.ready, 30, "the end of the start")
    expect(person.get("/users/me"), 200)


@pytest.fixture
def hanging_database(make_stack):
    """A stack whose PostgreSQL takes connections and requests and answers none."""
    stack = make_stack("OrchestratorHealthTimeout 1s\n")
    stack.wait_for(lambda: status(stack)["im"] == "healthy", 30, "the daemon's word on IM")
    with stack.hanging_postgres():
        yield stack
    stack.wait_for(lambda: stack.client(None).get("/health").json()["status"] == "healthy", 30, "health")
    stack.wait_for(lambda: stack.person().get("/users/me").status_code == 200, 30, "a connection that works")


def test_a_database_that_hangs_neither_holds_the_answer_up_nor_speaks_for_im(hanging_database):
    """Without a bound the answers would wait for the server for ever; the second and the tenth are no slower than the
    first."""
    def ask(_):
        begun = time.monotonic()
        answer = expect(hanging_database.client(None).get("/health"), 200).json()
        return time.monotonic() - begun, answer["db_connection"], answer["im_connection"]
    for number in (1, 1, 10):
        with concurrent.futures.ThreadPoolExecutor(number) as pool:
            for seconds, database, im in pool.map(ask, range(number)):
                assert (database, im) == ("unhealthy", "healthy")
                assert seconds < 10
    assert status(hanging_database)["database"] == "unhealthy"
