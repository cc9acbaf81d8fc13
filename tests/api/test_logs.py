# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Logs of a deployment."""

import concurrent.futures
import re
import time

import pytest
import requests
from deployed import ABSENT, frozen, parameters, submit  # noqa: F401

from harness.client import expect, template
from harness.live import HELD

LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (debug|info|warning|error) (.*)")


def logs(client, deployment):
    return expect(client.get("/deployments/%s/logs" % deployment), 200).json()


def line(stack, deployment, message, level="info"):
    stack.sql("INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)"
              " SELECT id, deployment_id, %s, 'queued', %s FROM operations WHERE deployment_id = %s",
              (level, message, deployment))


def at_im(stack, client, deployment):
    """Gives a deployment an infrastructure at IM, and the words that IM has for it."""
    answer = requests.post(stack.im_url + "/infrastructures", data=template().encode(), timeout=10, headers={
        "Content-Type": "text/yaml", "Accept": "application/json",
        "Authorization": "type = InfrastructureManager; token = %s\\nid = one; type = Dummy" % client.token})
    assert answer.status_code == 200, answer.text
    infrastructure = answer.json()["uri"].rpartition("/")[2]
    stack.sql("UPDATE deployments SET im_infra_id = %s, im_endpoint = %s WHERE id = %s",
              (infrastructure, stack.im_url, deployment))

    def words():
        told = requests.get("%s/infrastructures/%s/contmsg" % (stack.im_url, infrastructure), timeout=10, headers={
            "Accept": "application/json", "Authorization": "type = InfrastructureManager; token = " + client.token})
        return told.json()["contmsg"]
    return stack.wait_for(words, 10, "IM's log")


def keep(stack, deployment, **fields):
    columns = ", ".join(fields)
    stack.sql("INSERT INTO deployment_logs (deployment_id, %s) VALUES (%%s%s)" % (columns, ", %s" * len(fields)),
              (deployment, *fields.values()))


def test_there_is_nothing_to_tell_at_first(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    assert logs(alice, made) == {"timestamp": alice.deployment(made)["created_at"], "im_logs": None,
                                 "orchestrator_logs": None}


def test_the_operations_lines_are_one_each_with_time_and_level(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    line(frozen, made, "Looking for a provider.")
    line(frozen, made, "IM said:\nno \"image\"\r\nof that name \u00e4", "error")
    value = logs(alice, made)
    found = [LINE.fullmatch(text).groups() for text in value["orchestrator_logs"].split("\n")]
    assert [one[1:] for one in found] == [("info", "Looking for a provider."),
                                          ("error", "IM said: no \"image\"  of that name \u00e4")]
    assert found[0][0] <= found[1][0] == value["timestamp"]


def test_what_was_posted_comes_first_and_hides_older_lines(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    line(frozen, made, "old")
    keep(frozen, made, orchestrator_logs="posted", lines_after="now", im_logs="stored")
    frozen.sql("UPDATE deployment_logs SET lines_after = clock_timestamp() WHERE deployment_id = %s", (made,))
    line(frozen, made, "new")
    value = logs(alice, made)
    assert re.fullmatch(r"posted\n\S+ info new", value["orchestrator_logs"]) and value["im_logs"] == "stored"


def test_ims_part_is_fetched_fresh_and_kept(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    keep(frozen, made, im_logs="posted")
    words = at_im(frozen, alice, made)
    value = logs(alice, made)
    assert value["im_logs"] == words
    assert frozen.sql("SELECT im_logs FROM deployment_logs WHERE deployment_id = %s", (made,)) == [(words,)]
    assert logs(admin, made)["im_logs"] == words  # with the token of the person whom the infrastructure belongs to
    assert logs(alice, made) == value


def test_a_person_who_is_no_creator_gets_it_through_the_creators_token(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    words = at_im(frozen, alice, made)
    assert logs(admin, made)["im_logs"] == words


@pytest.mark.parametrize("fault", [{"fault": "http_500"}, {"fault": "slow", "ms": HELD}, {"fault": "reset"},
                                   {"fault": "bad_json"}, {"fault": "token_expired"}])
def test_the_stored_copy_has_to_do_when_im_does_not_answer_in_time(frozen, fault):
    alice = frozen.person()
    made = submit(frozen, alice)
    at_im(frozen, alice, made)
    keep(frozen, made, im_logs="the last copy")
    frozen.control.fault(on="contmsg", **fault)
    began = time.monotonic()
    assert logs(alice, made)["im_logs"] == "the last copy"
    assert time.monotonic() - began < 10  # 2 s, and what a busy machine adds; IM would take an hour


def test_an_im_that_hangs_holds_up_one_reader_of_a_deployment(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    at_im(frozen, alice, made)
    keep(frozen, made, im_logs="the last copy")
    frozen.control.fault(on="contmsg", fault="slow", ms=HELD)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(logs, alice, made) for _ in range(40)]
        frozen.wait_for(lambda: frozen.control.get("calls")["in_flight"] > 0, 10, "a look at IM")
        assert {one.result()["im_logs"] for one in waiting} == {"the last copy"}
    children = len(frozen.httpd.children())
    # Each call of IM took its two seconds; without a limit there would be forty of them at once.
    assert frozen.control.get("calls")["most_in_flight"] <= children


def test_a_client_that_has_the_version_gets_304(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    path = "/deployments/%s/logs" % made
    tag = expect(alice.get(path), 200).headers["ETag"]
    expect(alice.get(path, headers={"If-None-Match": tag}), 304)
    line(frozen, made, "new")
    expect(alice.get(path, headers={"If-None-Match": tag}), 200)


def test_a_log_belongs_to_a_deployment(frozen):
    alice = frozen.person()
    expect(alice.get("/deployments/%s/logs" % ABSENT), 404)
    assert parameters(alice.get("/deployments/x/logs")) == ["deployment_id"]
    made = submit(frozen, alice)
    assert parameters(alice.get("/deployments/%s/logs?tail=1" % made)) == ["tail"]
