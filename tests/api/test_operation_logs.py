# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The log of an operation: which lines there are, and what somebody sees who follows it in a terminal."""

import concurrent.futures
import contextlib
import json
import re
import subprocess
import time

import psycopg2
import pytest
import requests
from deployed import ABSENT, done, frozen, own, parameters, person_id, put, submit  # noqa: F401

from harness import statements
from harness.client import expect
from harness.live import HELD

FOLLOWED = """
OrchestratorFollowHeartbeat 300ms
ThreadLimit 64
ThreadsPerChild 64
MaxSpareThreads 256
MaxRequestWorkers 256
DBDMax 3
DBDKeep 3
"""


@pytest.fixture(scope="module")
def followed(make_stack):
    """A stack with many workers, few connections of the database, and signs of life that come soon."""
    return make_stack(FOLLOWED)


def operation(client, made):
    return client.deployment(made)["last_operation"]


def held(client):
    """A deployment that is at work until the simulator is told to go on."""
    return client.deploy(client.store_template(im_simulator={"boot_ms": HELD}))


def write(stack, operation_, message, level="info", **columns):
    """Writes a line, as the engine does."""
    names = "".join(", " + name for name in columns)
    stack.sql("INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message%s) SELECT id,"
              " deployment_id, %%s, 'submitting', %%s%s FROM operations WHERE id = %%s"
              % (names, ", %s" * len(columns)), (level, message, *columns.values(), operation_))


def lines(answer):
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in expect(answer, 200).content.decode().split("\n") if line]


def messages(answer):
    return [line["message"] for line in lines(answer) if "message" in line]


