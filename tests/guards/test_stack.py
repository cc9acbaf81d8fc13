# Licensed under the Apache License, Version 2.0; see LICENSE.
"""The stack that all integration tests stand on: it starts quietly, survives being broken, and its fixtures do what they say."""

import os

from harness.client import Client, unique
from harness.live import HELD
from stack import keys


def test_a_stack_is_healthy_and_serves_its_contract(stack):
    answer = stack.client(None).get("/health")
    assert answer.json()["status"] == "healthy"
    assert "/health" in stack.contract.paths


def test_a_bearer_token_is_needed_and_an_unknown_key_is_refused(stack):
    assert stack.client(None).get("/nothing").status_code == 401
    assert stack.client_with(stack.issuer.token("alice", key=keys.make("RSA"))).get("/nothing").status_code == 401
    assert stack.client("alice").get("/nothing").status_code == 404


def test_tokens_of_both_kinds_of_key_are_taken(stack):
    for key in stack.issuer.keys:
        assert stack.client("alice", key=key).get("/nothing").status_code == 404


def test_the_daemon_comes_back_after_a_kill(stack):
    killed = stack.kill_daemon()
    assert stack.daemon_pid() != killed
    stack.wait_for(stack.ready, 15, "health")


def test_a_restart_of_postgresql_heals_without_one_of_httpd(stack):
    before = stack.httpd.pid
    stack.stop_postgres()
    assert stack.client(None).get("/health").json()["db_connection"] == "unhealthy"
    stack.start_postgres()
    stack.wait_for(stack.ready, 15, "health")
    assert stack.httpd.pid == before
    assert stack.sql("SELECT count(*) FROM schema_migrations")[0][0] > 0


def test_a_graceful_restart_replaces_every_child(stack):
    before = stack.httpd.children()
    stack.graceful()
    assert not before & stack.httpd.children()
    assert stack.client("alice").get("/nothing").status_code == 404


def test_people_have_names_and_groups_of_their_own(stack):
    one, other = stack.person(), stack.person(admin=True)
    assert isinstance(one, Client) and one.name != other.name and one.group != other.group
    assert "admins" in other.groups and "admins" not in one.groups
    assert unique() != unique()


def test_a_stack_of_ones_own_has_its_directives_and_issuers(make_stack):
    made = make_stack("OrchestratorMaxBody 2048", issuers=2)
    assert len({one.url for one in made.issuers}) == 2
    second = made.client_with(made.issuers[1].token("alice"))
    assert second.get("/nothing").status_code == 404
    with open(made.httpd.configuration, encoding="utf-8") as file:
        assert "OrchestratorMaxBody 2048" in file.read()


def test_secrets_of_the_stack_are_its_owners_only(stack):
    for name in ("secret.key", "httpd.conf", "issuer/keys.json", "issuer/client.secret"):
        assert os.stat(stack.path(name)).st_mode & 0o077 == 0, name


def test_the_whole_story_through_the_harness(stack):
    alice = stack.person()
    deployment = alice.deploy(inputs={"num_cpus": 2})
    done = alice.wait_for_status(deployment, "CREATE_COMPLETE")
    assert done["template_outputs"]["node_ip"]
    assert alice.delete("/deployments/" + deployment).status_code == 202
    alice.wait_for_status(deployment, "DELETE_COMPLETE")
    ours = [one for one in stack.control.ledger() if one["id"] == done["im_infra_id"]]
    assert [one["alive"] for one in ours] == [False]


def test_a_provider_behaves_as_its_group_says(stack):
    alice = stack.person(behaviour="all_vms_failed")
    deployment = alice.deploy(max_providers=1, per_provider_max_retries=1)
    assert alice.wait_for_status(deployment, "CREATE_FAILED")["status_reason"]


def test_a_template_tells_the_simulator_how_to_behave(stack):
    alice = stack.person()
    template = alice.store_template(im_simulator={"boot_ms": HELD})
    deployment = alice.deploy(template)
    stack.wait_for(lambda: alice.deployment(deployment)["im_infra_id"], 10, "an infrastructure")
    assert alice.deployment(deployment)["status_name"] == "CREATE_IN_PROGRESS"
    stack.control.release()
    alice.wait_for_status(deployment, "CREATE_COMPLETE")
