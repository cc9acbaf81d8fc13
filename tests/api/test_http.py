# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The wire: what holds for every route, whoever answers it, the module or httpd itself."""

import contextlib
import json
import os
import re
import socket
import time

import pytest
import requests

from harness.client import expect, template, unique

ROUTE = "/no/such/path"
JSON = {"Content-Type": "application/json"}
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
HTTPD = r"\[(authz_core|core|http|reqtimeout):\w+\]|ORC10"


def problem(status, headers, body, wanted):
    """Checks a problem of httpd's own making."""
    assert status == wanted
    assert headers["Content-Type"] == "application/problem+json"
    value = json.loads(body)
    assert value["status"] == wanted
    assert value["instance"] == headers["X-Request-ID"]
    assert value["title"] and value["detail"] and value["type"]
    return value


def raw(stack, lines, body=b""):
    """Sends a request of these header lines; (status, headers, body)."""
    return stack.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


def with_token(stack, line, *more):
    return [line, "Host: 127.0.0.1", "Authorization: Bearer " + stack.issuer.token("carol"), *more]


# --- methods and paths ---

def test_head_is_get_without_a_body(stack):
    get, head = requests.get(stack.url + "/health", timeout=10), requests.head(stack.url + "/health", timeout=10)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_options_answers_204_with_allow(stack):
    answer = requests.options(stack.url + "/health", timeout=10)
    assert (answer.status_code, answer.content) == (204, b"")
    assert {"GET", "HEAD", "OPTIONS"} <= {word.strip() for word in answer.headers["Allow"].split(",")}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECTS", "PROPFIND"])
def test_another_method_is_405_with_allow(stack, method):
    answer = stack.client("carol").request(method, "/health")
    expect(answer, 405)
    assert "GET" in answer.headers["Allow"]
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_trailing_slash_makes_no_difference(stack):
    for path in ("/health", "/health/"):
        answer = requests.get(stack.url + path, timeout=10, allow_redirects=False)
        expect(answer, 200)


@pytest.mark.parametrize("ranges", ["bytes=0-9", "bytes=0-0,5-7", "bytes=-5", "bytes=99999999-"])
def test_an_object_is_sent_whole_whatever_part_is_asked_for(stack, ranges):
    person = stack.person()
    whole = expect(person.get("/users/me"), 200)
    part = expect(person.get("/users/me", headers={"Range": ranges}), 200)
    assert (part.content, part.headers["Content-Type"]) == (whole.content, whole.headers["Content-Type"])


def test_a_path_beside_the_location_is_not_ours(stack):
    stack.expect_log(HTTPD)
    answer = requests.get(stack.base_url + "/api/v11/health", timeout=10)
    assert answer.status_code in (403, 404)


def test_the_bare_location_is_an_unknown_path(stack):
    for path in ("", "/"):
        expect(stack.client("carol").get(path), 404)


def test_an_encoded_slash_is_404(stack):
    stack.expect_log(HTTPD)
    status, headers, body = raw(stack, with_token(stack, "GET /api/v1/users%2fme HTTP/1.1", "Connection: close"))
    problem(status, headers, body, 404)


def test_a_path_that_is_no_utf8_is_400(stack):
    status, headers, body = raw(stack, with_token(stack, "GET /api/v1/%ff HTTP/1.1", "Connection: close"))
    problem(status, headers, body, 400)


@pytest.mark.parametrize("path",
                         ["//api/v1//users//me", "/api/v1/users/me//", "/api/v1/./users/me",
                          "/api/v1/templates/../users/me", "/api/v1/%75sers/m%65", "/api/v1/users/%2e%2e/users/me",
                          "/api/v1/users/me?", "/api/v1/users/me?&"])
def test_a_path_may_be_written_in_other_ways(stack, path):
    person = stack.person()
    lines = ["GET %s HTTP/1.1" % path, "Host: 127.0.0.1", "Authorization: Bearer " + person.token]
    status, _, body = raw(stack, lines)
    assert (status, json.loads(body)["id"]) == (200, person.id)