class Curl:
    """curl -N in a terminal."""

    def __init__(self, client, path):
        self.process = subprocess.Popen(
            ["curl", "-sSN", "-H", "@-", client.stack.url + path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.process.stdin.write("Authorization: Bearer %s\n" % client.token)
        self.process.stdin.close()

    def line(self):
        """The next one that is no sign of life; None at the end."""
        text = "\n"
        while text == "\n":
            text = self.process.stdout.readline()
        return json.loads(text) if text else None

    def rest(self):
        return [json.loads(line) for line in self.process.stdout.read().split("\n") if line]

    def is_whole(self):
        return self.process.wait(30) == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


# ---- which lines there are ----

def test_a_line_has_every_fact_and_the_last_one_the_end(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    id = operation(alice, made)
    write(frozen, id, "One.", step=2)
    write(frozen, id, "Zw\u00f6lf \"\n", "error", source="im")
    path = "/operations/%s/logs" % id
    one, two = lines(alice.get(path))
    assert list(one) == ["timestamp", "level", "message", "operation_id", "deployment_id", "stage", "step", "source"]
    assert one.pop("timestamp") < two["timestamp"]
    assert one == {"level": "info", "message": "One.", "operation_id": id, "deployment_id": made,
                   "stage": "submitting", "step": 2, "source": "orchestrator"}
    assert (two["message"], two["level"], two["source"], two["step"]) == ("Zw\u00f6lf \"\n", "error", "im", None)
    put(frozen, made, state="failed")
    ended = expect(alice.get("/operations/" + id), 200).json()["ended_at"]
    assert lines(alice.get(path))[2:] == [{"timestamp": ended, "end": True, "state": "failed"}]


def test_times_never_go_back(frozen):
    """Whichever transaction took its time before another, or was committed before."""
    alice = frozen.person()
    made = submit(frozen, alice)
    id = operation(alice, made)
    for seconds in (-5, -2, -4, -1, 3):
        write(frozen, id, str(seconds))
        frozen.sql("UPDATE operation_logs SET created_at = now() + %s * interval '1 second' WHERE operation_id = %s"
                   " AND message = %s", (seconds, id, str(seconds)))
    path = "/operations/%s/logs" % id
    with Curl(alice, path + "?follow=true") as curl:
        told = [curl.line() for _ in range(5)]
        write(frozen, id, "behind")
        told.append(curl.line())
        put(frozen, made)
        told += curl.rest()
    for all_ in (told, lines(alice.get(path)), lines(alice.get(path + "?tail=1")), lines(alice.get(path + "?tail=0"))):
        times = [line["timestamp"] for line in all_]
        assert all_[-1]["end"] and times == sorted(times)
    assert [line["message"] for line in told[:-1]] == ["-5", "-2", "-4", "-1", "3", "behind"]


def test_a_log_is_read_at_each_place_by_who_may_see_it(frozen):
    alice, bob, root = frozen.person(), frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    id = operation(alice, made)
    write(frozen, id, "One.")
    for path in ("/operations/%s/logs" % id, "/deployments/%s/operations/%s/logs" % (made, id)):
        assert messages(alice.get(path)) == messages(root.get(path)) == ["One."]
        expect(bob.get(path), 403)
        expect(bob.get(path + "?follow=true"), 403)
        assert expect(alice.head(path + "?follow=true"), 200).content == b""
    resource = expect(alice.get("/deployments/%s/resources" % made), 200).json()["data"][0]["id"]
    expect(alice.get("/deployments/%s/resources/%s/operations/%s/logs" % (made, resource, id)), 404)
    frozen.sql("UPDATE operations SET resource_id = %s WHERE id = %s", (resource, id))
    assert messages(alice.get("/deployments/%s/resources/%s/operations/%s/logs" % (made, resource, id))) == ["One."]
    expect(alice.get("/operations/%s/logs" % ABSENT), 404)
    expect(alice.get("/deployments/%s/operations/%s/logs" % (made, ABSENT)), 404)
    assert parameters(alice.get("/operations/x/logs")) == ["operation_id"]


def test_lines_are_chosen_by_level_time_and_number(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    id = operation(alice, made)
    for number, level in enumerate(("debug", "info", "warning", "error", "info")):
        write(frozen, id, str(number), level)
    put(frozen, made)
    path = "/operations/%s/logs" % id
    times = [line["timestamp"] for line in lines(alice.get(path))]
    for query, wanted in (("", "01234"), ("level=info", "1234"), ("level=warning", "23"), ("level=error", "3"),
                          ("tail=2", "34"), ("tail=0", ""), ("tail=10000", "01234"), ("level=warning&tail=1", "3"),
                          ("since=" + times[1], "234"), ("since=" + times[4], ""),
                          ("since=%s&tail=1&level=info" % times[0], "4"),
                          ("since=1421-12-25T12:37:51%2B21:50", "01234"),
                          ("tail=2&follow=true", "34"), ("follow=false", "01234")):
        answer = alice.get(path + "?" + query)
        assert "".join(messages(answer)) == wanted, query
        assert lines(answer)[-1] == {"timestamp": times[5], "end": True, "state": "succeeded"}  # counts for no filter


@pytest.mark.parametrize("query", ["level=fatal", "since=yesterday", "tail=-1", "tail=10001", "tail=x", "follow=1",
                                   "tail=1&tail=2", "page=1", "source=im"])
def test_a_bad_parameter_is_named(frozen, query):
    alice = frozen.person()
    path = "/operations/%s/logs" % operation(alice, submit(frozen, alice))
    assert parameters(alice.get(path + "?" + query)) == [query.partition("=")[0]]


def test_a_long_log_comes_in_pieces(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    id = operation(alice, made)
    frozen.sql("INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message, created_at)"
               " SELECT o.id, o.deployment_id, 'info', '', n::text, now() - interval '1 minute' * (n < 2500)::integer"
               " FROM operations o, generate_series(0, 4999) n WHERE o.id = %s", (id,))
    put(frozen, made)
    path = "/operations/%s/logs" % id
    assert messages(alice.get(path)) == messages(alice.get(path + "?follow=true")) == [str(n) for n in range(5000)]
    assert messages(alice.get(path + "?tail=1500")) == [str(n) for n in range(3500, 5000)]


# ---- following ----

def test_lines_are_seen_as_they_are_written_to_the_end(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    id = operation(alice, made)
    write(frozen, id, "One.")
    with Curl(alice, "/operations/%s/logs?follow=true" % id) as curl:
        assert curl.line()["message"] == "One."
        for number in range(3):
            write(frozen, id, str(number))
            assert curl.line()["message"] == str(number)
        frozen.sql("UPDATE operations SET state = 'in progress', phase = 'submitting' WHERE id = %s", (id,))
        write(frozen, id, "Two.", "debug")
        write(frozen, id, "Three.")
        assert [curl.line()["message"] for _ in range(2)] == ["Two.", "Three."]
        put(frozen, made, state="succeeded")
        assert curl.line() == {"timestamp": expect(alice.get("/operations/" + id), 200).json()["ended_at"],
                               "end": True, "state": "succeeded"}
        assert curl.line() is None and curl.is_whole()


def test_a_line_that_is_committed_late_is_seen_once(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    id = operation(alice, made)
    late = psycopg2.connect(frozen.postgres.url)
    with Curl(alice, "/operations/%s/logs?follow=true" % id) as curl, contextlib.closing(late):
        write(frozen, id, "0")
        assert curl.line()["message"] == "0"
        with late, late.cursor() as cursor:
            cursor.execute("INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)"
                           " VALUES (%s, %s, 'info', '', 'late')", (id, made))
            write(frozen, id, "1")
            assert curl.line()["message"] == "1"
        write(frozen, id, "2")
        assert {curl.line()["message"] for _ in range(2)} == {"late", "2"}
        put(frozen, made)
        assert [line.get("message") for line in curl.rest()] == [None]


def test_signs_of_life_come_while_nothing_does(followed):
    alice = followed.person()
    made = held(alice)
    with Curl(alice, "/operations/%s/logs?follow=true&level=error" % operation(alice, made)) as curl:
        assert [curl.process.stdout.readline() for _ in range(3)] == ["\n"] * 3
    followed.control.release()
    alice.wait_for_status(made, "CREATE_COMPLETE", timeout=60)


def test_a_database_that_goes_away_is_outlived(followed):
    alice = followed.person()
    made = held(alice)
    id = operation(alice, made)
    followed.expect_log("database|connect|57P01|terminating|the system")
    with Curl(alice, "/operations/%s/logs?follow=true" % id) as curl:
        write(followed, id, "Before.")
        while curl.line()["message"] != "Before.":
            pass
        followed.restart_postgres()
        followed.wait_for(lambda: alice.get("/users/me").status_code == 200, 20, "the database")
        write(followed, id, "Behind.")
        while curl.line()["message"] != "Behind.":
            pass
        followed.control.release()
        assert curl.rest()[-1]["end"] is True and curl.is_whole()


def test_who_may_not_see_it_any_more_is_told_no_more(frozen):
    alice, bob = frozen.person(), frozen.person()
    made = submit(frozen, alice)
    own(frozen, made, bob)
    id = operation(alice, made)
    with Curl(bob, "/operations/%s/logs?follow=true" % id) as curl:
        write(frozen, id, "One.")
        assert curl.line()["message"] == "One."
        frozen.sql("DELETE FROM deployment_owners WHERE deployment_id = %s AND user_id = %s",
                   (made, person_id(frozen, bob)))
        write(frozen, id, "Two.")
        assert curl.line() is None and not curl.is_whole()


def test_what_goes_with_its_deployment_has_an_end_all_the_same(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    id = operation(alice, made)
    with Curl(alice, "/operations/%s/logs?follow=true" % id) as curl:
        write(frozen, id, "One.")
        assert curl.line()["message"] == "One."
        frozen.sql("DELETE FROM deployments WHERE id = %s", (made,))
        end = curl.line()
        assert (end["end"], end["state"]) == (True, "canceled") and curl.is_whole()


# ---- what it costs ----

def test_lines_that_nobody_asks_for_are_passed_once(frozen):
    alice = frozen.person()
    id = operation(alice, submit(frozen, alice))
    for age, message in ((90, "old"), (60, "older than half a minute"), (0, "young")):
        frozen.sql("INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message, created_at)"
                   " SELECT id, deployment_id, 'info', '', %s, now() - %s * interval '1 second' FROM operations"
                   " WHERE id = %s", (message, age, id))
    ids = [row[0] for row in frozen.sql("SELECT id FROM operation_logs WHERE operation_id = %s ORDER BY id", (id,))]
    ((_, _, count, _, _, mark, sent, _),) = frozen.sql(*statements.together(("operation_log_read", {
        "id": id, "mark": 0, "sent": "{}", "last": None, "level": "error", "since": "-infinity", "most": 1000,
        "is_admin": False, "caller": person_id(frozen, alice)})))
    assert (count, mark, sent) == (0, ids[-2], "{}")


def busy_workers(stack):
    return int(re.search(r"^BusyWorkers: (\d+)", requests.get(stack.base_url + "/server-status?auto", timeout=30).text,
                         re.M)[1])


def test_a_hundred_followers_cost_no_worker_and_no_connection(followed):
    people = [followed.person() for _ in range(13)]
    made = held(people[0])
    for person in people[1:]:
        own(followed, made, person)
    path = "/operations/%s/logs?follow=true&level=error" % operation(people[0], made)
    with contextlib.ExitStack() as open_:
        def ask(person):
            answer = requests.get(followed.url + path, stream=True, timeout=60,
                                  headers={"Authorization": "Bearer " + person.token})
            if answer.status_code == 503:
                answer.close()  # one of another test may not have been seen to go yet
            return answer if answer.status_code != 503 else None

        def follow(number):
            return followed.wait_for(lambda: ask(people[number % len(people)]), 30, "a place")
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            answers = [open_.enter_context(contextlib.closing(answer)) for answer in pool.map(follow, range(100))]
        assert {answer.status_code for answer in answers} == {200}
        streams = [answer.iter_lines(chunk_size=1) for answer in answers]
        assert next(streams[99]) == b""
        followed.wait_for(lambda: busy_workers(followed) < 30, 30, "workers for others")
        for person in people:
            expect(person.get("/users/me"), 200)
        refused = people[0].get(path)
        assert expect(refused, 503).headers["Retry-After"].isdigit()
        expect(people[0].head(path), 200)
        followed.control.release()
        for stream in streams:
            *_, last = stream
            assert json.loads(last)["state"] == "succeeded"


def test_a_stop_ends_them(make_stack):
    stack = make_stack(FOLLOWED)
    alice = stack.person()
    made = held(alice)
    with Curl(alice, "/operations/%s/logs?follow=true" % operation(alice, made)) as curl:
        assert curl.process.stdout.readline()
        stack.httpd.stop()
        assert not curl.is_whole()
    stack.httpd.start()
    stack.control.release()


# ---- what IM says ----

def test_what_im_says_is_told_when_it_is_first_seen(followed):
    alice = followed.person(behaviour="unconfigured")
    made = alice.deploy(per_provider_max_retries=1)
    id = operation(alice, made)
    with Curl(alice, "/operations/%s/logs?follow=true" % id) as curl:
        told = curl.rest()
    assert told[-1]["state"] == "failed" and curl.is_whole()
    of_im = [line for line in told if line.get("source") == "im"]
    assert of_im and {line["stage"] for line in of_im} == {"resources_configuration"}
    assert "error" in {line["level"] for line in of_im}
    assert [line for line in told if "message" in line] == lines(alice.get("/operations/%s/logs" % id))[:-1]
    log = expect(alice.get("/deployments/%s/logs" % made), 200).json()
    assert [line["message"] for line in of_im] == [line.rstrip() for line in log["im_logs"].split("\n") if line.strip()]
    own = [line for line in told[:-1] if line["source"] == "orchestrator" and line["level"] != "debug"]
    assert len(log["orchestrator_logs"].split("\n")) == len(own)


def test_im_s_words_are_seen_while_it_works(followed):
    alice = followed.person()
    template = alice.store_template(im_simulator={"behaviour": "slow_boot", "boot_ms": 1, "config_ms": HELD})
    made = alice.deploy(template)
    followed.wait_for(lambda: alice.deployment(made)["task_name"] == "resources_configuration", 30, "configuration")
    with Curl(alice, "/operations/%s/logs?follow=true" % operation(alice, made)) as curl:
        line = curl.line()
        while line["source"] != "im":
            line = curl.line()
        assert alice.deployment(made)["status_name"] == "CREATE_IN_PROGRESS"
        followed.control.release()
        assert curl.rest()[-1]["state"] == "succeeded"


def test_what_is_awaited_is_told_when_it_changes(followed):
    alice = followed.person()
    template = alice.store_template(im_simulator={"behaviour": "slow_boot", "boot_ms": 1, "config_ms": HELD})
    made = alice.deploy(template)
    path = "/operations/%s/logs" % operation(alice, made)

    def awaited(query=""):
        return [line for line in lines(alice.get(path + query))
                if line.get("message", "").endswith(": machines are being configured.")]
    [line] = followed.wait_for(awaited, 30, "a line that says what is awaited")
    assert (line["level"], line["stage"], line["step"]) == ("debug", "resources_configuration", 2)
    followed.control.release()
    alice.wait_for_status(made, "CREATE_COMPLETE")
    assert awaited() == [line] and not awaited("?level=info")
    assert line["message"] not in expect(alice.get("/deployments/%s/logs" % made), 200).json()["orchestrator_logs"]


def im_says(stack, made, text, infrastructure="i-1"):
    stack.sql("INSERT INTO deployment_logs (deployment_id, im_logs, im_infra_id) VALUES (%s, %s, %s)"
              " ON CONFLICT (deployment_id) DO UPDATE SET im_logs = excluded.im_logs,"
              " im_infra_id = excluded.im_infra_id", (made, text, infrastructure))


def test_a_line_that_recurs_where_im_s_log_grows_is_told_again(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    path = "/operations/%s/logs" % operation(alice, made)
    for text, told in (("x y", "xy"), ("x y x z", "xyxz"), ("x y x z", "xyxz"), ("y x z", "xyxz"),
                       ("y x z z x", "xyxzzx")):
        im_says(frozen, made, text.replace(" ", "\n"))
        assert "".join(messages(alice.get(path))) == told, text


def test_only_what_is_new_of_im_s_log_is_told(frozen):
    alice, root = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    path = "/operations/%s/logs" % operation(alice, made)

    def told():
        return "".join(messages(alice.get(path)))
    im_says(frozen, made, "a\nb\n")
    assert told() == "ab"
    im_says(frozen, made, "a\nb\n\nb\r\n")  # the same once more
    assert told() == "abb"
    im_says(frozen, made, "a\nc\nb\nb\nVM 0:\nd  \n")  # it grows in the middle
    assert told() == "abbcVM 0:d"
    expect(root.delete("/deployments/%s/logs" % made), 204)
    expect(root.post("/deployments/%s/logs" % made, json={"im_logs": "posted"}), 204)
    im_says(frozen, made, "a\nc\nb\nb\nVM 0:\nd\ne\n")
    assert told() == "abbcVM 0:de"
    im_says(frozen, made, "a\n", "i-2")  # of another attempt
    assert told() == "abbcVM 0:dea"
    put(frozen, made)
    im_says(frozen, made, "a\nf\n", "i-2")  # nothing is at work: it is of no operation
    assert told() == "abbcVM 0:dea"
