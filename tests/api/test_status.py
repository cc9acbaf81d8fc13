# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The operators' page in its four forms, and the section in mod_status."""

import re

import requests

from harness.client import expect

SAMPLE = re.compile(r'orchestrator_\w+(\{\w+="[^"]*"\})? -?\d+(\.\d+)?')
TOLD = {"breaker", "calls_in_flight", "calls_waiting", "lost_seconds"}  # of an endpoint
COUNTED = {"pending", "oldest_pending_seconds", "at_work", "due", "oldest_due_seconds"}  # of a kind of work
KINDS = ["CREATE", "UPDATE", "ADD_OWNER", "REMOVE_OWNER", "DELETE", "START", "STOP", "REBOOT", "infrastructure",
         "watch", "sweep", "orchestration"]


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
    def everything():
        value = values(stack)
        return value if value["endpoints"] and value["work"] else None
    value = stack.wait_for(everything, 15, "a look at IM's version, and one at the database")
    lines = dict(line.split(": ", 1) for line in page(stack, "?auto").text.splitlines())
    samples = page(stack, "?metrics")
    assert samples.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    html = page(stack)
    assert html.headers["Content-Type"] == "text/html; charset=utf-8"
    rows = value.pop("endpoints") + value.pop("work") + value.pop("callback_hosts")
    lines = {key: text for key, text in lines.items() if " " not in key}
    assert len(lines) == len(value) == html.text.count("<tr") - html.text.count("<thead>") - len(rows)
    assert lines["Version"] == value["version"]
    assert lines["Daemon"] == str(value["daemon_pid"])
    assert "<td>%d</td>" % value["daemon_pid"] in html.text
    assert "orchestrator_daemon_pid %d" % value["daemon_pid"] in samples.text
    told = [line for line in samples.text.splitlines()
            if line[0] != "#" and not re.search("{(endpoint|kind|host)=", line)]
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
    assert "EndpointBreaker " + im in lines and float(lines["EndpointLostTime " + im]) >= 4
    samples = dict(line.rsplit(" ", 1) for line in page(stack, "?metrics").text.splitlines() if line[0] != "#")
    assert float(samples['orchestrator_endpoint_lost_seconds_total{endpoint="%s"}' % im]) >= 4
    html = page(stack).text
    assert '<td data-label="Breaker">%s</td>' % lines["EndpointBreaker " + im] in html
    assert '<th scope="row">%s</th>' % im in html
    assert "OrchestratorEndpointBreaker " + im in requests.get(stack.base_url + "/server-status?auto", timeout=10).text


def work(stack):
    """What is told of each kind of work."""
    return {one.pop("kind"): one for one in values(stack)["work"]}


def test_each_kind_of_work_is_told(make_stack):
    stack = make_stack("OrchestratorMaxOperations 2")
    told = stack.wait_for(lambda: work(stack), 15, "a look at the database")
    assert list(told) == KINDS and all(set(kind) == COUNTED and not any(kind.values()) for kind in told.values())
    person = stack.person(behaviour="pending_for_ever")
    for _ in range(5):
        person.deploy()

    def is_counted():
        told = work(stack)["CREATE"]
        return told if (told["at_work"], told["pending"], told["due"]) == (2, 3, 0) else None
    assert stack.wait_for(is_counted, 20, "two at work")["oldest_pending_seconds"] > 0
    lines = dict(line.rsplit(": ", 1) for line in page(stack, "?auto").text.splitlines())
    assert lines["WorkPending CREATE"] == "3" and float(lines["WorkOldestPending CREATE"]) > 0
    samples = dict(line.rsplit(" ", 1) for line in page(stack, "?metrics").text.splitlines() if line[0] != "#")
    assert samples['orchestrator_work_at_work{kind="CREATE"}'] == "2"
    assert samples['orchestrator_work_due{kind="sweep"}'] == "0"
    html = page(stack).text
    assert '<th scope="row">CREATE</th><td data-label="Pending">3</td>' in html
    assert 'class="bad"' not in html


def test_work_that_nobody_takes_is_told(make_stack):
    """Of a kind that this version doesn't do."""
    stack = make_stack()
    stack.sql("""INSERT INTO work (id, kind, is_begun, due_at)
        VALUES (gen_random_uuid(), 'other', true, now() - interval '90 minutes')""")
    told = stack.wait_for(lambda: work(stack).get("other"), 20, "the kind")
    assert (told["pending"], told["at_work"], told["due"]) == (0, 1, 1) and told["oldest_due_seconds"] >= 5400
    html = page(stack).text
    assert '<tr class="bad"><th scope="row">other</th>' in html
    assert '<td data-label="Oldest Due">1 h 30 min</td>' in html
    stack.sql("DELETE FROM work WHERE kind = 'other'")
    stack.wait_for(lambda: not any(work(stack)["other"].values()), 20, "nothing of it")