@pytest.mark.parametrize("path",
                         ["/users/me%0A", "/users/me%20", "/users/ME", "/users/me;x=1", "/users/{}", "/templates/me"])
def test_an_odd_id_is_named(stack, path):
    answer = expect(stack.person().get(path), 422)
    assert [error["parameter"] for error in answer.json()["errors"]] == [path.split("/")[1][:-1] + "_id"]


def test_the_options_of_an_unknown_path_are_404(stack):
    answer = stack.client(None).options("/no/such/path")
    problem(answer.status_code, answer.headers, answer.text, 404)
    assert "Allow" not in answer.headers


def test_an_old_client_without_a_host_is_served(stack):
    person = stack.person()
    lines = ["GET /api/v1/users/me HTTP/1.0", "Authorization: Bearer " + person.token]
    status, headers, body = raw(stack, lines)
    assert (status, json.loads(body)["id"]) == (200, person.id)
    assert headers["X-Request-ID"]


def test_an_unknown_expectation_is_417(stack):
    stack.expect_log(HTTPD)
    problem(*raw(stack, with_token(stack, "GET /api/v1/users/me HTTP/1.1", "Expect: the-unexpected")), 417)


def test_a_client_that_waits_for_100_is_told_at_once_that_it_may_not(stack):
    """401 and 413 come without the body having been sent."""
    for lines, wanted in ((["POST /api/v1/templates HTTP/1.1", "Host: 127.0.0.1"], 401),
                          (with_token(stack, "POST /api/v1/templates HTTP/1.1"), 413)):
        problem(*raw(stack, [*lines, "Expect: 100-continue", "Content-Type: text/yaml", "Content-Length: 19999999"]),
                wanted)


