# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Logs of a deployment."""

import concurrent.futures
import re
import time

import pytest
import requests
from deployed import ABSENT, frozen, own, parameters, submit  # noqa: F401

from harness.client import expect, template, unique
from harness.live import HELD
from harness.sealed import key_of, unseal

LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (debug|info|warning|error) (.*)")


def logs(client, deployment):
    return expect(client.get("/deployments/%s/logs" % deployment), 200).json()


def line(stack, deployment, message, level="info"):
    stack.sql("INSERT INTO operation_logs (operation_id, deployment_id, level, stage, message)"
              " SELECT id, deployment_id, %s, 'queued', %s FROM operations WHERE deployment_id = %s",
              (level, message, deployment))


def ended(stack, deployment):
    """Nothing is at work there any more."""
    stack.sql("UPDATE operations SET state = 'failed', phase = 'ended', ended_at = now() WHERE deployment_id = %s",
              (deployment,))


def at_im(stack, client, deployment, **settings):
    """Gives a deployment an infrastructure at IM, and the words that IM has for it."""
    content = template(im_simulator=settings)
    answer = requests.post(stack.im_url + "/infrastructures", data=content.encode(), timeout=10, headers={
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
    frozen.sql("UPDATE operations SET description = '' WHERE deployment_id = %s", (made,))
    assert logs(alice, made) == {"timestamp": alice.deployment(made)["created_at"], "im_logs": None,
                                 "orchestrator_logs": None}


def test_the_last_line_says_what_the_operation_at_work_waits_for(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    line(frozen, made, "Looking for a provider.")
    frozen.sql("UPDATE operations SET description = %s, updated_at = clock_timestamp() WHERE deployment_id = %s",
               ("Waits for the\nInfrastructure Manager.", made))
    value = logs(alice, made)
    first, last = value["orchestrator_logs"].split("\n")
    when, *told = LINE.fullmatch(last).groups()
    assert told == ["info", "Now: Waits for the Infrastructure Manager."] and when == value["timestamp"]
    assert first.endswith("info Looking for a provider.")
    ended(frozen, made)
    assert logs(alice, made)["orchestrator_logs"] == first


def test_the_operations_lines_are_one_each_with_time_and_level(frozen):
    alice = frozen.person()
    made = submit(frozen, alice)
    line(frozen, made, "Looking for a provider.")
    ended(frozen, made)
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
    ended(frozen, made)
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
    assert frozen.control.get("calls")["most_in_flight"] == 1  # of all children of the host together


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


# ---- secrets ----

def said(stack):
    """What IM may say, with its secrets and without them."""
    key, password = stack.secret(unique("key")), stack.secret(unique("pass"))
    text = ("-----BEGIN RSA PRIVATE KEY-----\n%s\n-----END RSA PRIVATE KEY-----\n"
            "changed: [10.0.0.1] => {\"db_password\": \"%s\", \"user\": \"me\"}")
    return text % (key, password), "REDACTED\nchanged: [10.0.0.1] => {\"db_password\": \"REDACTED\", \"user\": \"me\"}"


def stored(stack, deployment):
    """IM's part in the database: the text that all who may see it see, and the whole, opened."""
    [(text, box)] = stack.sql("SELECT im_logs, im_logs_sealed FROM deployment_logs WHERE deployment_id = %s",
                              (deployment,))
    return text, box and unseal(key_of(stack.path("secret.key")), "deployment_logs.im_logs_sealed", deployment, box)


def test_what_is_secret_in_a_fresh_text_of_im_is_told_to_owners_only_and_sealed(frozen):
    alice, admin, carol = frozen.person(), frozen.person(admin=True), frozen.person(admin=True)
    made = submit(frozen, alice)
    own(frozen, made, carol)
    whole, shown = said(frozen)
    words = at_im(frozen, alice, made, says=whole)
    assert words.endswith(whole)
    rest = words[:-len(whole)]
    assert logs(admin, made)["im_logs"] == rest + shown  # who looks first makes no difference
    assert stored(frozen, made) == (rest + shown, words)
    value = logs(alice, made)
    assert value["im_logs"] == words == logs(carol, made)["im_logs"]
    assert logs(admin, made) == {**value, "im_logs": rest + shown}
    frozen.control.fault(on="contmsg", fault="http_500")
    assert logs(alice, made)["im_logs"] == words and logs(admin, made)["im_logs"] == rest + shown


def test_what_is_secret_in_a_posted_text_of_im_is_told_to_owners_only_and_sealed(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    path = "/deployments/%s/logs" % made
    whole, shown = said(frozen)
    expect(connector(frozen).post(path, json={"im_logs": whole}), 204)
    assert logs(alice, made)["im_logs"] == whole and logs(admin, made)["im_logs"] == shown
    assert stored(frozen, made) == (shown, whole)
    expect(admin.post(path, json={"orchestrator_logs": "other"}), 204)
    assert logs(alice, made)["im_logs"] == whole
    expect(admin.post(path, json={"im_logs": "no secret"}), 204)
    assert logs(alice, made)["im_logs"] == "no secret" and stored(frozen, made) == ("no secret", None)
    expect(admin.post(path, json={"im_logs": whole}), 204)
    expect(admin.delete(path), 204)
    assert logs(alice, made)["im_logs"] is None and stored(frozen, made) == (None, None)


def test_what_is_secret_in_a_posted_text_of_the_orchestrator_is_told_to_owners_only(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    ended(frozen, made)
    whole, shown = said(frozen)
    expect(connector(frozen).post("/deployments/%s/logs" % made, json={"orchestrator_logs": whole}), 204)
    assert logs(alice, made)["orchestrator_logs"] == whole and logs(admin, made)["orchestrator_logs"] == shown


def test_a_log_with_secrets_has_the_version_that_its_reader_saw(frozen):
    alice, admin, carol = frozen.person(), frozen.person(admin=True), frozen.person(admin=True)
    made = submit(frozen, alice)
    own(frozen, made, carol)
    path = "/deployments/%s/logs" % made
    for reader in (admin, carol):
        expect(connector(frozen).post(path, json={"im_logs": said(frozen)[0]}), 204)
        expect(reader.delete(path, headers={"If-Match": expect(reader.get(path), 200).headers["ETag"]}), 204)


def test_a_new_secret_in_the_same_words_is_kept(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    at_im(frozen, alice, made, says="password=" + frozen.secret(unique("new")))
    frozen.control.fault(on="contmsg", fault="http_500")
    expect(admin.post("/deployments/%s/logs" % made, json={"im_logs": "password=old"}), 204)
    before = stored(frozen, made)
    frozen.control.mend()
    assert logs(alice, made)["im_logs"] == stored(frozen, made)[1] != before[1]
    again = frozen.sql("SELECT im_logs_sealed, updated_at FROM deployment_logs WHERE deployment_id = %s", (made,))
    logs(alice, made)
    assert again == frozen.sql("SELECT im_logs_sealed, updated_at FROM deployment_logs WHERE deployment_id = %s",
                               (made,))


def test_a_log_that_does_not_open_hides_itself_alone(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    keep(frozen, made, im_logs="password=REDACTED", im_logs_sealed="junk", orchestrator_logs="told")
    frozen.expect_log(r"deployment_logs.im_logs_sealed of row %s can't be opened" % made, required=True)
    value = logs(alice, made)
    assert value["im_logs"] is None and value["orchestrator_logs"].startswith("told")
    assert logs(admin, made)["im_logs"] == "password=REDACTED"


# ---- writing and deleting ----

def connector(stack, client="log-connector", groups=None):
    """A client of the issuer that speaks for itself."""
    return stack.client_with(stack.issuer.client_token(unique("client"), client, groups))


@pytest.mark.parametrize("who", ["an administrator", "a service account"])
def test_either_part_is_created_and_overwritten(frozen, who):
    alice = frozen.person()
    writer = frozen.person(admin=True) if who == "an administrator" else connector(frozen)
    made = submit(frozen, alice)
    ended(frozen, made)
    path = "/deployments/%s/logs" % made
    expect(writer.post(path, json={"im_logs": "IM \u00e4\nsaid"}), 204)
    assert logs(alice, made)["im_logs"] == "IM \u00e4\nsaid" and logs(alice, made)["orchestrator_logs"] is None
    line(frozen, made, "old")
    expect(writer.post(path, json={"orchestrator_logs": "first"}), 204)
    assert logs(alice, made)["orchestrator_logs"] == "first" and logs(alice, made)["im_logs"] == "IM \u00e4\nsaid"
    line(frozen, made, "new")
    expect(writer.post(path, json={"im_logs": "again", "orchestrator_logs": "second"}), 204)
    line(frozen, made, "newest")
    value = logs(alice, made)
    assert value["im_logs"] == "again" and re.fullmatch(r"second\n\S+ info newest", value["orchestrator_logs"])


def test_a_fresh_text_of_im_replaces_one_that_was_posted(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    words = at_im(frozen, alice, made)
    expect(admin.post("/deployments/%s/logs" % made, json={"im_logs": "posted"}), 204)
    frozen.control.fault(on="contmsg", fault="http_500", first=1)
    assert logs(alice, made)["im_logs"] == "posted"
    assert logs(alice, made)["im_logs"] == words


@pytest.mark.parametrize("path", ["/deployments/%s/logs", "/deployment/%s/logs"])
def test_a_deleted_log_is_empty_until_an_operation_has_something_to_tell(frozen, path):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    line(frozen, made, "old")
    words = at_im(frozen, alice, made)
    ended(frozen, made)
    assert logs(alice, made)["im_logs"] == words
    expect(admin.delete(path % made), 204)
    value = logs(alice, made)
    assert value["im_logs"] is None and value["orchestrator_logs"] is None
    assert value["timestamp"] > alice.deployment(made)["created_at"]
    expect(admin.delete(path % made), 204)
    line(frozen, made, "new")
    assert re.fullmatch(r"\S+ info new", logs(alice, made)["orchestrator_logs"])
    expect(alice.delete("/deployments/" + made), 202)
    assert logs(alice, made)["im_logs"] == words


def test_what_im_said_before_a_deletion_is_not_kept_after_it(frozen):
    alice, admin = frozen.person(), frozen.person(admin=True)
    made = submit(frozen, alice)
    at_im(frozen, alice, made)
    ended(frozen, made)
    frozen.control.fault(on="contmsg", fault="slow", ms=HELD, first=1)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        reading = pool.submit(logs, alice, made)
        frozen.wait_for(lambda: frozen.control.get("calls")["in_flight"] > 0, 10, "a look at IM")
        expect(admin.delete("/deployments/%s/logs" % made), 204)
        frozen.control.release()
        reading.result()
    assert logs(alice, made)["im_logs"] is None


def test_only_administrators_and_service_accounts_write_and_only_the_first_delete(frozen):
    alice, bob = frozen.person(), frozen.person()
    made = submit(frozen, alice)
    path = "/deployments/%s/logs" % made
    for client in (alice, bob, connector(frozen, "other-client")):
        expect(client.post(path, json={"im_logs": "x"}), 403)
    for client in (alice, bob, connector(frozen)):
        expect(client.delete(path), 403)
        expect(client.delete("/deployment/%s/logs" % made), 403)
    expect(connector(frozen).get(path), 403)
    admin = frozen.person(admin=True)
    for client in (admin, connector(frozen)):
        expect(client.post("/deployments/%s/logs" % ABSENT, json={"im_logs": "x"}), 404)
    expect(admin.delete("/deployments/%s/logs" % ABSENT), 404)


def test_a_service_account_needs_no_group_and_is_not_looked_up_at_userinfo(frozen):
    before = frozen.issuer.control("calls").get("/userinfo", 0)
    made = submit(frozen, frozen.person())
    expect(connector(frozen).post("/deployments/%s/logs" % made, json={"im_logs": "x"}), 204)
    assert frozen.issuer.control("calls").get("/userinfo", 0) == before


@pytest.mark.parametrize("body, pointer", [({}, ""), ({"im_logs": None}, "/im_logs"), ({"im_logs": ""}, "/im_logs"),
                                           ({"orchestrator_logs": 1}, "/orchestrator_logs"), ({"im": "x"}, "/im"),
                                           ({"im_logs": "x" * 1048577}, "/im_logs")])
def test_a_bad_log_is_refused(frozen, body, pointer):
    admin = frozen.person(admin=True)
    made = submit(frozen, frozen.person())
    answer = expect(admin.post("/deployments/%s/logs" % made, json=body), 422)
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
