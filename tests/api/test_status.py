# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The operators' page in its four forms, and the section in mod_status."""

import re

import requests

from harness.client import expect

SAMPLE = re.compile(r'orchestrator_\w+(\{\w+="[^"]*"\})? -?\d+(\.\d+)?')
TOLD = {"breaker", "calls_in_flight", "calls_waiting", "lost_seconds"}  # of an endpoint


def page(stack, query=""):
    answer = requests.get(stack.base_url + "/orchestrator-status" + query, timeout=10)
    expect(answer, 200)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer


def values(stack):
    return page(stack, "?json").json()


def test_json_has_numbers_and_states(stack):
    value = values(stack)
    assert value["database"] == "healthy"
    assert re.fullmatch(r"\d+\.\d+\.\d+", value["version"])
    assert value["daemon_pid"] == stack.daemon_pid()
    assert value["children"] >= 1
    assert value["uptime_seconds"] >= 0


def test_every_form_tells_the_same(stack):
    value = stack.wait_for(lambda: values(stack)["endpoints"] and values(stack), 15, "a look at IM's version")
    lines = dict(line.split(": ", 1) for line in page(stack, "?auto").text.splitlines())
    samples = page(stack, "?metrics")
    assert samples.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    html = page(stack)
    assert html.headers["Content-Type"] == "text/html; charset=utf-8"
    endpoints = value.pop("endpoints")
    lines = {key: text for key, text in lines.items() if not key.startswith("Endpoint")}
    assert len(lines) == len(value) == html.text.count("<tr") - html.text.count("<thead>") - len(endpoints)
    assert lines["Version"] == value["version"]
    assert lines["Daemon"] == str(value["daemon_pid"])
    assert "<td>%d</td>" % value["daemon_pid"] in html.text
    assert "orchestrator_daemon_pid %d" % value["daemon_pid"] in samples.text
    told = [line for line in samples.text.splitlines() if not line.startswith("#") and "{endpoint=" not in line]
    assert len(told) == len(value)


def test_each_endpoint_is_told(make_stack):
    stack = make_stack("OrchestratorIMTimeout 1s\nOrchestratorIMCreateTimeout 1s")
    im = stack.im_url.rstrip("/")

    def told():
        return {one.pop("url"): one for one in values(stack)["endpoints"]}.get(im)
    person = stack.person()
    person.wait_for_status(person.deploy(), "CREATE_COMPLETE")
    assert told()["breaker"] == "closed" and told()["lost_seconds"] == 0 and set(told()) == TOLD
    stack.control.fault(fault="hang", on="state")
    for _ in range(6):
        person.deploy()
    stack.wait_for(lambda: told()["calls_in_flight"] == 4, 10, "a full window")
    assert told()["calls_waiting"] <= 2
    stack.wait_for(lambda: told()["breaker"] == "open", 20, "an open breaker")
    stack.expect_log("calls are held back|answers again")
    assert told()["lost_seconds"] >= 4
    lines = dict(line.rsplit(": ", 1) for line in page(stack, "?auto").text.splitlines())
    assert "EndpointBreaker " + im in lines and float(lines["EndpointLostSeconds " + im]) >= 4
    samples = dict(line.rsplit(" ", 1) for line in page(stack, "?metrics").text.splitlines() if line[0] != "#")
    assert float(samples['orchestrator_endpoint_lost_seconds_total{endpoint="%s"}' % im]) >= 4
    html = page(stack).text
    assert "<td>%s</td>" % lines["EndpointBreaker " + im] in html and '<th scope="row">%s</th>' % im in html
    assert "OrchestratorEndpointBreaker " + im in requests.get(stack.base_url + "/server-status?auto", timeout=10).text


def test_prometheus_can_read_its_form(stack):
    declared = {}
    for line in page(stack, "?metrics").text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in declared
            declared[name] = kind
        elif not line.startswith("#"):
            assert SAMPLE.fullmatch(line)
            assert line.split("{")[0].split(" ")[0] in declared
    assert declared["orchestrator_responses_total"] == "counter"


def test_answers_are_counted_by_class(stack):
    def at_rest():
        value = values(stack)
        return value if value["requests_in_flight"] == 0 else None

    def grown():
        return [values(stack)[name] - before[name] for name in ("responses_2xx", "responses_4xx", "refused_tokens")]
    before = stack.wait_for(at_rest, 5, "the end of what former tests asked for")
    for _ in range(3):
        expect(requests.get(stack.url + "/health", timeout=10), 200)
        expect(requests.get(stack.url + "/x", timeout=10), 401)
    stack.wait_for(lambda: grown() == [3, 3, 3], 5, "three answers more of each kind")
    stack.wait_for(at_rest, 5, "no request in flight")
    assert grown() == [3, 3, 3]


def test_only_reading_is_allowed(stack):
    answer = requests.post(stack.base_url + "/orchestrator-status", timeout=10)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_mod_status_has_a_section(stack):
    lines = requests.get(stack.base_url + "/server-status?auto", timeout=10).text.splitlines()
    assert "OrchestratorDatabase: healthy" in lines
    html = requests.get(stack.base_url + "/server-status", timeout=10).text
    assert "<h2>Orchestrator</h2>" in html


def test_a_dead_database_is_told(make_stack):
    stack = make_stack()
    stack.stop_postgres()
    assert values(stack)["database"] == "unhealthy"
    assert 'class="bad"' in page(stack).text
    assert "orchestrator_database_healthy 0" in page(stack, "?metrics").text
    stack.start_postgres()
    stack.wait_for(lambda: values(stack)["database"] == "healthy", 20, "a healthy database")