def test_a_request_that_does_not_arrive_in_time_is_408(make_stack):
    stack = make_stack("RequestReadTimeout header=2 body=2\n")
    stack.expect_log(HTTPD)
    problem(*stack.raw(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n", timeout=30), 408)
    lines = with_token(stack, "POST /api/v1/templates HTTP/1.1", "Content-Type: application/json", "Content-Length: 10")
    problem(*stack.raw("\r\n".join(lines).encode() + b"\r\n\r\n{", timeout=30), 408)


# --- the query ---

@pytest.mark.parametrize("query, name",
                         [("a=%zz", "a"), ("ok=1&b=%4", "b"), ("c=%00", "c"), ("d=%ff", "d"), ("d=%c0%af", "d"),
                          ("%zz=1", "%zz"), ("%ff=1", "%ff")])
def test_a_broken_parameter_is_422_and_named(stack, query, name):
    status, headers, body = raw(stack,
                                with_token(stack, "GET /api/v1%s?%s HTTP/1.1" % (ROUTE, query), "Connection: close"))
    value = problem(status, headers, body, 422)
    assert [error["parameter"] for error in value["errors"]] == [name]


# --- bodies ---

def test_a_body_over_the_limit_is_413(stack):
    client = stack.client("carol")
    for body in (b"x" * (8388608 + 1), (b"x" * 65536 for _ in range(129))):  # with a length, and chunked
        answer = client.post(ROUTE, data=body, check=False)
        expect(answer, 413)
        problem(answer.status_code, answer.headers, answer.text, 413)


def test_a_body_at_the_limit_is_read(stack):
    expect(stack.client("carol").post(ROUTE, data=b"x" * 8388608), 404)


def resident(stack):
    """MiB of httpd's children together."""
    found = 0
    for pid in stack.httpd.children():
        with open("/proc/%d/status" % pid, encoding="ascii") as file:
            found += int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) // 1024
    return found


def test_a_strangers_body_is_not_kept(stack):
    before, held = resident(stack), []
    with contextlib.ExitStack() as connections:
        for line in ("GET /api/v1/health HTTP/1.1", "OPTIONS /api/v1/users HTTP/1.1") * 8:
            held.append(connections.enter_context(socket.create_connection(("127.0.0.1", stack.ports["http"]),
                                                                           timeout=10)))
            held[-1].sendall(("%s\r\nHost: x\r\nContent-Length: 8388608\r\nConnection: close\r\n\r\n" % line).encode())
            held[-1].sendall(b"x" * 8388607)
        assert resident(stack) - before < 100  # all of them are 128 MiB, and 256 as a buffer grows
        for one in held:
            one.sendall(b"x")
            assert one.recv(12) in (b"HTTP/1.1 200", b"HTTP/1.1 204")


def test_a_body_over_httpds_own_limit_is_413(make_stack):
    stack = make_stack("LimitRequestBody 1000")
    stack.expect_log(HTTPD)
    client = stack.client("carol")
    for body in (b"x" * 1001, (b"x" * 100 for _ in range(11))):
        answer = client.post(ROUTE, data=body, check=False)
        expect(answer, 413)
        problem(answer.status_code, answer.headers, answer.text, 413)


def test_the_connection_is_fit_for_the_next_request_or_closed(stack):
    session = requests.Session()
    headers = {"Authorization": "Bearer " + stack.issuer.token("carol")}
    expect(session.post(stack.url + ROUTE, data=b"x" * 9000000, headers=headers, timeout=10), 413)
    expect(session.post(stack.url + ROUTE, data=b"GET / HTTP/1.1\r\n\r\n", timeout=10), 401)
    expect(session.get(stack.url + "/health", timeout=10), 200)


@pytest.mark.parametrize("chunks",
                         [b"zz\r\nabc\r\n0\r\n\r\n", b"-1\r\nabc\r\n0\r\n\r\n", b"fffffffffffffffff\r\nabc\r\n"],
                         ids=["no number", "negative", "too large"])
def test_a_broken_chunk_is_400(stack, chunks):
    stack.expect_log(HTTPD)
    status, headers, body = raw(stack,
                                with_token(stack, "POST /api/v1%s HTTP/1.1" % ROUTE, "Transfer-Encoding: chunked"),
                                chunks)
    assert status in (400, 413)
    problem(status, headers, body, status)


def test_a_body_that_ends_early_is_no_crash(stack):
    stack.expect_log(HTTPD)
    lines = with_token(stack, "POST /api/v1%s HTTP/1.1" % ROUTE, "Content-Length: 1000")
    with socket.create_connection(("127.0.0.1", stack.ports["http"]), timeout=10) as connection:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\nabc")
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400")
    expect(requests.get(stack.url + "/health", timeout=10), 200)


def test_a_compressed_body_is_415(stack):
    answer = stack.client("carol").post("/templates", data=b"\x1f\x8b", headers={"Content-Encoding": "gzip", **JSON})
    expect(answer, 415)
    problem(answer.status_code, answer.headers, answer.text, 415)


# --- the request id ---

def test_a_request_id_is_made(stack):
    first = requests.get(stack.url + "/health", timeout=10).headers["X-Request-ID"]
    answered = time.time()
    stack.wait_for(lambda: time.time() > answered + 0.001, 1, "the next millisecond, which is what ids sort by")
    second = requests.get(stack.url + "/health", timeout=10).headers["X-Request-ID"]
    assert ID.fullmatch(first) and ID.fullmatch(second) and first < second


@pytest.mark.parametrize("given", ["a", "trace-1.2_3", "x" * 128])
def test_a_sane_request_id_is_kept(stack, given):
    answer = stack.client(None).get(ROUTE, headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given
    assert answer.json()["instance"] == given
    stack.wait_for(lambda: "request=%s\n" % given in stack.watcher.fresh(stack.httpd.access_log), 5, "the access log")
    assert re.search(r"\brequest %s[,:\s]" % re.escape(given), stack.log_text())


@pytest.mark.parametrize("given", ["a b", "x" * 129, "<script>", "a\"b", "é".encode()])
def test_another_request_id_is_replaced(stack, given):
    answer = requests.get(stack.url + "/health", headers={"X-Request-ID": given}, timeout=10)
    assert ID.fullmatch(answer.headers["X-Request-ID"])


def test_each_answer_has_one_request_id(stack):
    for path in ("/health", ROUTE):
        _, headers, _ = raw(stack, ["GET /api/v1%s HTTP/1.1" % path, "Host: x", "Connection: close"])
        assert len(headers.get_all("X-Request-ID")) == 1


# --- what httpd answers itself ---

def test_a_request_id_is_in_both_logs_and_in_what_im_is_asked(stack):
    person, id = stack.person(), unique("request")
    content = template()
    template_id = expect(person.post("/templates", json={"content": content}, headers={"X-Request-ID": id}),
                         201).json()["id"]
    wanted = {"template_id": template_id, "template_inputs": {}, "user_group": person.group}
    made = expect(person.post("/deployments", json=wanted, headers={"X-Request-ID": id}), 202)
    value = person.wait_for_status(made.json()["id"], "CREATE_COMPLETE")
    assert expect(person.get(made.headers["Location"]), 200).json()["correlation_id"] == id
    infrastructures = {one["id"]: one["request_id"] for one in stack.control.ledger()}
    assert infrastructures[value["im_infra_id"]] == id
    refused = stack.client(None).get("/users", headers={"X-Request-ID": id})
    assert expect(refused, 401).json()["instance"] == id
    assert id in stack.log_text()

    def access_log():
        with open(os.path.join(os.path.dirname(stack.httpd.error_log), "httpd-access.log"), encoding="utf-8") as file:
            return file.read()
    for line in ("POST /api/v1/deployments HTTP/1.1\" 202", "GET /api/v1/users HTTP/1.1\" 401"):
        # pylint: disable=cell-var-from-loop
        stack.wait_for(lambda: any(line in entry and "request=" + id in entry for entry in access_log().splitlines()),
                       10, "the access log's line")


def test_a_500_says_nothing_but_where_to_look(make_stack):
    stack = make_stack()
    person = stack.person()
    assert person.id
    stack.expect_log("ORC1010", required=True)
    stack.sql("ALTER TABLE templates ADD CONSTRAINT of_nobody CHECK (false) NOT VALID")
    try:
        id = unique("request")
        answer = person.post("/templates", json={"content": template()}, headers={"X-Request-ID": id})
    finally:
        stack.sql("ALTER TABLE templates DROP CONSTRAINT of_nobody")
    value = problem(answer.status_code, answer.headers, answer.text, 500)
    assert value["instance"] == id and "errors" not in value
    assert not any(word in answer.text
                   for word in ("SELECT", "templates", "relation", ".sql", stack.folder, person.token))
    assert any(id in line and "templates" in line for line in stack.log_text().splitlines() if "ORC1010" in line)
    expect(person.post("/templates", json={"content": template()}), 201)


def test_a_long_url_is_414(stack):
    stack.expect_log(HTTPD)
    status, headers, body = raw(stack, ["GET /api/v1/%s HTTP/1.1" % ("x" * 9000), "Host: x"])
    problem(status, headers, body, 414)


@pytest.mark.parametrize("lines", [["GET /api/v1/health HTTP/1.1", "Host: x", "no colon"],
                                   ["GET  /api/v1/health HTTP/1.1", "Host: x"],
                                   ["GET /api/v1/%zz HTTP/1.1", "Host: x"],
                                   ["GET /api/v1/health HTTP/1.1"]],
                         ids=["header", "request line", "escape", "no host"])
def test_a_malformed_request_is_400(stack, lines):
    stack.expect_log(HTTPD)
    problem(*raw(stack, lines), 400)


def test_an_error_page_without_errordocument_is_a_problem_too(make_stack):
    stack = make_stack("""
        <Location /plain/v1>
            SetHandler orchestrator
            AuthType Bearer
            Require valid-user
            ErrorDocument 401 default
            ErrorDocument 403 default
        </Location>
        <Location /plain/v1/closed>
            Require all denied
        </Location>
    """)
    stack.expect_log(r"\[authz_core:error\]")
    answer = requests.get(stack.base_url + "/plain/v1/x", timeout=10)
    problem(answer.status_code, answer.headers, answer.text, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    answer = requests.get(stack.base_url + "/plain/v1/closed", timeout=10)
    problem(answer.status_code, answer.headers, answer.text, 403)


@pytest.fixture(scope="module")
def undressed(make_stack):
    """An httpd without any ErrorDocument."""
    return make_stack("".join("ErrorDocument %d default\n" % code for code in (400, 404, 408, 417, 431))
                      + "RequestReadTimeout header=2 body=2\n")


@pytest.mark.parametrize("lines, wanted", [
    (["GET /api/v1/health HTTP/1.1"], 400), (["GET /api/v1/health HTTP/1.1", "Host: x", "no colon"], 400),
    (["GET /api/v1/health HTTP/1.1", "Host: x", "X-Long: " + "x" * 70000], 400),
    (["GET /api/v1/%zz HTTP/1.1", "Host: x"], 400),
    (["GET /api/v1/health HTTP/1.1", "Host: x", "Expect: wonders"], 417),
    (["GET http://x/api/v1/%zz HTTP/1.1", "Host: x"], 400)],
                         ids=["no host", "header", "long header", "escape", "expectation", "whole url"])
def test_an_error_before_the_location_is_known_is_a_problem_too(undressed, lines, wanted):
    undressed.expect_log(HTTPD)
    problem(*raw(undressed, lines), wanted)
    elsewhere = [line.replace("/api/v1/", "/api/v1x/") for line in lines]
    status, headers, _ = raw(undressed, elsewhere)
    assert (status, headers["Content-Type"].partition(";")[0]) == (wanted, "text/html")


def test_a_header_that_does_not_arrive_in_time_is_a_problem_too(undressed):
    undressed.expect_log(HTTPD)
    problem(*undressed.raw(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n", timeout=30), 408)


def test_the_problem_page_itself_is_404(stack):
    answer = requests.get(stack.base_url + "/_problem", timeout=10)
    problem(answer.status_code, answer.headers, answer.text, 404)


# --- several places, and what links begin with ---

def test_the_handler_works_at_several_places(make_stack):
    stack = make_stack("""
        <Location /other/place/>
            SetHandler orchestrator
            AuthType Bearer
            Require valid-user
        </Location>
    """)
    expect(requests.get(stack.base_url + "/other/place/health", timeout=10), 200)
    expect(requests.get(stack.url + "/health", timeout=10), 200)
    expect(requests.get(stack.base_url + "/other/place/x", timeout=10), 401)


def test_a_redirect_of_the_administrator_comes_first(make_stack):
    stack = make_stack("""
        LoadModule alias_module "${modules}/mod_alias.so"
        Redirect permanent /api/v1/old https://elsewhere.example/
    """)
    answer = requests.get(stack.url + "/old", headers={"Authorization": "Bearer " + stack.issuer.token("carol")},
                          timeout=10, allow_redirects=False)
    expect(answer, 301)


def test_a_database_that_goes_away_comes_back_without_a_restart(make_stack):
    stack = make_stack()
    client = stack.client("carol")
    stack.stop_postgres()
    answer = client.get("/health")
    assert answer.json()["db_connection"] == "unhealthy"
    stack.start_postgres()
    stack.wait_for(lambda: client.get("/health").json()["db_connection"] == "healthy", 20, "a healthy database")