def test_what_nobody_wants_and_is_not_gone_is_told(make_stack):
    stack = make_stack("OrchestratorDeleteRecheck 500ms 1h")

    def told(*wanted):
        value = values(stack)
        return value if (value["infrastructures_unwanted"], value["infrastructures_stuck"]) == wanted else None
    person = stack.person(behaviour="delete_refused")
    id = person.deploy()
    person.wait_for_status(id, "CREATE_COMPLETE")
    assert told(0, 0)
    person.delete("/deployments/" + id)
    age = "infrastructures_oldest_unwanted_seconds"
    young = stack.wait_for(lambda: told(1, 1), 20, "one that is stuck")
    stack.wait_for(lambda: values(stack)[age] > young[age], 20, "its age")
    stack.expect_log("may be left at IM")
    assert '<tr class="bad"><th scope="row">Infrastructures Stuck</th>' in page(stack).text
    stack.sql("UPDATE infrastructures SET standing = 'gone'")
    stack.wait_for(lambda: told(0, 0), 20, "nothing that is left")


def test_callbacks_are_told(make_stack):
    stack = make_stack()
    assert values(stack)["callbacks_told"] == values(stack)["callbacks_given_up"] == 0
    stack.sql("""INSERT INTO callbacks (deployment_id, url, host, state, created_at)
        VALUES (gen_random_uuid(), 'http://a.example.org/', 'a.example.org:80', '{}', now() - interval '90 minutes')""")
    stack.wait_for(lambda: values(stack)["callbacks_waiting"] == 1, 20, "one that waits")
    assert values(stack)["callbacks_oldest_seconds"] >= 5400
    stack.sql("DELETE FROM callbacks")
    stack.wait_for(lambda: values(stack)["callbacks_waiting"] == 0, 20, "none")
    assert not values(stack)["callback_hosts"]


def test_each_host_of_callbacks_is_told(make_stack):
    """What waits for it, which tries failed, and for how long the first one waits."""
    stack = make_stack()
    stack.sql("""INSERT INTO callbacks (deployment_id, url, host, state, tries, created_at)
        SELECT gen_random_uuid(), 'x', host, '{}', tries, now() - age * interval '1 minute' FROM (VALUES
            ('a.example.org:80', 3, 90), ('a.example.org:80', 4, 1), ('[fd00::5]:8443', 0, 0)) v (host, tries, age)""")
    told = stack.wait_for(lambda: values(stack)["callback_hosts"], 20, "the hosts")
    assert [(one["host"], one["waiting"], one["failures"]) for one in told] == [
        ("a.example.org:80", 2, 7), ("[fd00::5]:8443", 1, 0)]
    assert told[0]["oldest_seconds"] >= 5400 > told[1]["oldest_seconds"] >= 0
    lines = dict(line.rsplit(": ", 1) for line in page(stack, "?auto").text.splitlines())
    assert lines["CallbackFailures a.example.org:80"] == "7" and lines["CallbackWaiting [fd00::5]:8443"] == "1"
    samples = dict(line.rsplit(" ", 1) for line in page(stack, "?metrics").text.splitlines() if line[0] != "#")
    assert float(samples['orchestrator_callback_host_oldest_seconds{host="a.example.org:80"}']) >= 5400
    html = page(stack).text
    assert '<tr class="bad"><th scope="row">a.example.org:80</th>' in html
    assert '<tr><th scope="row">[fd00::5]:8443</th>' in html
    stack.sql("DELETE FROM callbacks")
    stack.wait_for(lambda: not values(stack)["callback_hosts"], 20, "no host")


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
    stack.wait_for(lambda: values(stack)["counts_age_seconds"] in (0, 1), 15, "a look at the database")
    stack.stop_postgres()
    value = values(stack)
    assert value["database"] == "unhealthy" and [kind["kind"] for kind in value["work"]] == KINDS
    assert '<tr class="bad"><th scope="row">Database</th>' in page(stack).text
    assert "orchestrator_database_healthy 0" in page(stack, "?metrics").text
    stack.wait_for(lambda: values(stack)["counts_age_seconds"] > value["counts_age_seconds"], 20, "its age")
    assert values(stack)["work"] == value["work"]
    stack.start_postgres()
    stack.wait_for(lambda: values(stack)["counts_age_seconds"] in (0, 1), 30, "another look at the database")
    stack.wait_for(lambda: values(stack)["database"] == "healthy", 20, "a healthy database")
